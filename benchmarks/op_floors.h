// What op_benchmark.cc holds ops against.
#ifndef ESPALIER_BENCHMARKS_OP_FLOORS_H_
#define ESPALIER_BENCHMARKS_OP_FLOORS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "benchmarks/op_rows.h"
#include "runtime/elementwise/program.h"

namespace espalier {

// A plain copy of half as many arrays, each of kRowElements, so of the same
// bytes as an op that reads and writes `arrays` in all has to move.
Floor Copy(double arrays);

using Slots = std::vector<Operand>;

// A program that reads so many arrays of numbers in [low, high) and writes
// others.
Floor Bare(int reads, int writes,
           const std::function<void(ElementwiseProgram& program,
                                    const Slots& in, const Slots& out)>& emit,
           float low = -2, float high = 2);

// A formula as instructions.
using Emit = std::function<Operand(ElementwiseProgram& program, Operand x)>;
Emit One(Opcode opcode);
// y = f(x), and dx = dy * slope(x).
Floor Forward(const Emit& f, float low = -2, float high = 2);
Floor Backward(const Emit& slope, float low = -2, float high = 2);

// A loop over arrays of so many elements, called bare.
Floor Kernel(
    std::vector<int64_t> elements,
    std::function<void(int threads, const std::vector<float*>& arrays)> run);

// y[m, n] = op(a) op(b) (+ bias), by oneDNN, b packed if that is allowed.
struct ProductShape {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  bool bias = false;
  bool pack = false;
};
std::function<void()> Product(const ProductShape& shape);

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_OP_FLOORS_H_
