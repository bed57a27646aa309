// ESPALIER_UNROLL before a loop of few, constant iterations: unrolled whole,
// so that arrays of vectors live in registers. For the kernel sources only.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_UNROLL_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_UNROLL_H_

#if defined(__clang__)
#define ESPALIER_UNROLL _Pragma("unroll")
#else
#define ESPALIER_UNROLL _Pragma("GCC unroll 32")
#endif

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_UNROLL_H_
