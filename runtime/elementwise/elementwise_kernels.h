// The loops behind the opcodes, over whatever Vec is. For the kernel sources
// only.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_ELEMENTWISE_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_ELEMENTWISE_KERNELS_H_

#include <utility>

#include "absl/base/casts.h"
#include "absl/base/config.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

template <Opcode kOpcode>
Vec Apply(Vec a, [[maybe_unused]] Vec b, [[maybe_unused]] Vec c,
          [[maybe_unused]] Vec d) {
  if constexpr (kOpcode == Opcode::kCopy) return a;
  if constexpr (kOpcode == Opcode::kAdd) return a + b;
  if constexpr (kOpcode == Opcode::kSub) return a - b;
  if constexpr (kOpcode == Opcode::kMul) return a * b;
  if constexpr (kOpcode == Opcode::kDiv) return a / b;
  if constexpr (kOpcode == Opcode::kFma) return MulAdd(a, b, c);
  if constexpr (kOpcode == Opcode::kSqrt) return Sqrt(a);
  if constexpr (kOpcode == Opcode::kAbs) return Abs(a);
  if constexpr (kOpcode == Opcode::kNeg) return Negate(a);
  if constexpr (kOpcode == Opcode::kMax) return Maximum(a, b);
  if constexpr (kOpcode == Opcode::kMin) return Minimum(a, b);
  if constexpr (kOpcode == Opcode::kSign) return Sign(a);
  if constexpr (kOpcode == Opcode::kSelectGreater) {
    return SelectGreater(a, b, c, d);
  }
  if constexpr (kOpcode == Opcode::kExp) return Exp(a);
  if constexpr (kOpcode == Opcode::kExpm1) return Expm1(a);
  if constexpr (kOpcode == Opcode::kLog) return Log(a);
  if constexpr (kOpcode == Opcode::kLog1p) return Log1p(a);
  if constexpr (kOpcode == Opcode::kTanh) return Tanh(a);
  if constexpr (kOpcode == Opcode::kSigmoid) return Sigmoid(a);
  if constexpr (kOpcode == Opcode::kSoftplus) return Softplus(a);
  if constexpr (kOpcode == Opcode::kNormalCdf) return NormalCdf(a);
  if constexpr (kOpcode == Opcode::kHardSwish) return HardSwish(a);
  if constexpr (kOpcode == Opcode::kScaleAdd) return MulAdd(a, b, c * d);
  if constexpr (kOpcode == Opcode::kScaleAddSquare) {
    return MulAdd(a, b, c * (d * d));
  }
  if constexpr (kOpcode == Opcode::kScaleSqrtAdd) {
    return MulAdd(a, Sqrt(b), c);
  }
  if constexpr (kOpcode == Opcode::kScaleDivAdd) return a * b / c + d;
  if constexpr (kOpcode == Opcode::kClamp) return Clamp(a, b, c);
  if constexpr (kOpcode == Opcode::kClampedFma) {
    return Clamp(MulAdd(a, b, c), Broadcast(0), Broadcast(1));
  }
  if constexpr (kOpcode == Opcode::kSelectProduct) {
    return SelectGreater(a, b, c, c * d);
  }
  if constexpr (kOpcode == Opcode::kSelectWithin) {
    return SelectWithin(a, b, c, d);
  }
  if constexpr (kOpcode == Opcode::kProductUnless) {
    return SelectGreater(a, b, Broadcast(0), c * d);
  }
  if constexpr (kOpcode == Opcode::kSubMul) return (a - b) * c;
  if constexpr (kOpcode == Opcode::kNormalize) {
    const Vec half = Broadcast(0.5f);
    return MulAdd(MulAdd(half, a, Negate(half * b)), c, d);
  }
  if constexpr (kOpcode == Opcode::kClampedFmaSlope) {
    const Vec line = MulAdd(a, b, c), zero = Broadcast(0);
    return SelectGreater(
        line, zero, Select(Greater(Broadcast(1), line), a * d, zero), zero);
  }
  if constexpr (kOpcode == Opcode::kHardSwishSlope) {
    return HardSwishSlope(a, b);
  }
  if constexpr (kOpcode == Opcode::kIntToFloat) return ToFloat(Bits(a));
  if constexpr (kOpcode == Opcode::kFloatToInt) return FloatToInt(a);
  if constexpr (kOpcode == Opcode::kIntAdd) {
    return FromBits(Bits(a) + Bits(b));
  }
}

// The new value of a lane of a reduction.
template <Opcode kOpcode>
Vec Accumulate(Vec sum, Vec a, [[maybe_unused]] Vec b) {
  if constexpr (kOpcode == Opcode::kSum) return sum + a;
  if constexpr (kOpcode == Opcode::kSumProduct) return MulAdd(a, b, sum);
}

template <bool kVector>
struct Source;

template <>
struct Source<true> {
  explicit Source(const float* p) : p(p) {}
  Vec At(int64_t i) const { return Load(p + i); }
  Vec At(int64_t i, int64_t n) const { return Load(p + i, n); }
  const float* p;
};

template <>
struct Source<false> {
  explicit Source(const float* p) : value(Broadcast(*p)) {}
  Vec At(int64_t) const { return value; }
  Vec At(int64_t, int64_t) const { return value; }
  Vec value;
};

constexpr bool IsVector(int form, int source) { return form >> source & 1; }

// One number n times. Many are written by the string instruction, which does
// not read the lines first that it fills, but which sanitizers do not see.
void Fill(float* destination, const float* a, const float*, const float*,
          const float*, int64_t n) {
#if !defined(ABSL_HAVE_ADDRESS_SANITIZER) && \
    !defined(ABSL_HAVE_THREAD_SANITIZER)
  constexpr int64_t kMany = 4096;
  if (n >= kMany) {
    asm volatile("rep stosl"
                 : "+D"(destination), "+c"(n)
                 : "a"(absl::bit_cast<int32_t>(*a))
                 : "memory");
    return;
  }
#endif
  const Vec value = Broadcast(*a);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) Store(destination + i, value);
  if (i < n) Store(destination + i, value, n - i);
}

