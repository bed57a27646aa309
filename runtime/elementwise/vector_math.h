// Functions on vectors of floats, written once for all instruction sets. For
// the kernel sources only, included after one of the vector_*.h. The guarantees
// are stated in math_error.h.
//
// The coefficients are minimax fits of relative error made for this file
// (Remez exchange at 40 digits, then rounded to float); each comment gives the
// largest relative error of the exact polynomial.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_MATH_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_MATH_H_

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

constexpr float kInfinity = __builtin_inff();
constexpr float kNan = __builtin_nanf("");
constexpr float kLargest = 3.40282347e+38f;
constexpr float kSmallestNormal = 1.17549435e-38f;
constexpr float kUnit = 0x1p-24f;  // below: x + x * x / 2 rounds to x

// log(2) in two parts; the first has 15 bits, so n * kLog2High is exact.
constexpr float kLog2High = 0x1.62e4p-1f;
constexpr float kLog2Low = 1.42860677e-6f;
constexpr float kInverseLog2 = 1.44269502f;

inline Vec Abs(Vec x) { return And(x, FromBits(IntBroadcast(0x7fffffff))); }
inline Vec SignBit(Vec x) { return And(x, Broadcast(-0.0f)); }
inline Vec Negate(Vec x) { return Xor(x, Broadcast(-0.0f)); }

// NaN if either is; the second if both are zeros.
inline Vec Maximum(Vec a, Vec b) {
  return Select(Unordered(a, a), a, MaxOrSecond(a, b));
}
inline Vec Minimum(Vec a, Vec b) {
  return Select(Unordered(a, a), a, MinOrSecond(a, b));
}

inline Vec Clamp(Vec x, Vec least, Vec most) {
  return Minimum(Maximum(x, least), most);
}

inline Vec HardSwish(Vec x) {
  const Vec gate = Clamp((x + Broadcast(3)) * Broadcast(1.0f / 6), Broadcast(0),
                         Broadcast(1));
  return Maximum(x, Broadcast(-kLargest)) * gate;
}

inline Vec Sign(Vec x) {
  const Vec zero = Broadcast(0);
  return Select(Greater(x, zero), Broadcast(1),
                Select(Greater(zero, x), Broadcast(-1), x + zero));
}

inline Vec SelectGreater(Vec a, Vec b, Vec c, Vec d) {
  return Select(Unordered(a, b), a + b, Select(Greater(a, b), c, d));
}

// b <= a <= c ? d : 0
inline Vec SelectWithin(Vec a, Vec b, Vec c, Vec d) {
  const Mask outside = Or(Greater(b, a), Greater(a, c));
  return Select(Or(Unordered(a, b), Unordered(c, c)), a + (b + c),
                Select(outside, Broadcast(0), d));
}

inline Vec HardSwishSlope(Vec x, Vec y) {
  const Vec three = Broadcast(3);
  const Vec inside = (x / three + Broadcast(0.5f)) * y;
  return SelectGreater(x, three, y,
                       Select(Greater(Broadcast(-3), x), Broadcast(0), inside));
}

// x = n * log(2) + r, |r| <= log(2) / 2 (a little more after rounding).
struct Reduced {
  Vec n;
  Vec r;
};
inline Reduced ReduceByLog2(Vec x) {
  const Vec n = Round(x * Broadcast(kInverseLog2));
  const Vec r = NegMulAdd(n, Broadcast(kLog2High), x);
  return {n, NegMulAdd(n, Broadcast(kLog2Low), r)};
}

// exp(r) - 1 for |r| <= log(2) / 2, as r + r * r * polynomial (2.3e-9).
inline Vec Expm1OfReduced(Vec r) {
  Vec p = Broadcast(0.000198458816f);
  p = MulAdd(p, r, Broadcast(0.00139406684f));
  p = MulAdd(p, r, Broadcast(0.00833338965f));
  p = MulAdd(p, r, Broadcast(0.0416663587f));
  p = MulAdd(p, r, Broadcast(0.166666657f));
  p = MulAdd(p, r, Broadcast(0.5f));
  return MulAdd(r * r, p, r);
}

