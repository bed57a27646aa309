// Arithmetic on intervals that contains every float32 result. An interval that
// reaches both infinities also stands for NaN, and only such a one does: an op
// that may give NaN gives kEverything, and what reads it must pass it on.
#ifndef ESPALIER_OPS_INTERVAL_MATH_H_
#define ESPALIER_OPS_INTERVAL_MATH_H_

#include <cstdint>
#include <limits>

#include "graph/interval.h"

namespace espalier {

struct Interval {
  double lower;
  double upper;
};

inline constexpr Interval kEverything = {
    -std::numeric_limits<double>::infinity(),
    std::numeric_limits<double>::infinity()};

// The smallest normal float32.
inline constexpr double kSmallestNormal = 0x1p-126;

bool MayBeNan(Interval x);

// With zero, where hardware may take an operand below the smallest normal for
// zero. What the functions below are given must have passed through it.
Interval Flushed(Interval x);
inline Interval Exactly(double value) { return Flushed({value, value}); }

// Element i as an operand: Flushed.
Interval IntervalAt(const IntervalTensor& tensor, int64_t i);
void SetInterval(IntervalTensor& tensor, int64_t i, Interval x);

// The float32 roundings of all reals in [lower, upper], each end of which is
// itself the nearest double of a real number. Never crosses zero.
Interval FloatRounded(double lower, double upper);

Interval Hull(Interval a, Interval b);
Interval HullOfZeroAnd(Interval x);
Interval NegInterval(Interval x);
Interval AddIntervals(Interval a, Interval b);
Interval MulIntervals(Interval a, Interval b);
Interval DivIntervals(Interval a, Interval b);

// Bounds of a float32 sum in any order and blocking, with or without fused
// multiply-add: the interval of the real sum, widened by SumError. Where terms
// of one sign are unbounded, the other side follows from the rest alone, since
// rounded addition is monotone.
class SumBounds {
 public:
  void Add(Interval term) {
    if (MayBeNan(term)) may_be_nan_ = true;
    AddTerm(term.lower, term.upper);
  }
  // A term a * b, rounded or not before it is added.
  void AddProduct(Interval a, Interval b) {
    const double p = a.lower * b.lower;
    const double q = a.upper * b.lower;
    if (b.lower != b.upper ||
        !(p + q <= std::numeric_limits<double>::max() &&
          p + q >= std::numeric_limits<double>::lowest())) {
      return AddAnyProduct(a, b);
    }
    AddTerm(p < q ? p : q, p < q ? q : p);
  }

  // All terms of another sum.
  void AddTerms(const SumBounds& other) {
    terms_ += other.terms_;
    lower_ += other.lower_;
    upper_ += other.upper_;
    positive_ += other.positive_;
    negative_ += other.negative_;
    sum_abs_ += other.sum_abs_;
    may_be_nan_ = may_be_nan_ || other.may_be_nan_;
  }

  // `more_roundings`: how many more float32 roundings a term may meet than one
  // product and the additions.
  Interval Finish(int more_roundings = 0) const;

 private:
  void AddTerm(double lower, double upper) {
    if (lower == 0 && upper == 0) return;  // adding zero is exact
    ++terms_;
    lower_ += lower;
    upper_ += upper;
    if (lower < 0) negative_ -= lower;
    if (upper > 0) positive_ += upper;
    sum_abs_ += -lower > upper ? -lower : upper;
  }
  void AddAnyProduct(Interval a, Interval b);
  double Error(double sum_abs, int more_roundings) const;

  int64_t terms_ = 0;
  double lower_ = 0;
  double upper_ = 0;
  double positive_ = 0;  // what the terms above zero can sum to
  double negative_ = 0;  // and those below, as a magnitude
  double sum_abs_ = 0;
  bool may_be_nan_ = false;
};

}  // namespace espalier

#endif  // ESPALIER_OPS_INTERVAL_MATH_H_
