// Fused elementwise steps, row losses and small products against loops by
// hand: "ns" is our time per call, "hand_ns" the loop's, and "ratio" the one
// over the other (below 1: we are faster). Denormals are flushed to zero, as in
// a session.
#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <vector>

#include "benchmarks/elementwise_hand_loops.h"
#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise/reductions.h"
#include "runtime/elementwise/small_matmul.h"
#include "runtime/elementwise/softmax.h"

namespace espalier {
namespace {

using Clock = std::chrono::steady_clock;

// Nanoseconds of a call, over `times` calls.
template <class F>
double Time(const F& f, int64_t times) {
  const Clock::time_point start = Clock::now();
  for (int64_t i = 0; i < times; ++i) f();
  const std::chrono::duration<double, std::nano> time = Clock::now() - start;
  return time.count() / static_cast<double>(times);
}

// Calls long enough for the clock.
template <class F>
int64_t BatchOf(const F& f) {
  int64_t batch = 1;
  while (Time(f, batch) * static_cast<double>(batch) < 20e3) batch *= 2;
  return batch;
}

// The quickest batch counts: what else the machine does only adds time.
template <class Ours>
void Measure(benchmark::State& state, const Ours& ours) {
  const int64_t batch = BatchOf(ours);
  double least = Time(ours, batch);
  for (auto _ : state) least = std::min(least, Time(ours, batch));
  state.counters["ns"] = least;
}

// The same for both, by turns.
template <class Ours, class Theirs>
void Compare(benchmark::State& state, const Ours& ours, const Theirs& theirs) {
  const int64_t batch = BatchOf(ours);
  double least = Time(ours, batch), least_theirs = Time(theirs, batch);
  for (auto _ : state) {
    least = std::min(least, Time(ours, batch));
    least_theirs = std::min(least_theirs, Time(theirs, batch));
  }
  state.counters["ns"] = least;
  state.counters["hand_ns"] = least_theirs;
  state.counters["ratio"] = least / least_theirs;
}

// Starts at a cache line, as the arrays of a session do.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T* p, size_t) { ::operator delete(p, std::align_val_t(64)); }
};
template <class T>
bool operator==(const AlignedAllocator<T>&, const AlignedAllocator<T>&) {
  return true;
}
template <class T>
bool operator!=(const AlignedAllocator<T>&, const AlignedAllocator<T>&) {
  return false;
}
using Array = std::vector<float, AlignedAllocator<float>>;

Array Ramp(int64_t n, float scale) {
  Array x(n);
  for (int64_t i = 0; i < n; ++i) {
    x[i] = scale * (static_cast<float>(i * 7919 % 1009) / 504.5f - 1);
  }
  return x;
}

CompiledElementwise Compile(const ElementwiseProgram& program,
                            const std::vector<Segment>& segments, int threads) {
  auto compiled =
      CompiledElementwise::Compile(program, segments, DetectIsa(), threads);
  return *std::move(compiled);
}

// Arrays: gradient, mean, square, parameter; scalars: rate, step count.
ElementwiseProgram AdamProgram() {
  ElementwiseProgram p;
  const Operand g = p.AddArray(Access::kFull), m = p.AddArray(Access::kFull);
  const Operand v = p.AddArray(Access::kFull), w = p.AddArray(Access::kFull);
  const Operand rate = p.AddArray(Access::kScalar);
  const Operand step = p.AddArray(Access::kScalar);
  const auto correction = [&](float log_beta) {
    const Operand power = p.Emit(Opcode::kMul, {step, Immediate(log_beta)});
    return p.Emit(Opcode::kNeg, {p.Emit(Opcode::kExpm1, {power})});
  };
  const Operand size = p.Emit(
      Opcode::kNeg, {p.Emit(Opcode::kDiv, {rate, correction(-0.105360516f)})});
  const Operand inverse = p.Emit(
      Opcode::kDiv,
      {Immediate(1), p.Emit(Opcode::kSqrt, {correction(-0.00100050033f)})});
  p.EmitTo(m, Opcode::kScaleAdd, {Immediate(0.9f), m, Immediate(0.1f), g});
  p.EmitTo(v, Opcode::kScaleAddSquare,
           {Immediate(0.999f), v, Immediate(0.001f), g});
  const Operand root =
      p.Emit(Opcode::kScaleSqrtAdd, {inverse, v, Immediate(1e-8f)});
  p.EmitTo(w, Opcode::kScaleDivAdd, {size, m, root, w});
  return p;
}

void BM_Adam(benchmark::State& state) {
  const int64_t n = state.range(0);
  const int threads = static_cast<int>(state.range(1));
  Array g = Ramp(n, 1), m(n), v(n), w = Ramp(n, 1);
  Array hand_m(n), hand_v(n), hand_w = w;
  float rate = 1e-3f, step = 10;
  const CompiledElementwise adam = Compile(AdamProgram(), {{n, 1}}, threads);
  float* const arrays[] = {g.data(), m.data(), v.data(),
                           w.data(), &rate,    &step};
  const AdamScalars scalars = {0.9f, 0.999f, 1e-3f, 0.65f, 0.01f, 1e-8f};
  Compare(
      state, [&] { adam.Run(arrays, nullptr); },
      [&] {
        HandAdam(n, scalars, g.data(), hand_m.data(), hand_v.data(),
                 hand_w.data());
      });
}
BENCHMARK(BM_Adam)
    ->ArgsProduct({{30, 200, 1000, 10000, 100000, 1000000, 10000000}, {1}})
    ->Args({100000, 2})
    ->Args({1000000, 2});

void BM_CopyAgainstMemcpy(benchmark::State& state) {
  const int64_t n = state.range(0);
  Array x = Ramp(n, 1), y(n);
  ElementwiseProgram p;
  const Operand a = p.AddArray(Access::kFull), b = p.AddArray(Access::kFull);
  p.EmitTo(b, Opcode::kCopy, {a});
  const CompiledElementwise copy = Compile(p, {{n, 1}}, 1);
  float* const arrays[] = {x.data(), y.data()};
  Compare(
      state, [&] { copy.Run(arrays, nullptr); },
      [&] { std::memcpy(y.data(), x.data(), n * sizeof(float)); });
}
BENCHMARK(BM_CopyAgainstMemcpy)->Arg(30)->Arg(1000)->Arg(100000)->Arg(4000000);

void BM_Silu(benchmark::State& state) {
  const int64_t n = state.range(0);
  Array x = Ramp(n, 4), y(n);
  ElementwiseProgram p;
  const Operand a = p.AddArray(Access::kFull), b = p.AddArray(Access::kFull);
  p.EmitTo(b, Opcode::kMul, {a, p.Emit(Opcode::kSigmoid, {a})});
  const CompiledElementwise silu = Compile(p, {{n, 1}}, 1);
  float* const arrays[] = {x.data(), y.data()};
  Compare(
      state, [&] { silu.Run(arrays, nullptr); },
      [&] { HandSilu(n, x.data(), y.data()); });
}
BENCHMARK(BM_Silu)->Arg(200)->Arg(10000)->Arg(1000000);

void BM_ReluBackward(benchmark::State& state) {
  const int64_t n = state.range(0);
  Array y = Ramp(n, 4), dy = Ramp(n, 1), dx(n);
  ElementwiseProgram p;
  const Operand a = p.AddArray(Access::kFull), b = p.AddArray(Access::kFull);
  const Operand c = p.AddArray(Access::kFull);
  p.EmitTo(c, Opcode::kSelectGreater, {a, Immediate(0), b, Immediate(0)});
  const CompiledElementwise relu = Compile(p, {{n, 1}}, 1);
  float* const arrays[] = {y.data(), dy.data(), dx.data()};
  Compare(
      state, [&] { relu.Run(arrays, nullptr); },
      [&] { HandReluBackward(n, y.data(), dy.data(), dx.data()); });
}
BENCHMARK(BM_ReluBackward)->Arg(200)->Arg(10000)->Arg(1000000);

void BM_BiasRelu(benchmark::State& state) {
  const int64_t rows = state.range(0), columns = state.range(1);
  Array x = Ramp(rows * columns, 1), y(rows * columns);
  Array bias = Ramp(columns, 1);
  ElementwiseProgram p;
  const Operand a = p.AddArray(Access::kFull), b = p.AddArray(Access::kRow);
  const Operand c = p.AddArray(Access::kFull);
  p.EmitTo(c, Opcode::kMax, {p.Emit(Opcode::kAdd, {a, b}), Immediate(0)});
  const CompiledElementwise step = Compile(p, {{rows * columns, columns}}, 1);
  float* const arrays[] = {x.data(), bias.data(), y.data()};
  Compare(
      state, [&] { step.Run(arrays, nullptr); },
      [&] { HandBiasRelu(rows, columns, x.data(), bias.data(), y.data()); });
}
BENCHMARK(BM_BiasRelu)
    ->Args({200, 10})
    ->Args({200, 30})
    ->Args({128, 512})
    ->Args({1000, 1000});

void BM_SquaredError(benchmark::State& state) {
  const int64_t n = state.range(0);
  Array y = Ramp(n, 1), t = Ramp(n, 2), d(n);
  float sum = 0;
  ElementwiseProgram p;
  const Operand a = p.AddArray(Access::kFull), b = p.AddArray(Access::kFull);
  const Operand c = p.AddArray(Access::kFull);
  const Operand total = p.AddArray(Access::kScalar);
  p.EmitTo(c, Opcode::kSub, {a, b});
  p.EmitTo(total, Opcode::kSumProduct, {c, c, Immediate(1)});
  const CompiledElementwise step = Compile(p, {{n, 1}}, 1);
  std::vector<double> scratch(step.scratch_bytes() / sizeof(double));
  float* const arrays[] = {y.data(), t.data(), d.data(), &sum};
  Compare(
      state, [&] { step.Run(arrays, scratch.data()); },
      [&] {
        benchmark::DoNotOptimize(
            HandSquaredError(n, y.data(), t.data(), d.data()));
      });
}
BENCHMARK(BM_SquaredError)->Arg(200)->Arg(10000)->Arg(1000000);

void BM_CrossEntropy(benchmark::State& state) {
  const MatrixSize size = {state.range(0), state.range(1)};
  Array x = Ramp(size.rows * size.columns, 3), loss(size.rows);
  std::vector<int32_t> labels(size.rows);
  for (int64_t i = 0; i < size.rows; ++i) {
    labels[i] = static_cast<int32_t>(i % size.columns);
  }
  const Isa isa = DetectIsa();
  Compare(
      state,
      [&] {
        SoftmaxCrossEntropy(isa, 1, size, x.data(), labels.data(), loss.data());
      },
      [&] {
        HandCrossEntropy(size.rows, size.columns, x.data(), labels.data(),
                         loss.data());
      });
}
BENCHMARK(BM_CrossEntropy)
    ->Args({128, 2})
    ->Args({128, 10})
    ->Args({128, 16})
    ->Args({128, 32})
    ->Args({128, 33})
    ->Args({128, 100})
    ->Args({128, 1000});

void BM_Dense(benchmark::State& state) {
  SmallMatmulOptions o;
  o.m = state.range(0);
  o.k = state.range(1);
  o.n = state.range(2);
  Array a = Ramp(o.m * o.k, 1), b = Ramp(o.k * o.n, 1);
  Array bias = Ramp(o.n, 1), c(o.m * o.n);
  const Isa isa = DetectIsa();
  Compare(
      state,
      [&] { SmallMatmul(isa, o, a.data(), b.data(), bias.data(), c.data()); },
      [&] {
        HandDense(o.m, o.n, o.k, a.data(), b.data(), bias.data(), c.data());
      });
}
BENCHMARK(BM_Dense)
    ->Args({200, 1, 30})
    ->Args({200, 30, 1})
    ->Args({32, 30, 30})
    ->Args({1, 200, 30})
    ->Args({128, 64, 10})
    ->Args({128, 64, 64});

// One epoch of fitting a cosine, by steps as a plan would chain them: dense
// 1-30-1 with relu, 200 points at once, mean squared error, Adam.
class CosineStep {
 public:
  CosineStep()
      : x_(Ramp(kPoints, 1)),
        t_(Ramp(kPoints, 0.5f)),
        w1_(Ramp(kUnits, 0.7f)),
        b1_(Ramp(kUnits, 0.1f)),
        w2_(Ramp(kUnits, 0.2f)),
        b2_(1),
        h_(kPoints * kUnits),
        y_(kPoints),
        dy_(kPoints),
        dh_(kPoints * kUnits),
        dw1_(kUnits),
        db1_(kUnits),
        dw2_(kUnits),
        db2_(1),
        moments_(2 * (3 * kUnits + 1)),
        scratch_(1024),
        forward_(Compile(Forward(), {{kPoints * kUnits, kUnits}}, 1)),
        loss_step_(Compile(Loss(), {{kPoints, 1}}, 1)),
        backward_(Compile(Backward(), {{kPoints * kUnits, kUnits}}, 1)),
        adam_(Compile(AdamProgram(),
                      {{kUnits, 1}, {kUnits, 1}, {kUnits, 1}, {1, 1}}, 1)) {
    float* const parameters[] = {w1_.data(), b1_.data(), w2_.data(),
                                 b2_.data()};
    float* const gradients[] = {dw1_.data(), db1_.data(), dw2_.data(),
                                db2_.data()};
    float* moment = moments_.data();
    for (int i = 0; i < 4; ++i) {
      const int64_t n = i < 3 ? kUnits : 1;
      for (float* p :
           {gradients[i], moment, moment + n, parameters[i], &rate_, &step_}) {
        adam_arrays_.push_back(p);
      }
      moment += 2 * n;
    }
    hidden_.m = kPoints;
    hidden_.k = kUnits;
    hidden_.n = 1;
    dw2_options_.m = kUnits;
    dw2_options_.k = kPoints;
    dw2_options_.n = 1;
    dw2_options_.transpose_a = true;
    dw1_options_.m = 1;
    dw1_options_.k = kPoints;
    dw1_options_.n = kUnits;
    dw1_options_.transpose_a = true;
  }

