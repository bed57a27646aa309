// 16 floats in one register: AVX-512 (F, BW, DQ, VL). For the kernel sources
// only; see vector_baseline.h for what each function means.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX512_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX512_H_

#include <immintrin.h>

#include <cstdint>

namespace espalier {
namespace {

constexpr int kWidth = 16;
constexpr int kTileVectors = 4;

struct Vec {
  __m512 v;
};
struct Int {
  __m512i v;
};
struct Mask {
  __mmask16 m;
};

inline __mmask16 FirstLanes(int64_t n) {
  return static_cast<__mmask16>((1u << n) - 1);
}

inline Vec Broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline Vec Load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline Vec Load(const float* p, int64_t n) {
  return {_mm512_maskz_loadu_ps(FirstLanes(n), p)};
}
inline Vec LoadOr(const float* p, int64_t n, Vec rest) {
  return {_mm512_mask_loadu_ps(rest.v, FirstLanes(n), p)};
}
inline void Store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }
inline void Store(float* p, Vec a, int64_t n) {
  _mm512_mask_storeu_ps(p, FirstLanes(n), a.v);
}

inline Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Vec MulAdd(Vec a, Vec b, Vec c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
inline Vec NegMulAdd(Vec a, Vec b, Vec c) {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
inline Vec Sqrt(Vec a) { return {_mm512_sqrt_ps(a.v)}; }
inline Vec MaxOrSecond(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
inline Vec MinOrSecond(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }
inline Vec And(Vec a, Vec b) { return {_mm512_and_ps(a.v, b.v)}; }
inline Vec Xor(Vec a, Vec b) { return {_mm512_xor_ps(a.v, b.v)}; }

inline Mask Greater(Vec a, Vec b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)};
}
inline Mask Equal(Vec a, Vec b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)};
}
inline Mask Unordered(Vec a, Vec b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_UNORD_Q)};
}
inline Vec Select(Mask m, Vec a, Vec b) {
  return {_mm512_mask_blend_ps(m.m, b.v, a.v)};
}

inline Int IntBroadcast(int32_t x) { return {_mm512_set1_epi32(x)}; }
inline Int Bits(Vec a) { return {_mm512_castps_si512(a.v)}; }
inline Vec FromBits(Int a) { return {_mm512_castsi512_ps(a.v)}; }
inline Int operator+(Int a, Int b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline Int operator-(Int a, Int b) { return {_mm512_sub_epi32(a.v, b.v)}; }
inline Int And(Int a, Int b) { return {_mm512_and_si512(a.v, b.v)}; }
inline Int Or(Int a, Int b) { return {_mm512_or_si512(a.v, b.v)}; }
template <int kBits>
Int ShiftLeft(Int a) {
  return {_mm512_slli_epi32(a.v, kBits)};
}
template <int kBits>
Int ShiftRight(Int a) {
  return {_mm512_srai_epi32(a.v, kBits)};
}
inline Int RoundToInt(Vec a) { return {_mm512_cvtps_epi32(a.v)}; }
inline Int TruncateToInt(Vec a) { return {_mm512_cvttps_epi32(a.v)}; }
inline Vec ToFloat(Int a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline Mask Equal(Int a, Int b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
inline Mask Greater(Int a, Int b) {
  return {_mm512_cmpgt_epi32_mask(a.v, b.v)};
}
inline Mask Or(Mask a, Mask b) { return {static_cast<__mmask16>(a.m | b.m)}; }
inline bool Any(Mask m) { return m.m != 0; }

// The upper half on the lower, three times; then the last pair.
template <Vec (*kFold)(Vec, Vec)>
float FoldLanes(Vec a) {
  a = kFold(a, {_mm512_shuffle_f32x4(a.v, a.v, 0x4e)});
  a = kFold(a, {_mm512_shuffle_f32x4(a.v, a.v, 0xb1)});
  a = kFold(a, {_mm512_permute_ps(a.v, 0x4e)});
  a = kFold(a, {_mm512_permute_ps(a.v, 0xb1)});
  return _mm512_cvtss_f32(a.v);
}

// 4x4 blocks are transposed inside 128-bit lanes, then the lanes as 4x4.
inline void Transpose(Vec (&r)[kWidth]) {
  __m512 t[16];
  for (int i = 0; i < 16; i += 4) {
    const __m512 ab_low = _mm512_unpacklo_ps(r[i].v, r[i + 1].v);
    const __m512 ab_high = _mm512_unpackhi_ps(r[i].v, r[i + 1].v);
    const __m512 cd_low = _mm512_unpacklo_ps(r[i + 2].v, r[i + 3].v);
    const __m512 cd_high = _mm512_unpackhi_ps(r[i + 2].v, r[i + 3].v);
    t[i] = _mm512_shuffle_ps(ab_low, cd_low, 0x44);
    t[i + 1] = _mm512_shuffle_ps(ab_low, cd_low, 0xee);
    t[i + 2] = _mm512_shuffle_ps(ab_high, cd_high, 0x44);
    t[i + 3] = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512 low01 = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x44);
    const __m512 high01 = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xee);
    const __m512 low23 = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x44);
    const __m512 high23 = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xee);
    r[i].v = _mm512_shuffle_f32x4(low01, low23, 0x88);
    r[i + 4].v = _mm512_shuffle_f32x4(low01, low23, 0xdd);
    r[i + 8].v = _mm512_shuffle_f32x4(high01, high23, 0x88);
    r[i + 12].v = _mm512_shuffle_f32x4(high01, high23, 0xdd);
  }
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX512_H_
