// What op_benchmark.cc holds ops against.
#ifndef ESPALIER_BENCHMARKS_OP_FLOORS_H_
#define ESPALIER_BENCHMARKS_OP_FLOORS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/elementwise/program.h"

namespace espalier {

inline constexpr int64_t kRowElements = int64_t{1} << 20;

// Makes, for a number of threads, what a ratio divides by. Nothing: there is
// nothing to measure.
struct Floor {
  std::string name;
  std::function<std::function<void()>(int threads)> make;
};

// Passes once over arrays of kRowElements: `reads` of them are read and
// `writes` written, by memcpy for one of each, else by a loop with next to no
// arithmetic.
Floor Move(int reads, int writes);
// memcpy of so many elements.
Floor Copy(int64_t elements = kRowElements);

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

// A loop of ours over arrays of so many elements, called bare.
Floor Kernel(
    std::vector<int64_t> elements,
    std::function<void(int threads, const std::vector<float*>& arrays)> run);

// oneDNN's transpose of a matrix.
Floor Reorder(int64_t rows, int64_t columns);

// y[m, n] = op(a) op(b) (+ bias), by oneDNN, b packed if that is allowed.
struct ProductShape {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  bool bias = false;
  bool pack = false;
};
Floor Product(const ProductShape& shape);

// One after the other.
Floor InTurn(std::vector<Floor> floors);

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_OP_FLOORS_H_
