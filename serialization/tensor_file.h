// Tensors by name in the files of other worlds: `.npz` (NumPy's archive of
// arrays) and `.safetensors`. So go a model's weights out and in:
//
//   RETURN_IF_ERROR(SaveTensors(model.values, "weights.npz"));
//   ASSIGN_OR_RETURN(NamedTensors values,
//                    LoadTensors("weights.safetensors", model.graph));
//   RETURN_IF_ERROR(SetValues(std::move(values), &model));
#ifndef ESPALIER_SERIALIZATION_TENSOR_FILE_H_
#define ESPALIER_SERIALIZATION_TENSOR_FILE_H_

#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graph/graph.h"
#include "graph/model.h"
#include "graph/shape.h"
#include "graph/tensor.h"

namespace espalier {

using NamedTensors = std::map<std::string, Tensor>;
using TensorTypes = std::map<std::string, TensorType>;
// Looks at the types of a file's tensors before their elements are read.
using CheckTypes = absl::FunctionRef<absl::Status(const TensorTypes&)>;
inline absl::Status AnyTypes(const TensorTypes& /*types*/) {
  return absl::OkStatus();
}

// Whether the ending names one of the two formats.
bool IsTensorFileName(const std::string& path);

// Writes in the format that the ending names: f32 and i32, in the order of the
// names; atomically, as WriteFile. Equal tensors give equal bytes.
absl::Status SaveTensors(const NamedTensors& tensors, const std::string& path);

// Reads all of a file. Floating-point elements become f32 (a finite f64 beyond
// it is an error), integers and truth values i32 (so is one beyond that); in
// `.safetensors` F16 and BF16 are known too. A file is hostile until checked,
// as Load says. Besides the tensors and their names no more than a piece of it
// is held: they take at most four times the bytes of the file, and those of
// packed arrays (of numpy.savez_compressed), and their bytes in the file,
// unpacked, at most 1 GiB each: a file that gives more, or more than the
// machine's memory, is refused before it is unpacked (ResourceExhausted).
absl::StatusOr<NamedTensors> LoadTensors(const std::string& path);
// The same, of values for this graph: SetValues' error comes before any element
// is read and any memory taken for one.
absl::StatusOr<NamedTensors> LoadTensors(const std::string& path,
                                         const Graph& graph);

// Gives the model's parameters and states the values of these names. Nothing
// is changed unless they are exactly its parameters and states, and of their
// types: the error (InvalidArgument) names what is missing, what is too many,
// and each whose type differs.
absl::Status SetValues(NamedTensors values, Model* model);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_TENSOR_FILE_H_