template <Opcode kOpcode, int kForm>
void Map(float* destination, const float* a, const float* b, const float* c,
         const float* d, int64_t n) {
  constexpr int kArity = OpcodeArity(kOpcode);
  const Source<IsVector(kForm, 0)> va(a);
  const Source<IsVector(kForm, 1)> vb(kArity > 1 ? b : a);
  const Source<IsVector(kForm, 2)> vc(kArity > 2 ? c : a);
  const Source<IsVector(kForm, 3)> vd(kArity > 3 ? d : a);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    Store(destination + i,
          Apply<kOpcode>(va.At(i), vb.At(i), vc.At(i), vd.At(i)));
  }
  if (const int64_t rest = n - i; rest > 0) {
    Store(destination + i,
          Apply<kOpcode>(va.At(i, rest), vb.At(i, rest), vc.At(i, rest),
                         vd.At(i, rest)),
          rest);
  }
}

// No masked access, which would wait for the store of the instruction before.
template <Opcode kOpcode>
void MapOne(float* destination, const float* a, const float* b, const float* c,
            const float* d, int64_t) {
  StoreFirst(destination, Apply<kOpcode>(Broadcast(*a), Broadcast(*b),
                                         Broadcast(*c), Broadcast(*d)));
}

template <Opcode kOpcode, int kForm>
void Reduce(float* lanes, const float* a, const float* b, const float*,
            const float*, int64_t n) {
  constexpr int kVectors = kReductionLanes / kWidth;
  const Source<IsVector(kForm, 0)> va(a);
  const Source<IsVector(kForm, 1)> vb(kOpcode == Opcode::kSumProduct ? b : a);
  Vec sums[kVectors];
  for (int v = 0; v < kVectors; ++v) sums[v] = Load(lanes + v * kWidth);
  int64_t i = 0;
  for (; i + kReductionLanes <= n; i += kReductionLanes) {
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = i + v * kWidth;
      sums[v] = Accumulate<kOpcode>(sums[v], va.At(at), vb.At(at));
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    Store(lanes + v * kWidth, sums[v]);
  }
  for (float* lane = lanes; i < n; i += kWidth, lane += kWidth) {
    const int64_t rest = n - i;
    if (rest >= kWidth) {
      Store(lane, Accumulate<kOpcode>(Load(lane), va.At(i), vb.At(i)));
    } else {
      Store(
          lane,
          Accumulate<kOpcode>(Load(lane, rest), va.At(i, rest), vb.At(i, rest)),
          rest);
    }
  }
}

constexpr int NumMappedSources(Opcode opcode) {
  return OpcodeArity(opcode) - (IsReduction(opcode) ? 1 : 0);  // not the factor
}

// All-scalar instructions run once per run, by MapOne; only a copy of a scalar
// has to fill an array.
template <Opcode kOpcode, int kForm>
constexpr ElementwiseKernel KernelOf() {
  constexpr bool kAllScalar = kForm == 0 && kOpcode != Opcode::kCopy;
  if constexpr (kForm >= (1 << NumMappedSources(kOpcode)) ||
                (kAllScalar && !IsReduction(kOpcode))) {
    return nullptr;
  } else if constexpr (IsReduction(kOpcode)) {
    return Reduce<kOpcode, kForm>;
  } else if constexpr (kForm == 0) {
    return Fill;
  } else {
    return Map<kOpcode, kForm>;
  }
}

template <int kOpcode, int... kForms>
constexpr void FillOpcode(KernelTable& table,
                          std::integer_sequence<int, kForms...>) {
  constexpr auto kOf = static_cast<Opcode>(kOpcode);
  ((table.elementwise[kOpcode][kForms] = KernelOf<kOf, kForms>()), ...);
  if constexpr (!IsReduction(kOf)) table.uniform[kOpcode] = MapOne<kOf>;
}

template <int... kOpcodes>
constexpr void FillTable(KernelTable& table,
                         std::integer_sequence<int, kOpcodes...>) {
  (FillOpcode<kOpcodes>(table, std::make_integer_sequence<int, kNumForms>()),
   ...);
}

// Whole vectors are written, in the order of rows, so that the next row
// overwrites what is too much.
void ExpandRow(float* destination, const float* source, int64_t rows,
               int64_t columns) {
  for (int64_t r = 0; r < rows; ++r) {
    float* p = destination + r * columns;
    int64_t j = 0;
    for (; j + kWidth <= columns; j += kWidth) Store(p + j, Load(source + j));
    if (j < columns) Store(p + j, Load(source + j, columns - j));
  }
}

void ExpandColumn(float* destination, const float* source, int64_t rows,
                  const int32_t* row_of, int64_t n) {
  if (rows <= kWidth) {
    const Vec all = rows == kWidth ? Load(source) : Load(source, rows);
    for (int64_t j = 0; j < n; j += kWidth) {
      Store(destination + j, Permute(all, LoadInt(row_of + j)));
    }
    return;
  }
  // A vector's elements come from fewer than kWidth neighbouring rows.
  for (int64_t j = 0; j < n; j += kWidth) {
    const int64_t first = row_of[j];
    const int64_t rest = rows - first;
    const Vec v =
        rest >= kWidth ? Load(source + first) : Load(source + first, rest);
    const Int lane = LoadInt(row_of + j) - IntBroadcast(row_of[j]);
    Store(destination + j, Permute(v, lane));
  }
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_ELEMENTWISE_KERNELS_H_
