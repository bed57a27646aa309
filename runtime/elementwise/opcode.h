// The instructions of elementwise programs.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_OPCODE_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_OPCODE_H_

namespace espalier {

// Sources are a, b, c, d in order. Every opcode gives NaN if a source that it
// reads is NaN; rounding is to nearest.
enum class Opcode {
  kCopy,  // a, bits unchanged
  // One correctly rounded operation each.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kFma,   // a * b + c; rounded once (on Isa::kBaseline twice)
  kSqrt,  // NaN below -0
  kAbs,
  kNeg,
  kMax,  // NaN if a or b is; kMax {x, Immediate(0)} is relu
  kMin,
  kSign,           // -1, 0, 1; 0 for both zeros
  kSelectGreater,  // a > b ? c : d; NaN if a or b is, whatever c and d are
  // Functions; math_error.h says what is guaranteed of each.
  kExp,
  kExpm1,  // exp(a) - 1
  kLog,    // -inf at 0, NaN below
  kLog1p,  // log(1 + a)
  kTanh,
  kSigmoid,    // 1 / (1 + exp(-a))
  kSoftplus,   // log(1 + exp(a))
  kNormalCdf,  // probability that a standard normal is below a
  kHardSwish,  // a * min(max((a + 3) / 6, 0), 1), each step rounded; -0 at
               // -infinity
  // Several in one, where that measured faster. They may stand for operations
  // that were written one by one only if every intermediate number is one of
  // what was written, or is not rounded at all (inside an fma): then each
  // result lies in the interval that bounds of the single operations give, also
  // where numbers overflow or underflow. So no reordering: a * (b / c) is no
  // (a * b) / c, and (c * d) * d no c * (d * d).
  kScaleAdd,        // a * b + c * d         as fma(a, b, c * d)
  kScaleAddSquare,  // a * b + c * (d * d)   as fma(a, b, c * (d * d))
  kScaleSqrtAdd,    // a * sqrt(b) + c       as fma(a, sqrt(b), c)
  kScaleDivAdd,     // (a * b) / c + d       as (a * b) / c + d
  kClamp,           // min(max(a, b), c)
  kClampedFma,      // min(max(fma(a, b, c), 0), 1)
  kSelectProduct,   // a > b ? c : c * d, NaN if a or b is
  kSelectWithin,    // b <= a <= c ? d : 0, NaN if a, b or c is
  kProductUnless,   // a > b ? 0 : c * d, NaN if a or b is
  kSubMul,          // (a - b) * c
  kNormalize,       // (a / 2 - b / 2) * c + d, by two fma
  // Slopes times the last source; NaN if that of which they are the slope is.
  kClampedFmaSlope,  // 0 < fma(a, b, c) < 1 ? a * d : 0, so by b
  kHardSwishSlope,   // a > 3 ? b : a < -3 ? 0 : (a / 3 + 0.5) * b
  // Of i32 arrays: the 32 bits of an element are an int32_t.
  kIntToFloat,
  kFloatToInt,  // rounds toward zero, saturates, NaN gives 0
  kIntAdd,      // wraps
  // Reductions. The destination is an array that no instruction reads. With
  // Access::kScalar it gets the sum over all elements of all segments, and is
  // the same memory in every one; with kRow the sums over the rows of the only
  // segment, one for each column, and with kColumn those over its columns. The
  // factor (last source) is an immediate.
  kSum,         // b * sum(a)
  kSumProduct,  // c * sum(a * b)
};
inline constexpr int kNumOpcodes = static_cast<int>(Opcode::kSumProduct) + 1;

inline constexpr int kMaxSources = 4;

// Number of sources.
constexpr int OpcodeArity(Opcode opcode) {
  switch (opcode) {
    case Opcode::kCopy:
    case Opcode::kSqrt:
    case Opcode::kAbs:
    case Opcode::kNeg:
    case Opcode::kSign:
    case Opcode::kExp:
    case Opcode::kExpm1:
    case Opcode::kLog:
    case Opcode::kLog1p:
    case Opcode::kTanh:
    case Opcode::kSigmoid:
    case Opcode::kSoftplus:
    case Opcode::kNormalCdf:
    case Opcode::kHardSwish:
    case Opcode::kIntToFloat:
    case Opcode::kFloatToInt:
      return 1;
    case Opcode::kHardSwishSlope:
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMul:
    case Opcode::kDiv:
    case Opcode::kMax:
    case Opcode::kMin:
    case Opcode::kIntAdd:
    case Opcode::kSum:
      return 2;
    case Opcode::kFma:
    case Opcode::kScaleSqrtAdd:
    case Opcode::kClamp:
    case Opcode::kClampedFma:
    case Opcode::kSubMul:
    case Opcode::kSumProduct:
      return 3;
    case Opcode::kSelectGreater:
    case Opcode::kScaleAdd:
    case Opcode::kScaleAddSquare:
    case Opcode::kScaleDivAdd:
    case Opcode::kSelectProduct:
    case Opcode::kSelectWithin:
    case Opcode::kProductUnless:
    case Opcode::kNormalize:
    case Opcode::kClampedFmaSlope:
      return 4;
  }
  return 0;
}

constexpr bool IsReduction(Opcode opcode) {
  return opcode == Opcode::kSum || opcode == Opcode::kSumProduct;
}

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_OPCODE_H_
