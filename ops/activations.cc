// Where an infinite x would meet a factor that vanishes, it is clipped first:
// that costs one or two of the cheapest instructions and gives the limit.
// Bounds: runs are off by a small factor of the result (kRelativeError holds
// twice what each comment counts in roundings of 2^-24), and where an argument
// of exp was rounded by an absolute error besides.
#include "ops/activations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/interval_math.h"
#include "ops/unary_op.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What a tanh or sigmoid that was fused into a product may be off by, besides.
constexpr double kFusedError = 1e-6;
// The functions that dip below zero are 0 to float precision below this, in
// double precision too.
constexpr double kFarBelow = -1000;
// What is lost where factors of an x above -128 are flushed to zero.
constexpr double kFlushed = 1024 * kSmallestNormal;

// The float32 results of a function x * p(x), 0 <= p <= 1, that falls down to
// x = minimum and rises from there on.
template <typename Function>
Interval BoundsWithDip(const Function& f, double minimum, Interval x,
                       double absolute) {
  const double left = f(x.lower);
  const double right = f(x.upper);
  const bool dips = x.lower < minimum && minimum < x.upper;
  const double lower = dips ? f(minimum) : std::min(left, right);
  return Approximated(
      lower, std::max(left, right), absolute,
      {x.lower >= 0 ? 0 : -kInfinity, x.upper <= 0 ? 0 : kInfinity});
}

// x, or the largest finite number of its sign.
Expr AboveMinusInfinity(const Expr& x) {
  return Max(x, Expr::Number(-kLargestFinite));
}
Expr BelowInfinity(const Expr& x) {
  return Min(x, Expr::Number(kLargestFinite));
}

// exp(-kVanishing) is 0 in a run, exp(kVanishing) is finite.
constexpr float kVanishing = 88;

// The gradient of x * s with s = sigmoid(z), |z| <= kVanishing: s + x dz/dx
// s (1 - s). Made of exp(-z), which tells s near 1 from 1.
Value GatedGradient(Value z, Value x_slope, Value dy) {
  const Value power = Exp(Neg(z));
  const Value s = Div(NumberBeside(z, 1), AddNumber(power, 1));
  const Value one_minus_s = Mul(power, s);
  return Mul(dy, Mul(s, AddNumber(Mul(x_slope, one_minus_s), 1)));
}

constexpr UnaryRow kSigmoid = {
    "sigmoid",
    /*maps_zero_to_zero=*/false,
    /*total=*/true,
    SigmoidOf,
    [](Value, Value y, Value dy) { return Mul(dy, Mul(y, OneMinus(y))); },
    [](Interval x) {
      return Approximated(SigmoidOf(x.lower), SigmoidOf(x.upper), kFusedError,
                          {0, 1});
    },
    [](const Expr& x) { return Sigmoid(x); }};

constexpr UnaryRow kTanh = {
    "tanh",
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    [](double x) { return std::tanh(x); },
    [](Value, Value y, Value dy) { return Mul(dy, OneMinus(Square(y))); },
    [](Interval x) {
      return Approximated(std::tanh(x.lower), std::tanh(x.upper), kFusedError,
                          {-1, 1});
    },
    [](const Expr& x) { return Tanh(x); }};

double SoftsignOf(double x) {
  return std::isinf(x) ? std::copysign(1, x) : x / (1 + std::fabs(x));
}

// 2 roundings.
constexpr UnaryRow kSoftsign = {
    "softsign",
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    SoftsignOf,
    [](Value x, Value, Value dy) {
      const Value divisor = AddNumber(Abs(x), 1);
      return Div(Div(dy, divisor), divisor);
    },
    [](Interval x) {
      return Approximated(SoftsignOf(x.lower), SoftsignOf(x.upper), 0, {-1, 1});
    },
    [](const Expr& x) {
      const Expr finite = BelowInfinity(AboveMinusInfinity(x));
      return finite / (Expr::Number(1) + Abs(finite));
    }};

double GeluOf(double x) { return std::max(x, kFarBelow) * NormalCdfOf(x); }

// 14 roundings in normal_cdf and 1.
constexpr UnaryRow kGelu = {
    "gelu",
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    GeluOf,
    [](Value x, Value, Value dy) {
      const Value near = Clip(x, -15, 15);  // the density beyond is 0
      return Mul(dy, Add(NormalCdf(x), Mul(near, NormalDensity(near))));
    },
    [](Interval x) {
      constexpr double kMinimum = -0.75179152469356446;
      return BoundsWithDip(GeluOf, kMinimum, x, kFlushed);
    },
    [](const Expr& x) { return AboveMinusInfinity(x) * NormalCdf(x); }};

