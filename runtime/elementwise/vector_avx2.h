// 8 floats in one register: AVX2 and FMA. For the kernel sources only; see
// vector_baseline.h for what each function means.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX2_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX2_H_

#include <immintrin.h>

#include <cstdint>

#include "runtime/elementwise/unroll.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

constexpr int kWidth = 8;
constexpr int kTileVectors = 2;

struct Vec {
  __m256 v;
};
struct Int {
  __m256i v;
};
struct Mask {
  __m256 m;
};

// Lane i is all ones if i < n.
inline __m256i FirstLanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline Vec Broadcast(float x) { return {_mm256_set1_ps(x)}; }
inline Vec Load(const float* p) { return {_mm256_loadu_ps(p)}; }
inline Vec Load(const float* p, int64_t n) {
  return {_mm256_maskload_ps(p, FirstLanes(n))};
}
inline Vec LoadOr(const float* p, int64_t n, Vec rest) {
  const __m256i mask = FirstLanes(n);
  return {_mm256_blendv_ps(rest.v, _mm256_maskload_ps(p, mask),
                           _mm256_castsi256_ps(mask))};
}
inline void Store(float* p, Vec a) { _mm256_storeu_ps(p, a.v); }
inline void StoreFirst(float* p, Vec a) {
  _mm_store_ss(p, _mm256_castps256_ps128(a.v));
}
inline void Store(float* p, Vec a, int64_t n) {
  _mm256_maskstore_ps(p, FirstLanes(n), a.v);
}

inline Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
inline Vec MulAdd(Vec a, Vec b, Vec c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
inline Vec NegMulAdd(Vec a, Vec b, Vec c) {
  return {_mm256_fnmadd_ps(a.v, b.v, c.v)};
}
inline Vec Sqrt(Vec a) { return {_mm256_sqrt_ps(a.v)}; }
inline Vec MaxOrSecond(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }
inline Vec MinOrSecond(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Vec And(Vec a, Vec b) { return {_mm256_and_ps(a.v, b.v)}; }
inline Vec Xor(Vec a, Vec b) { return {_mm256_xor_ps(a.v, b.v)}; }

inline Mask Greater(Vec a, Vec b) {
  return {_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)};
}
inline Mask Equal(Vec a, Vec b) {
  return {_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)};
}
inline Mask Unordered(Vec a, Vec b) {
  return {_mm256_cmp_ps(a.v, b.v, _CMP_UNORD_Q)};
}
inline Vec Select(Mask m, Vec a, Vec b) {
  return {_mm256_blendv_ps(b.v, a.v, m.m)};
}

inline Int IntBroadcast(int32_t x) { return {_mm256_set1_epi32(x)}; }
inline Int Bits(Vec a) { return {_mm256_castps_si256(a.v)}; }
inline Vec FromBits(Int a) { return {_mm256_castsi256_ps(a.v)}; }
inline Int operator+(Int a, Int b) { return {_mm256_add_epi32(a.v, b.v)}; }
inline Int operator-(Int a, Int b) { return {_mm256_sub_epi32(a.v, b.v)}; }
inline Int And(Int a, Int b) { return {_mm256_and_si256(a.v, b.v)}; }
inline Int Or(Int a, Int b) { return {_mm256_or_si256(a.v, b.v)}; }
inline Int Xor(Int a, Int b) { return {_mm256_xor_si256(a.v, b.v)}; }
inline void MultiplyWide(Int a, Int b, Int* low, Int* high) {
  const __m256i even = _mm256_mul_epu32(a.v, b.v);
  const __m256i odd =
      _mm256_mul_epu32(_mm256_srli_epi64(a.v, 32), _mm256_srli_epi64(b.v, 32));
  low->v = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  high->v = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}
template <int kBits>
Int ShiftLeft(Int a) {
  return {_mm256_slli_epi32(a.v, kBits)};
}
template <int kBits>
Int ShiftRight(Int a) {
  return {_mm256_srai_epi32(a.v, kBits)};
}
inline Vec Permute(Vec a, Int lane) {
  return {_mm256_permutevar8x32_ps(a.v, lane.v)};
}
inline Int LoadInt(const int32_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
}
inline Vec Round(Vec a) { return {_mm256_round_ps(a.v, 0)}; }
inline Int RoundToInt(Vec a) { return {_mm256_cvtps_epi32(a.v)}; }
inline Int TruncateToInt(Vec a) { return {_mm256_cvttps_epi32(a.v)}; }
inline Vec ToFloat(Int a) { return {_mm256_cvtepi32_ps(a.v)}; }
inline Mask Equal(Int a, Int b) {
  return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.v, b.v))};
}
inline Mask Greater(Int a, Int b) {
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(a.v, b.v))};
}
inline Mask Or(Mask a, Mask b) { return {_mm256_or_ps(a.m, b.m)}; }
inline bool Any(Mask m) { return _mm256_movemask_ps(m.m) != 0; }

template <Vec (*kFold)(Vec, Vec)>
float FoldLanes(Vec a) {
  a = kFold(a, {_mm256_permute2f128_ps(a.v, a.v, 1)});
  a = kFold(a, {_mm256_permute_ps(a.v, 0x4e)});
  a = kFold(a, {_mm256_permute_ps(a.v, 0xb1)});
  return _mm256_cvtss_f32(a.v);
}

// 4x4 blocks are transposed inside 128-bit lanes, then the lanes swapped.
inline void Transpose(Vec (&r)[kWidth]) {
  __m256 t[8];
  ESPALIER_UNROLL
  for (int i = 0; i < 8; i += 4) {
    const __m256 ab_low = _mm256_unpacklo_ps(r[i].v, r[i + 1].v);
    const __m256 ab_high = _mm256_unpackhi_ps(r[i].v, r[i + 1].v);
    const __m256 cd_low = _mm256_unpacklo_ps(r[i + 2].v, r[i + 3].v);
    const __m256 cd_high = _mm256_unpackhi_ps(r[i + 2].v, r[i + 3].v);
    t[i] = _mm256_shuffle_ps(ab_low, cd_low, 0x44);
    t[i + 1] = _mm256_shuffle_ps(ab_low, cd_low, 0xee);
    t[i + 2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44);
    t[i + 3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
  }
  ESPALIER_UNROLL
  for (int i = 0; i < 4; ++i) {
    r[i].v = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
    r[i + 4].v = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
  }
}

}  // namespace
}  // namespace espalier

#include "runtime/elementwise/vector_below_avx512.h"

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX2_H_
