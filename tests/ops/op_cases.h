// The cases that drive the checks of every op (check_op.h). Each is a graph of
// inputs and one node.
#ifndef ESPALIER_TESTS_OPS_OP_CASES_H_
#define ESPALIER_TESTS_OPS_OP_CASES_H_

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/builder.h"

namespace espalier {

struct OpCase {
  std::string name;  // letters, digits and _
  std::string kind;
  std::vector<TensorType> inputs;
  std::function<Value(absl::Span<const Value>)> build;

  // f32 inputs are drawn from [low, high), at least 2^-7 away from the kinks.
  double low = -2;
  double high = 2;
  absl::optional<double> kink = absl::nullopt;
  absl::optional<double> second_kink = absl::nullopt;
  // i32 inputs are drawn from [0, classes).
  int64_t classes = 1;

  // How far float32 execution may be from Evaluate: of sums of so many terms,
  // 2 (terms + 2) 2^-24 times the sum of the terms' absolute values (what the
  // op gives for absolute inputs); else relative to the result, and absolute.
  int64_t terms = 0;
  double relative = 0;
  double absolute = 0;

  // The gradient is zero wherever it exists.
  bool flat = false;
  // The gradient is zero although the derivative is not.
  bool stops_gradient = false;
  // The result of a sample depends on the other samples.
  bool mixes_samples = false;
};

// How GoogleTest prints one.
void PrintTo(const OpCase& op_case, std::ostream* os);

// What the dimensions of the cases are made of.
struct CaseSizes {
  int64_t rows = 4;
  int64_t middle = 3;
  int64_t inner = 5;
  int64_t columns = 33;
};

// The largest batch that cases are tried with.
inline constexpr int64_t kMaxCaseBatch = 8;

// Each case in one size; at least one for every kind in StandardOps() but the
// leaves.
std::vector<OpCase> OpCasesOf(const CaseSizes& sizes);
// Those of the standard sizes, and some of sizes that matter.
std::vector<OpCase> OpCases();

// "x0", "x1", ...: how the inputs are named.
std::string InputName(size_t i);

// The case's graph; its only output is called "y". Where no input has the batch
// there is one more, "batch" of shape [N], that only says how large it is.
// What is f32 and has no batch can be made a parameter instead of an input.
enum class Operands { kInputs, kParameters };
absl::StatusOr<Graph> BuildCase(const OpCase& op_case,
                                Operands operands = Operands::kInputs);

}  // namespace espalier

#endif  // ESPALIER_TESTS_OPS_OP_CASES_H_
