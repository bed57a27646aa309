// Values that other programs computed, for tests to compare with. The files of
// this folder are written by make_reference.py and read here:
//
//   # a comment
//   case relu_wide
//   op relu(x0)
//   f32 x0 [N=2,3] 1 -0.5 0.25 7 0 -1e-10
//   f64 y [2,3] 1 0 0.25 7 0 0
//
// A case starts with its name, and says what is computed: `op` and the node as
// in the graph text (graph/text.h), of the inputs x0, x1, ...; or `function`
// and a name that the test knows. Then come its numbers (`number NAME VALUE`)
// and tensors, one a line: type, name, shape, elements in row-major order. "N="
// marks a symbolic batch. f32 and i32 are what goes in, f64 what came out.
// Decimals are such that they read back to the same double.
//
// Cases that are differentiated hold, besides x0, x1, ... and the result y:
//   c     weights of y; dxI is the gradient of sum(c * y) with respect to xI;
//   vI    weights of dxI; ddxI is the gradient of sum(vI * dxI), over all I.
#ifndef ESPALIER_TESTS_REFERENCE_REFERENCE_FILE_H_
#define ESPALIER_TESTS_REFERENCE_REFERENCE_FILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/double_tensor.h"
#include "graph/shape.h"

namespace espalier {

struct ReferenceTensor {
  // Nothing for f64; the shape may have the symbolic batch.
  absl::optional<TensorType> leaf;
  DoubleTensor values;
};

struct ReferenceCase {
  std::string name;
  std::string op;        // "relu(x0)"; empty for a function
  std::string function;  // empty for an op
  std::map<std::string, double> numbers;
  std::map<std::string, ReferenceTensor> tensors;

  // "relu"; empty for a function.
  std::string kind() const { return op.substr(0, op.find('(')); }
  // x0, x1, ... in order.
  std::vector<ReferenceTensor> inputs() const;
};

// Errors name the line.
absl::StatusOr<std::vector<ReferenceCase>> ParseReference(
    absl::string_view text);

// The cases of tests/reference/<name>.txt.
absl::StatusOr<std::vector<ReferenceCase>> ReadReference(
    absl::string_view name);

}  // namespace espalier

#endif  // ESPALIER_TESTS_REFERENCE_REFERENCE_FILE_H_