// 2 to the power n. REQUIRES: -126 <= n <= 127.
inline Vec PowerOfTwo(Int n) {
  return FromBits(ShiftLeft<23>(n + IntBroadcast(127)));
}

// exp(x + low) for -104 <= x <= 89 (or NaN) and small low.
inline Vec ExpInRange(Vec x, Vec low) {
  const Reduced reduced = ReduceByLog2(x);
  const Vec y = Broadcast(1) + Expm1OfReduced(reduced.r + low);
  return ScaleByPower(y, reduced.n);
}

inline Vec Exp(Vec x) {
  // exp(89) overflows and exp(-104) is less than half the least denormal.
  x = MaxOrSecond(Broadcast(-104), MinOrSecond(Broadcast(89), x));
  return ExpInRange(x, Broadcast(0));
}

// exp(x) - 1 for -20 <= x <= 89 (or NaN), but not denormal. Halved until the
// last addition, since 2^128 is no float.
inline Vec Expm1InRange(Vec x) {
  const Reduced reduced = ReduceByLog2(x);
  const Vec half_power = ScaleByPower(Broadcast(0.5f), reduced.n);
  const Vec half = MulAdd(half_power, Expm1OfReduced(reduced.r),
                          half_power - Broadcast(0.5f));
  return half + half;
}

inline Vec Expm1(Vec x) {
  const Vec clamped =
      MaxOrSecond(Broadcast(-20), MinOrSecond(Broadcast(89), x));
  return Select(Greater(Broadcast(kUnit), Abs(x)), x, Expm1InRange(clamped));
}

// log(2^e * (1 + f)) for 1 + f in [sqrt(1/2), sqrt(2)), with log(1 + f) as
// f - f * f / 2 + f * f * f * polynomial (6.1e-9).
inline Vec LogOfReduced(Vec e, Vec f) {
  Vec p = Broadcast(-0.0763565376f);
  p = MulAdd(p, f, Broadcast(0.127633259f));
  p = MulAdd(p, f, Broadcast(-0.131605819f));
  p = MulAdd(p, f, Broadcast(0.142015532f));
  p = MulAdd(p, f, Broadcast(-0.166232988f));
  p = MulAdd(p, f, Broadcast(0.200012341f));
  p = MulAdd(p, f, Broadcast(-0.250008225f));
  p = MulAdd(p, f, Broadcast(0.333333313f));
  const Vec square = f * f;
  Vec y = MulAdd(square * f, p, e * Broadcast(kLog2Low));
  y = NegMulAdd(Broadcast(0.5f), square, y);
  return MulAdd(e, Broadcast(kLog2High), f + y);
}

constexpr int32_t kHalfRootBits = 0x3f3504f3;  // sqrt(1/2)

// e with x / 2^e in [sqrt(1/2), sqrt(2)), for normal positive x.
inline Int ExponentOf(Vec x) {
  return ShiftRight<23>(Bits(x) - IntBroadcast(kHalfRootBits));
}

inline Vec Log(Vec x) {
  const Mask denormal = Greater(Broadcast(kSmallestNormal), x);
  const Vec scaled = Select(denormal, x * Broadcast(0x1p23f), x);
  const Int e = ExponentOf(scaled);
  const Vec m = FromBits(Bits(scaled) - ShiftLeft<23>(e));
  const Vec exponent =
      ToFloat(e) - Select(denormal, Broadcast(23), Broadcast(0));
  const Vec y = LogOfReduced(exponent, m - Broadcast(1));
  const Vec zero = Broadcast(0);
  return Select(Greater(x, zero), Select(Greater(x, Broadcast(kLargest)), x, y),
                Select(Equal(x, zero), Broadcast(-kInfinity), Broadcast(kNan)));
}

