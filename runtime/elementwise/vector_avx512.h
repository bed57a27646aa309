// 16 floats in one register: AVX-512 (F, BW, DQ, VL). For the kernel sources
// only; see vector_baseline.h for what each function means.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX512_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX512_H_

#include <immintrin.h>

#include <cstdint>

#include "runtime/elementwise/unroll.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

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
inline void StoreFirst(float* p, Vec a) {
  _mm_store_ss(p, _mm512_castps512_ps128(a.v));
}
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
// Both are made in registers first: a load or product under the mask, which
// compilers make of them, waits for the mask, and so for the load before it
// (gradients of gates took 1.4 times as long).
inline Vec Select(Mask m, Vec a, Vec b) {
  asm("" : "+v"(a.v), "+v"(b.v));
  return {_mm512_mask_blend_ps(m.m, b.v, a.v)};
}

inline Int IntBroadcast(int32_t x) { return {_mm512_set1_epi32(x)}; }
inline Int Bits(Vec a) { return {_mm512_castps_si512(a.v)}; }
inline Vec FromBits(Int a) { return {_mm512_castsi512_ps(a.v)}; }
inline Int operator+(Int a, Int b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline Int operator-(Int a, Int b) { return {_mm512_sub_epi32(a.v, b.v)}; }
inline Int And(Int a, Int b) { return {_mm512_and_si512(a.v, b.v)}; }
inline Int Or(Int a, Int b) { return {_mm512_or_si512(a.v, b.v)}; }
inline Int Xor(Int a, Int b) { return {_mm512_xor_si512(a.v, b.v)}; }
inline void MultiplyWide(Int a, Int b, Int* low, Int* high) {
  const __m512i even = _mm512_mul_epu32(a.v, b.v);
  const __m512i odd =
      _mm512_mul_epu32(_mm512_srli_epi64(a.v, 32), _mm512_srli_epi64(b.v, 32));
  low->v = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
  high->v = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}
template <int kBits>
Int ShiftLeft(Int a) {
  return {_mm512_slli_epi32(a.v, kBits)};
}
template <int kBits>
Int ShiftRight(Int a) {
  return {_mm512_srai_epi32(a.v, kBits)};
}
inline Vec Permute(Vec a, Int lane) {
  return {_mm512_permutexvar_ps(lane.v, a.v)};
}
inline Int LoadInt(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline Vec Round(Vec a) { return {_mm512_roundscale_ps(a.v, 0)}; }
inline Vec ScaleByPower(Vec a, Vec n) { return {_mm512_scalef_ps(a.v, n.v)}; }
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

// r[0..3] hold a 4x4 block in each 128-bit lane; transposes each.
inline void TransposeInLanes(Vec* r) {
  const __m512 ab_low = _mm512_unpacklo_ps(r[0].v, r[1].v);
  const __m512 ab_high = _mm512_unpackhi_ps(r[0].v, r[1].v);
  const __m512 cd_low = _mm512_unpacklo_ps(r[2].v, r[3].v);
  const __m512 cd_high = _mm512_unpackhi_ps(r[2].v, r[3].v);
  r[0].v = _mm512_shuffle_ps(ab_low, cd_low, 0x44);
  r[1].v = _mm512_shuffle_ps(ab_low, cd_low, 0xee);
  r[2].v = _mm512_shuffle_ps(ab_high, cd_high, 0x44);
  r[3].v = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
}

// The lanes are transposed as a 4x4 matrix after the blocks inside them.
inline void Transpose(Vec (&r)[kWidth]) {
  ESPALIER_UNROLL
  for (int i = 0; i < 16; i += 4) TransposeInLanes(r + i);
  ESPALIER_UNROLL
  for (int i = 0; i < 4; ++i) {
    const __m512 low01 = _mm512_shuffle_f32x4(r[i].v, r[i + 4].v, 0x44);
    const __m512 high01 = _mm512_shuffle_f32x4(r[i].v, r[i + 4].v, 0xee);
    const __m512 low23 = _mm512_shuffle_f32x4(r[i + 8].v, r[i + 12].v, 0x44);
    const __m512 high23 = _mm512_shuffle_f32x4(r[i + 8].v, r[i + 12].v, 0xee);
    r[i].v = _mm512_shuffle_f32x4(low01, low23, 0x88);
    r[i + 4].v = _mm512_shuffle_f32x4(low01, low23, 0xdd);
    r[i + 8].v = _mm512_shuffle_f32x4(high01, high23, 0x88);
    r[i + 12].v = _mm512_shuffle_f32x4(high01, high23, 0xdd);
  }
}

// Loads can put four floats into any lane, which saves half of the shuffles:
// those take one port only.
inline void LoadTransposed(const float* p, int64_t stride, Vec (&r)[kWidth]) {
  ESPALIER_UNROLL
  for (int i = 0; i < 16; ++i) {
    // Lane l: floats i / 4 * 4 and on, of row 4 * l + i % 4.
    const float* q = p + i % 4 * stride + i / 4 * 4;
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(q));
    v = _mm512_mask_broadcast_f32x4(v, 0x00f0, _mm_loadu_ps(q + 4 * stride));
    v = _mm512_mask_broadcast_f32x4(v, 0x0f00, _mm_loadu_ps(q + 8 * stride));
    v = _mm512_mask_broadcast_f32x4(v, 0xf000, _mm_loadu_ps(q + 12 * stride));
    r[i].v = v;
  }
  ESPALIER_UNROLL
  for (int i = 0; i < 16; i += 4) TransposeInLanes(r + i);
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_AVX512_H_