  float loss() const { return loss_; }

  void Run() {
    for (int part = 0; part < kParts; ++part) RunPart(part);
  }

  static constexpr int kParts = 9;
  void RunPart(int part) {
    switch (part) {
      case 0:
        forward_.Run({x_.data(), w1_.data(), b1_.data(), h_.data()}, nullptr);
        break;
      case 1:
        SmallMatmul(isa_, hidden_, h_.data(), w2_.data(), b2_.data(),
                    y_.data());
        break;
      case 2:
        loss_step_.Run({y_.data(), t_.data(), dy_.data(), &loss_},
                       scratch_.data());
        break;
      case 3:
        SmallMatmul(isa_, dw2_options_, h_.data(), dy_.data(), nullptr,
                    dw2_.data());
        break;
      case 4:
        SumOverRows(isa_, 1, {kPoints, 1}, 1, dy_.data(), db2_.data(),
                    scratch_.data());
        break;
      case 5:
        backward_.Run({h_.data(), dy_.data(), w2_.data(), dh_.data()}, nullptr);
        break;
      case 6:
        SmallMatmul(isa_, dw1_options_, x_.data(), dh_.data(), nullptr,
                    dw1_.data());
        break;
      case 7:
        SumOverRows(isa_, 1, {kPoints, kUnits}, 1, dh_.data(), db1_.data(),
                    scratch_.data());
        break;
      case 8:
        step_ += 1;
        adam_.Run(adam_arrays_, nullptr);
        break;
    }
  }