// (1 + tanh(u)) / 2 = sigmoid(2 u), which is accurate far below 0 too.
// 2 u = x * (kLinear + kCubic * x^2).
constexpr float kLinear = 1.5957691216057308f;  // 2 sqrt(2 / pi)
constexpr float kCubic = kLinear * 0.044715f;
constexpr float kFar = 10.05f;  // the argument is 88.4, so the sigmoid 0 or 1

double GeluTanhOf(double x) {
  const double finite = std::max(x, kFarBelow);
  return finite * SigmoidOf(finite * (kLinear + kCubic * finite * finite));
}

// 6 roundings in sigmoid and 1. Its argument u, besides, is rounded 4 times:
// that is an absolute 4 |x u| s (1 - s) 2^-24, at most 1.02 * 2^-24.
constexpr UnaryRow kGeluTanh = {
    "gelu_tanh",
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    GeluTanhOf,
    [](Value x, Value, Value dy) {
      const Value near = Clip(x, -kFar, kFar);
      const Value square = Square(near);
      const Value argument =
          Mul(near, AddNumber(Scale(square, kCubic), kLinear));
      const Value slope = AddNumber(Scale(square, 3 * kCubic), kLinear);
      return GatedGradient(argument, Mul(near, slope), dy);
    },
    [](Interval x) {
      constexpr double kMinimum = -0.75246140552527523;
      return BoundsWithDip(GeluTanhOf, kMinimum, x, 0x1p-23);
    },
    [](const Expr& x) {
      const Expr argument =
          x * (Expr::Number(kCubic) * (x * x) + Expr::Number(kLinear));
      return AboveMinusInfinity(x) * Sigmoid(argument);
    }};

double MishOf(double x) {
  return std::max(x, kFarBelow) * std::tanh(std::log1p(std::exp(x)));
}

// tanh(softplus(x)) = n / (n + 2) with n = e (e + 2) and e = exp(x); from x =
// 20 on it is 1. 3 roundings in e, so 8 in n, 8 + 2 in the quotient, and 1.
constexpr float kMishIsX = 20;
constexpr float kMishIsZero = 104;  // at minus this

constexpr UnaryRow kMish = {
    "mish", /*maps_zero_to_zero=*/true, /*total=*/true, MishOf,
    // n / (n + 2) + 4 x e (e + 1) / (n + 2)^2.
    [](Value x, Value, Value dy) {
      const Value near = Clip(x, -kMishIsZero, kMishIsX);
      const Value e = Exp(near);
      const Value n = Mul(e, AddNumber(e, 2));
      const Value inverse = Div(NumberBeside(x, 1), AddNumber(n, 2));
      const Value bend = Mul(Mul(e, inverse), Mul(AddNumber(e, 1), inverse));
      return Mul(dy, Add(Mul(n, inverse), Mul(Scale(near, 4), bend)));
    },
    [](Interval x) {
      constexpr double kMinimum = -1.19243121451549521;
      return BoundsWithDip(MishOf, kMinimum, x, kFlushed);
    },
    [](const Expr& x) {
      const Expr two = Expr::Number(2);
      const Expr e = Exp(Min(x, Expr::Number(kMishIsX)));
      const Expr n = e * (e + two);
      return AboveMinusInfinity(x) * (n / (n + two));
    }};

double Clipped01(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
Expr Clipped01(const Expr& x) {
  return Min(Max(x, Expr::Number(0)), Expr::Number(1));
}

double HardSwishOf(double x) {
  return std::max(x, -double{kLargestFinite}) * Clipped01((x + 3) / 6);
}

// 4 roundings, since x + 3 is exact near -3.
constexpr UnaryRow kHardSwish = {
    "hard_swish",
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    HardSwishOf,
    [](Value x, Value, Value dy) {
      const Value inside = Mul(dy, AddNumber(Div(x, NumberBeside(x, 3)), 0.5f));
      return SelectGreater(
          x, NumberBeside(dy, 3), dy,
          SelectGreater(NumberBeside(dy, -3), x, NumberBeside(dy, 0), inside));
    },
    [](Interval x) { return BoundsWithDip(HardSwishOf, -1.5, x, 0); },
    [](const Expr& x) { return HardSwish(x); }};

class SwishOp : public UnaryOp {
 public:
  explicit SwishOp(float beta) : beta_(beta) {}

  absl::string_view kind() const override { return "swish"; }
  bool maps_zero_to_zero() const override { return true; }
  Attributes attributes() const override { return {{"beta", beta_}}; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckNormalAttribute("beta", beta_));
    return UnaryOp::InferType(inputs);
  }

 protected:
  bool total() const override { return true; }
  double ValueOf(double x) const override {
    if (std::isinf(x)) return x * beta_ > 0 ? x : 0;
    return x * SigmoidOf(beta_ * x);
  }
  Value GradientOf(Value x, Value /*y*/, Value dy) const override {
    const Value z =
        Clip(beta_ == 1 ? x : Scale(x, beta_), -kVanishing, kVanishing);
    return GatedGradient(z, z, dy);
  }
  // 6 roundings in sigmoid and 1. Its argument z, besides, is rounded once:
  // that is an absolute |x z| s (1 - s) 2^-24, at most 0.44 / |beta| * 2^-24.
  Interval BoundsOf(Interval x) const override {
    constexpr double kMinimum = -1.27846454276107380;
    const double beta = std::fabs(beta_);
    const auto f = [beta](double v) {
      return v == -kInfinity ? 0 : v * SigmoidOf(beta * v);
    };
    const double absolute = (beta == 1 ? kFlushed : 0x1p-24) / beta;
    if (beta_ > 0) return BoundsWithDip(f, kMinimum / beta, x, absolute);
    // -swish(-x) with -beta.
    return NegInterval(
        BoundsWithDip(f, kMinimum / beta, NegInterval(x), absolute));
  }
  Expr ExprOf(const Expr& x) const override {
    return (beta_ > 0 ? AboveMinusInfinity(x) : BelowInfinity(x)) *
           Sigmoid(Expr::Number(beta_) * x);
  }

 private:
  float beta_;
};

