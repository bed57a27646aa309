// Bugs planted to see whether the fuzzers see (tools/fuzz_planted.sh). Without
// ESPALIER_PLANTED_BUGS (an option of CMake, for that script alone) this is the
// constant false, and nothing of them is compiled.
//
//  1 wire: a value may end past its message
//  2 wire: a singular field may stand twice
//  3 model file: the checksum is not compared
//  4 model message: a tensor's bytes need not be those of its shape
//  5 model message: the index of a tensor's data is not checked
//  6 model message: a node may read itself
//  7 model: a value need not have the type of its leaf
//  8 model: NaN passes as the end of a domain
//  9 shape: dimensions fit, their product has no limit
// 10 builder: two nodes may have one name
// 11 concat: the axis may be one past the last
// 12 attributes: one of another type is taken as the type that is wanted
// 13 session: indices in the data may be past the table
// 14 memory planner: the limit of the arena is ignored
// 15 memory planner: what a step reads may lie in what it writes
// 16 ONNX: an operand of a product of matrices may be a scalar
// 17 ONNX: a dimension of -1 beside one of 0 divides by zero
// 18 CSV: rows may differ in length
// 19 gzip: unpacks without a limit
// 20 graph text: a comment that ends with the text never ends
#ifndef ESPALIER_GRAPH_PLANTED_BUG_H_
#define ESPALIER_GRAPH_PLANTED_BUG_H_

#ifdef ESPALIER_PLANTED_BUGS
#include <cstdlib>
#endif

namespace espalier {

inline constexpr int kPlantedBugs = 20;

#ifdef ESPALIER_PLANTED_BUGS
// Whether bug number `bug` is the one in the variable ESPALIER_PLANTED_BUG.
inline bool PlantedBug(int bug) {
  static const char* const chosen = std::getenv("ESPALIER_PLANTED_BUG");
  return chosen != nullptr && std::atoi(chosen) == bug;
}
#else
constexpr bool PlantedBug(int /*bug*/) { return false; }
#endif

}  // namespace espalier

#endif  // ESPALIER_GRAPH_PLANTED_BUG_H_
