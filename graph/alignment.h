// How arrays lie in memory.
#ifndef ESPALIER_GRAPH_ALIGNMENT_H_
#define ESPALIER_GRAPH_ALIGNMENT_H_

#include <cstddef>

#include "graph/tensor.h"

namespace espalier {

// What an array of so many bytes is aligned to: cache lines, and pages from 64
// KiB on. A processor takes a load for one of an earlier store if the last 12
// bits of their addresses agree, and waits; of arrays that begin at the same
// place of a page and are walked together, none stays just behind another.
constexpr size_t AlignmentOf(size_t bytes) {
  return bytes < (size_t{64} << 10) ? kTensorAlignment : 4096;
}

}  // namespace espalier

#endif  // ESPALIER_GRAPH_ALIGNMENT_H_