class HardSigmoidOp : public UnaryOp {
 public:
  HardSigmoidOp(float alpha, float beta) : alpha_(alpha), beta_(beta) {}

  absl::string_view kind() const override { return "hard_sigmoid"; }
  bool maps_zero_to_zero() const override { return beta_ <= 0; }
  Attributes attributes() const override {
    return {{"alpha", alpha_}, {"beta", beta_}};
  }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckNormalAttribute("alpha", alpha_));
    RETURN_IF_ERROR(CheckFiniteAttribute("beta", beta_));
    return UnaryOp::InferType(inputs);
  }

 protected:
  bool total() const override { return true; }
  double ValueOf(double x) const override {
    return Clipped01(alpha_ * x + beta_);
  }
  Value GradientOf(Value /*x*/, Value y, Value dy) const override {
    const Value zero = NumberBeside(dy, 0);
    return SelectGreater(
        y, zero, SelectGreater(NumberBeside(dy, 1), y, Scale(dy, alpha_), zero),
        zero);
  }
  Interval BoundsOf(Interval x) const override {
    const Interval line =
        AddIntervals(MulIntervals(Exactly(alpha_), x), Exactly(beta_));
    return {Clipped01(line.lower), Clipped01(line.upper)};
  }
  Expr ExprOf(const Expr& x) const override {
    return Clipped01(Expr::Number(alpha_) * x + Expr::Number(beta_));
  }

 private:
  float alpha_;
  float beta_;
};

absl::StatusOr<OpPtr> ReadSwish(AttributeReader& attributes) {
  return std::make_shared<SwishOp>(attributes.Float("beta"));
}

absl::StatusOr<OpPtr> ReadHardSigmoid(AttributeReader& attributes) {
  const float alpha = attributes.Float("alpha");
  const float beta = attributes.Float("beta");
  return std::make_shared<HardSigmoidOp>(alpha, beta);
}

constexpr OpTable::Entry kEntries[] = {
    RowEntry<kGelu>(),
    RowEntry<kGeluTanh>(),
    {"hard_sigmoid", ReadHardSigmoid},
    RowEntry<kHardSwish>(),
    RowEntry<kMish>(),
    RowEntry<kSigmoid>(),
    RowEntry<kSoftsign>(),
    {"swish", ReadSwish},
    RowEntry<kTanh>(),
};

}  // namespace

Value Sigmoid(Value x, absl::string_view name) {
  return ApplyRow(kSigmoid, x, name);
}
Value Tanh(Value x, absl::string_view name) { return ApplyRow(kTanh, x, name); }
Value Softsign(Value x, absl::string_view name) {
  return ApplyRow(kSoftsign, x, name);
}
Value Swish(Value x, float beta, absl::string_view name) {
  return Apply(std::make_shared<SwishOp>(beta), {x}, name);
}
Value Silu(Value x, absl::string_view name) { return Swish(x, 1, name); }
Value Gelu(Value x, absl::string_view name) { return ApplyRow(kGelu, x, name); }
Value GeluTanh(Value x, absl::string_view name) {
  return ApplyRow(kGeluTanh, x, name);
}
Value Mish(Value x, absl::string_view name) { return ApplyRow(kMish, x, name); }
Value HardSigmoid(Value x, float alpha, float beta, absl::string_view name) {
  return Apply(std::make_shared<HardSigmoidOp>(alpha, beta), {x}, name);
}
Value HardSwish(Value x, absl::string_view name) {
  return ApplyRow(kHardSwish, x, name);
}

absl::Span<const OpTable::Entry> ActivationEntries() { return kEntries; }

}  // namespace espalier