 private:
  static constexpr int64_t kPoints = 200;
  static constexpr int64_t kUnits = 30;

  static ElementwiseProgram Forward() {
    ElementwiseProgram p;
    const Operand x = p.AddArray(Access::kColumn), w = p.AddArray(Access::kRow);
    const Operand b = p.AddArray(Access::kRow), h = p.AddArray(Access::kFull);
    p.EmitTo(h, Opcode::kMax, {p.Emit(Opcode::kFma, {x, w, b}), Immediate(0)});
    return p;
  }
  static ElementwiseProgram Loss() {
    ElementwiseProgram p;
    const Operand y = p.AddArray(Access::kFull), t = p.AddArray(Access::kFull);
    const Operand dy = p.AddArray(Access::kFull);
    const Operand loss = p.AddArray(Access::kScalar);
    const Operand d = p.Emit(Opcode::kSub, {y, t});
    p.EmitTo(dy, Opcode::kMul, {d, Immediate(2.0f / kPoints)});
    p.EmitTo(loss, Opcode::kSumProduct, {d, d, Immediate(1.0f / kPoints)});
    return p;
  }
  static ElementwiseProgram Backward() {
    ElementwiseProgram p;
    const Operand h = p.AddArray(Access::kFull);
    const Operand dy = p.AddArray(Access::kColumn);
    const Operand w = p.AddArray(Access::kRow);
    const Operand dh = p.AddArray(Access::kFull);
    p.EmitTo(dh, Opcode::kSelectGreater,
             {h, Immediate(0), p.Emit(Opcode::kMul, {dy, w}), Immediate(0)});
    return p;
  }

  const Isa isa_ = DetectIsa();
  Array x_, t_, w1_, b1_, w2_, b2_, h_, y_, dy_, dh_, dw1_, db1_, dw2_, db2_,
      moments_;
  std::vector<double> scratch_;
  float rate_ = 1e-2f, step_ = 0, loss_ = 0;
  CompiledElementwise forward_, loss_step_, backward_, adam_;
  std::vector<float*> adam_arrays_;
  SmallMatmulOptions hidden_, dw1_options_, dw2_options_;
};

void BM_CosineEpoch(benchmark::State& state) {
  CosineStep step;
  Measure(state, [&] { step.Run(); });
  state.counters["loss"] = step.loss();
}
BENCHMARK(BM_CosineEpoch);

// The parts of it: forward, its product, loss, dW2, db2, dh, dW1, db1, Adam.
void BM_CosinePart(benchmark::State& state) {
  CosineStep step;
  step.Run();
  const int part = static_cast<int>(state.range(0));
  Measure(state, [&] { step.RunPart(part); });
}
BENCHMARK(BM_CosinePart)->DenseRange(0, CosineStep::kParts - 1);

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush-to-zero, denormals-are-zero
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