// log(1 + x) for finite x > -1 (or NaN), but not denormal: with 1 + x rounded
// to u and e the exponent of u, 1 + f = (1 + x) / 2^e is taken from x itself,
// rounded once. The power is split since 2^-128 is denormal.
inline Vec Log1pInRange(Vec x) {
  const Int e = ExponentOf(Broadcast(1) + x);
  const Vec scale = PowerOfTwo(IntBroadcast(2) - e);
  const Vec quarter = Broadcast(0.25f);
  const Vec f = MulAdd(quarter * x, scale, quarter * scale - Broadcast(1));
  return LogOfReduced(ToFloat(e), f);
}

inline Vec Log1p(Vec x) {
  const Vec y = Select(Greater(Broadcast(kUnit), Abs(x)), x, Log1pInRange(x));
  const Vec minus_one = Broadcast(-1);
  return Select(
      Greater(x, minus_one), Select(Greater(x, Broadcast(kLargest)), x, y),
      Select(Equal(x, minus_one), Broadcast(-kInfinity), Broadcast(kNan)));
}

// m / (m + 2) with m = exp(2|x|) - 1, which is 1 from 2|x| = 18.1 on.
inline Vec Tanh(Vec x) {
  const Vec a = Abs(x);
  const Vec m = Expm1InRange(MinOrSecond(Broadcast(20), a + a));
  const Vec y = Xor(m / (m + Broadcast(2)), SignBit(x));
  return Select(Greater(Broadcast(0x1p-13f), a), x, y);
}

inline Vec ExpOfMinusAbs(Vec x) {
  return ExpInRange(MaxOrSecond(Broadcast(-104), Negate(Abs(x))), Broadcast(0));
}

// With z = exp(-|x|): 1 / (1 + z), or z / (1 + z) for negative x.
inline Vec Sigmoid(Vec x) {
  const Vec z = ExpOfMinusAbs(x);
  const Vec one = Broadcast(1);
  return Select(Greater(Broadcast(0), x), z, one) / (one + z);
}

inline Vec Softplus(Vec x) {
  const Vec z = ExpOfMinusAbs(x);
  const Vec y = Select(Greater(Broadcast(kUnit), z), z, Log1pInRange(z));
  return MaxOrSecond(Broadcast(0), x) + y;
}

// With z = |x|: the tail beyond z is exp(-z * z / 2) * g(z), where g is a
// polynomial in (z - 4) / (z + 4) (2.6e-8). z * z is split into the exact
// square of z's upper half and a small rest.
inline Vec NormalCdf(Vec x) {
  const Vec z = MinOrSecond(Broadcast(14.5f), Abs(x));
  const Vec high = And(z, FromBits(IntBroadcast(~0xfff)));
  const Vec minus_half = Broadcast(-0.5f);
  const Vec low = (z - high) * (z + high) * minus_half;
  const Vec density =
      ExpInRange(MaxOrSecond(Broadcast(-104), high * high * minus_half), low);
  const Vec four = Broadcast(4);
  const Vec t = (z - four) / (z + four);
  Vec g = Broadcast(-6.52847593e-05f);
  g = MulAdd(g, t, Broadcast(-0.000167825856f));
  g = MulAdd(g, t, Broadcast(0.000657762575f));
  g = MulAdd(g, t, Broadcast(0.00050255144f));
  g = MulAdd(g, t, Broadcast(-0.00849791709f));
  g = MulAdd(g, t, Broadcast(0.0308654997f));
  g = MulAdd(g, t, Broadcast(-0.071706742f));
  g = MulAdd(g, t, Broadcast(0.124379203f));
  g = MulAdd(g, t, Broadcast(-0.170397744f));
  g = MulAdd(g, t, Broadcast(0.094410643f));
  const Vec tail = density * g;
  return Select(Greater(x, Broadcast(0)), Broadcast(1) - tail, tail);
}

// Toward zero; saturates, NaN gives 0.
inline Vec FloatToInt(Vec x) {
  const Vec truncated = FromBits(TruncateToInt(x));
  const Vec upper = FromBits(IntBroadcast(INT32_MAX));
  return Select(Unordered(x, x), Broadcast(0),
                Select(Greater(Broadcast(0x1p31f), x), truncated, upper));
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_MATH_H_
