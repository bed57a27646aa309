// 4 floats in one register: SSE2, which every x86-64 processor has. For the
// kernel sources only: this header and its two siblings define the same names,
// each is included by one source, and all is in an unnamed namespace, so that
// no code made for one instruction set is linked into another's.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_BASELINE_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_BASELINE_H_

#include <immintrin.h>

#include <cstdint>

#include "runtime/elementwise/unroll.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

constexpr int kWidth = 4;        // floats in a Vec
constexpr int kTileVectors = 2;  // of a row of a tile in matrix products

struct Vec {
  __m128 v;
};
struct Int {  // int32_t lanes
  __m128i v;
};
struct Mask {  // one truth value per lane
  __m128 m;
};

inline Vec Broadcast(float x) { return {_mm_set1_ps(x)}; }
inline Vec Load(const float* p) { return {_mm_loadu_ps(p)}; }
// Touches n floats only, 0 < n < kWidth; the other lanes are 0.
inline Vec Load(const float* p, int64_t n) {
  float lanes[4] = {p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
  return Load(lanes);
}
// The other lanes are those of `rest`.
inline Vec LoadOr(const float* p, int64_t n, Vec rest) {
  float lanes[4];
  _mm_storeu_ps(lanes, rest.v);
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
  return Load(lanes);
}
inline void Store(float* p, Vec a) { _mm_storeu_ps(p, a.v); }
inline void StoreFirst(float* p, Vec a) { _mm_store_ss(p, a.v); }
inline void Store(float* p, Vec a, int64_t n) {
  float lanes[4];
  Store(lanes, a);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
}

inline Vec operator+(Vec a, Vec b) { return {_mm_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm_mul_ps(a.v, b.v)}; }
inline Vec operator/(Vec a, Vec b) { return {_mm_div_ps(a.v, b.v)}; }
// a * b + c and c - a * b; rounded once where the set has such instructions.
inline Vec MulAdd(Vec a, Vec b, Vec c) { return a * b + c; }
inline Vec NegMulAdd(Vec a, Vec b, Vec c) { return c - a * b; }
inline Vec Sqrt(Vec a) { return {_mm_sqrt_ps(a.v)}; }
// a > b ? a : b and a < b ? a : b: b if either is NaN.
inline Vec MaxOrSecond(Vec a, Vec b) { return {_mm_max_ps(a.v, b.v)}; }
inline Vec MinOrSecond(Vec a, Vec b) { return {_mm_min_ps(a.v, b.v)}; }
inline Vec And(Vec a, Vec b) { return {_mm_and_ps(a.v, b.v)}; }
inline Vec Xor(Vec a, Vec b) { return {_mm_xor_ps(a.v, b.v)}; }

inline Mask Greater(Vec a, Vec b) { return {_mm_cmpgt_ps(a.v, b.v)}; }
inline Mask Equal(Vec a, Vec b) { return {_mm_cmpeq_ps(a.v, b.v)}; }
inline Mask Unordered(Vec a, Vec b) { return {_mm_cmpunord_ps(a.v, b.v)}; }
inline Vec Select(Mask m, Vec a, Vec b) {
  return {_mm_or_ps(_mm_and_ps(m.m, a.v), _mm_andnot_ps(m.m, b.v))};
}

inline Int IntBroadcast(int32_t x) { return {_mm_set1_epi32(x)}; }
inline Int Bits(Vec a) { return {_mm_castps_si128(a.v)}; }
inline Vec FromBits(Int a) { return {_mm_castsi128_ps(a.v)}; }
inline Int operator+(Int a, Int b) { return {_mm_add_epi32(a.v, b.v)}; }
inline Int operator-(Int a, Int b) { return {_mm_sub_epi32(a.v, b.v)}; }
inline Int And(Int a, Int b) { return {_mm_and_si128(a.v, b.v)}; }
inline Int Or(Int a, Int b) { return {_mm_or_si128(a.v, b.v)}; }
inline Int Xor(Int a, Int b) { return {_mm_xor_si128(a.v, b.v)}; }
// Both halves of a * b, which are taken as unsigned.
inline void MultiplyWide(Int a, Int b, Int* low, Int* high) {
  const __m128i even = _mm_mul_epu32(a.v, b.v);
  const __m128i odd =
      _mm_mul_epu32(_mm_srli_epi64(a.v, 32), _mm_srli_epi64(b.v, 32));
  const __m128i e = _mm_shuffle_epi32(even, 0xd8);  // low, low, high, high
  const __m128i o = _mm_shuffle_epi32(odd, 0xd8);
  low->v = _mm_unpacklo_epi32(e, o);
  high->v = _mm_unpackhi_epi32(e, o);
}
template <int kBits>
Int ShiftLeft(Int a) {
  return {_mm_slli_epi32(a.v, kBits)};
}
template <int kBits>
Int ShiftRight(Int a) {  // keeps the sign
  return {_mm_srai_epi32(a.v, kBits)};
}
// The lanes of a that `lane` names, all in [0, kWidth).
inline Vec Permute(Vec a, Int lane) {
  float from[4], to[4];
  int32_t index[4];
  Store(from, a);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(index), lane.v);
  for (int i = 0; i < 4; ++i) to[i] = from[index[i]];
  return Load(to);
}
inline Int LoadInt(const int32_t* p) {
  return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))};
}
// To the nearest integer. REQUIRES: |a| < 2^31, or NaN.
inline Int RoundToInt(Vec a) { return {_mm_cvtps_epi32(a.v)}; }
// INT32_MIN for NaN and what does not fit.
inline Int TruncateToInt(Vec a) { return {_mm_cvttps_epi32(a.v)}; }
inline Vec ToFloat(Int a) { return {_mm_cvtepi32_ps(a.v)}; }
// As RoundToInt.
inline Vec Round(Vec a) { return ToFloat(RoundToInt(a)); }
inline Mask Equal(Int a, Int b) {
  return {_mm_castsi128_ps(_mm_cmpeq_epi32(a.v, b.v))};
}
inline Mask Greater(Int a, Int b) {
  return {_mm_castsi128_ps(_mm_cmpgt_epi32(a.v, b.v))};
}
inline Mask Or(Mask a, Mask b) { return {_mm_or_ps(a.m, b.m)}; }
inline bool Any(Mask m) { return _mm_movemask_ps(m.m) != 0; }

// All lanes folded into one float, in pairs at growing distance.
template <Vec (*kFold)(Vec, Vec)>
float FoldLanes(Vec a) {
  a = kFold(a, {_mm_shuffle_ps(a.v, a.v, 0x4e)});
  a = kFold(a, {_mm_shuffle_ps(a.v, a.v, 0xb1)});
  return _mm_cvtss_f32(a.v);
}

// r[i] lane j becomes r[j] lane i.
inline void Transpose(Vec (&r)[kWidth]) {
  _MM_TRANSPOSE4_PS(r[0].v, r[1].v, r[2].v, r[3].v);
}

}  // namespace
}  // namespace espalier

#include "runtime/elementwise/vector_below_avx512.h"

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_BASELINE_H_
