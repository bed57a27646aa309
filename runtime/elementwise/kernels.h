// The vectorised loops of one instruction set, as tables of functions. What is
// here is private to this folder.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_KERNELS_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"
#include "runtime/elementwise/opcode.h"

namespace espalier {

// destination[i] = f(a[i], b[i], c[i], d[i]) for i < n. Each source is a
// vector of n or one float, as the form says: bit s is set if source s is a
// vector. destination may be one of the vectors.
// A reduction adds to destination[i % kReductionLanes] instead.
using ElementwiseKernel = void (*)(float* destination, const float* a,
                                   const float* b, const float* c,
                                   const float* d, int64_t n);
inline constexpr int kNumForms = 1 << kMaxSources;
inline constexpr int kReductionLanes = 32;

// What a block of a row or column array is filled with may run over by this.
inline constexpr int kExpandSlack = 16;

struct KernelTable {
  // Null for forms that no compiled program uses: no vector among the sources
  // (but for kCopy), or bits of sources that the opcode does not have.
  ElementwiseKernel elementwise[kNumOpcodes][kNumForms];

  // destination[r * columns + j] = source[j] (row) or source[r] (column) for
  // r < rows; writes up to kExpandSlack floats more.
  void (*expand_row)(float* destination, const float* source, int64_t rows,
                     int64_t columns);
  void (*expand_column)(float* destination, const float* source, int64_t rows,
                        int64_t columns);
};

const KernelTable& BaselineKernels();
const KernelTable& Avx2Kernels();
const KernelTable& Avx512Kernels();

// REQUIRES: this machine supports the set.
const KernelTable& KernelsFor(Isa isa);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_KERNELS_H_
