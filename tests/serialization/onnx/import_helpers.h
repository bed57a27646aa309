// What an ONNX file becomes, in forms that tests can state.
#ifndef ESPALIER_TESTS_SERIALIZATION_ONNX_IMPORT_HELPERS_H_
#define ESPALIER_TESTS_SERIALIZATION_ONNX_IMPORT_HELPERS_H_

#include <string>
#include <vector>

#include "graph/shape.h"
#include "serialization/onnx/import.h"
#include "tests/serialization/onnx/onnx_file.h"

namespace espalier {

// The nodes that are no leaves, as text, and the inputs; or the error.
std::string Imported(const OnnxFile& file,
                     const OnnxImportOptions& options = OnnxImportOptions());

// The only output for one input, in double precision.
std::vector<double> Computed(
    const OnnxFile& file, const Shape& shape, std::vector<double> x,
    const OnnxImportOptions& options = OnnxImportOptions());

// The message of the error that the file gives; empty if there is none.
std::string Refusal(const OnnxFile& file);

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_ONNX_IMPORT_HELPERS_H_
