// What AVX-512 has of its own and the sets below it build from the rest. Ends
// their vector_*.h.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_BELOW_AVX512_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_BELOW_AVX512_H_

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

// a * 2^n, rounded once. REQUIRES: a is in [1/2, 2] and n an integer in
// [-150, 129], or a is NaN. The power is applied in two halves, so that the
// rounding into the denormals, or the overflow, comes with the second.
inline Vec ScaleByPower(Vec a, Vec n) {
  const Int whole = RoundToInt(n);
  const Int half = ShiftRight<1>(whole);
  const Int bias = IntBroadcast(127);
  return a * FromBits(ShiftLeft<23>(half + bias)) *
         FromBits(ShiftLeft<23>(whole - half + bias));
}

// r[i] lane j = p[j * stride + i]: a square, transposed on the way.
inline void LoadTransposed(const float* p, int64_t stride, Vec (&r)[kWidth]) {
  ESPALIER_UNROLL
  for (int i = 0; i < kWidth; ++i) r[i] = Load(p + i * stride);
  Transpose(r);
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_BELOW_AVX512_H_
