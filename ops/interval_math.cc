#include "ops/interval_math.h"

#include <algorithm>
#include <initializer_list>

namespace espalier {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargestFloat = std::numeric_limits<float>::max();

bool MayBeZero(Interval x) { return x.lower <= 0 && x.upper >= 0; }

bool MayBeInfinite(Interval x) {
  return x.lower == -kInfinity || x.upper == kInfinity;
}

Interval HullOf(std::initializer_list<double> values) {
  return {std::min(values), std::max(values)};
}

// Whether a * b may be 0 * infinity, or a factor NaN.
bool ProductMayBeNan(Interval a, Interval b) {
  return MayBeNan(a) || MayBeNan(b) || (MayBeZero(a) && MayBeInfinite(b)) ||
         (MayBeZero(b) && MayBeInfinite(a));
}

// REQUIRES: !ProductMayBeNan(a, b).
Interval ExactProduct(Interval a, Interval b) {
  return HullOf({a.lower * b.lower, a.lower * b.upper, a.upper * b.lower,
                 a.upper * b.upper});
}

}  // namespace

bool MayBeNan(Interval x) {
  return !(x.lower > -kInfinity || x.upper < kInfinity);
}

Interval Flushed(Interval x) {
  if (x.lower > 0 && x.lower < kSmallestNormal) x.lower = 0;
  if (x.upper < 0 && x.upper > -kSmallestNormal) x.upper = 0;
  return x;
}

Interval IntervalAt(const IntervalTensor& tensor, int64_t i) {
  const auto at = static_cast<size_t>(i);
  return Flushed({tensor.lower[at], tensor.upper[at]});
}

void SetInterval(IntervalTensor& tensor, int64_t i, Interval x) {
  const auto at = static_cast<size_t>(i);
  tensor.lower[at] = x.lower;
  tensor.upper[at] = x.upper;
}

Interval FloatRounded(double lower, double upper) {
  double below = FloatBelow(RoundDown(lower));
  double above = FloatAbove(RoundUp(upper));
  if (lower >= 0) below = std::max(below, 0.0);
  if (upper <= 0) above = std::min(above, 0.0);
  // A real above the largest float rounds to it or to infinity.
  return {std::min(below, kLargestFloat), std::max(above, -kLargestFloat)};
}

Interval Hull(Interval a, Interval b) {
  return {std::min(a.lower, b.lower), std::max(a.upper, b.upper)};
}

Interval HullOfZeroAnd(Interval x) {
  return {std::min(x.lower, 0.0), std::max(x.upper, 0.0)};
}

Interval NegInterval(Interval x) { return {-x.upper, -x.lower}; }

Interval AddIntervals(Interval a, Interval b) {
  if (MayBeNan(a) || MayBeNan(b)) return kEverything;
  const double lower = a.lower + b.lower;
  const double upper = a.upper + b.upper;
  const bool opposite_infinities =
      (a.lower == -kInfinity && b.upper == kInfinity) ||
      (a.upper == kInfinity && b.lower == -kInfinity);
  return opposite_infinities ? kEverything : FloatRounded(lower, upper);
}

Interval MulIntervals(Interval a, Interval b) {
  if (ProductMayBeNan(a, b)) return kEverything;
  const Interval product = ExactProduct(a, b);
  return FloatRounded(product.lower, product.upper);
}

Interval DivIntervals(Interval a, Interval b) {
  // The sign of a zero divisor is not known, so its quotient may be of both.
  if (MayBeNan(a) || MayBeNan(b) || MayBeZero(b) ||
      (MayBeInfinite(a) && MayBeInfinite(b))) {
    return kEverything;
  }
  const Interval quotient = HullOf({a.lower / b.lower, a.lower / b.upper,
                                    a.upper / b.lower, a.upper / b.upper});
  return FloatRounded(quotient.lower, quotient.upper);
}

void SumBounds::AddAnyProduct(Interval a, Interval b) {
  if (ProductMayBeNan(a, b)) {
    may_be_nan_ = true;
    return;
  }
  const Interval product = ExactProduct(a, b);
  AddTerm(product.lower, product.upper);
}

double SumBounds::Error(double sum_abs, int more_roundings) const {
  // The additions above are double precision's own sums: at most terms_ + 1
  // roundings of 2^-53 each, taken twice.
  const double own = static_cast<double>(terms_ + 4) * 0x1p-52 * sum_abs;
  return SumError(terms_ + more_roundings, RoundUp(sum_abs + own)) + own;
}

Interval SumBounds::Finish(int more_roundings) const {
  if (may_be_nan_) return kEverything;
  const double error = Error(sum_abs_, more_roundings);
  const double least =
      negative_ == 0 ? 0
                     : -RoundUp(negative_ + Error(negative_, more_roundings));
  const double most =
      positive_ == 0 ? 0
                     : RoundUp(positive_ + Error(positive_, more_roundings));
  Interval sum = {std::max(RoundDown(lower_ - error), least),
                  std::min(RoundUp(upper_ + error), most)};
  if (least < -kLargestFloat) sum.lower = -kInfinity;
  if (most > kLargestFloat) sum.upper = kInfinity;
  return sum;
}

}  // namespace espalier
