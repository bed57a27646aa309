#include "benchmarks/op_floors.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise/fork.h"
#include "runtime/onednn/matmul.h"

namespace espalier {
namespace {

using Array = std::shared_ptr<Tensor>;

Array NewArray(int64_t elements, float low = -2, float high = 2) {
  return std::make_shared<Tensor>(
      RowValue({{DataType::kF32, Shape({elements})}, low, high}));
}

float* Data(const Array& array) { return array->data<float>().data(); }

}  // namespace

Floor Copy(double arrays) {
  return [arrays](int threads) {
    const auto elements =
        static_cast<int64_t>(arrays / 2 * static_cast<double>(kRowElements));
    const Array from = NewArray(elements), to = NewArray(elements);
    return [=] {
      const float* const x = Data(from);
      float* const y = Data(to);
      ForkOver(elements / 1024, threads, [=](int64_t begin, int64_t end) {
        std::memcpy(y + 1024 * begin, x + 1024 * begin,
                    static_cast<size_t>(end - begin) * 1024 * sizeof(float));
      });
    };
  };
}

Floor Bare(int reads, int writes,
           const std::function<void(ElementwiseProgram&, const Slots&,
                                    const Slots&)>& emit,
           float low, float high) {
  return [=](int threads) {
    ElementwiseProgram program;
    Slots in, out;
    for (int i = 0; i < reads; ++i)
      in.push_back(program.AddArray(Access::kFull));
    for (int i = 0; i < writes; ++i) {
      out.push_back(program.AddArray(Access::kFull));
    }
    emit(program, in, out);
    auto compiled = CompiledElementwise::Compile(program, {{kRowElements, 1}},
                                                 DetectIsa(), threads);
    if (!compiled.ok()) std::abort();
    const auto step =
        std::make_shared<CompiledElementwise>(*std::move(compiled));
    std::vector<Array> arrays;
    std::vector<float*> pointers;
    for (int i = 0; i < reads + writes; ++i) {
      arrays.push_back(NewArray(kRowElements, low, high));
      pointers.push_back(Data(arrays.back()));
    }
    return [=] {
      (void)arrays;  // kept alive
      step->Run(pointers, nullptr);
    };
  };
}

Floor Forward(const Emit& f, float low, float high) {
  return Bare(
      1, 1,
      [f](ElementwiseProgram& p, const Slots& in, const Slots& out) {
        f(p, in[0]);
        p.code.back().destination = out[0];
        --p.num_registers;
      },
      low, high);
}
Floor Backward(const Emit& slope, float low, float high) {
  return Bare(
      2, 1,
      [slope](ElementwiseProgram& p, const Slots& in, const Slots& out) {
        p.EmitTo(out[0], Opcode::kMul, {slope(p, in[0]), in[1]});
      },
      low, high);
}

Emit One(Opcode opcode) {
  return [opcode](ElementwiseProgram& p, Operand x) {
    return p.Emit(opcode, {x});
  };
}

Floor Kernel(std::vector<int64_t> elements,
             std::function<void(int threads, const std::vector<float*>&)> run) {
  return [elements = std::move(elements), run = std::move(run)](int threads) {
    std::vector<Array> arrays;
    std::vector<float*> pointers;
    for (int64_t n : elements) {
      arrays.push_back(NewArray(n));
      pointers.push_back(Data(arrays.back()));
    }
    return [=] {
      (void)arrays;  // kept alive
      run(threads, pointers);
    };
  };
}

std::function<void()> Product(const ProductShape& shape) {
  const int64_t m = shape.m, n = shape.n, k = shape.k;
  onednn::MatMulOptions options;
  options.m = m;
  options.n = n;
  options.k = k;
  options.transpose_a = shape.transpose_a;
  options.transpose_b = shape.transpose_b;
  options.bias = shape.bias;
  options.pack_b = shape.pack;
  auto created = onednn::MatMul::Create(options);
  if (!created.ok()) std::abort();
  const std::shared_ptr<const onednn::MatMul> product = *std::move(created);
  const Array a = NewArray(m * k), b = NewArray(k * n), c = NewArray(n);
  const Array y = NewArray(m * n);
  const Array packed = NewArray(product->packed_bytes() / 4 + 16),
              scratch = NewArray(product->scratch_bytes() / 4 + 16);
  onednn::MatMulPointers pointers;
  pointers.a = Data(a);
  pointers.b = Data(b);
  if (product->packs_b()) {
    if (!product->Pack(Data(b), Data(packed)).ok()) std::abort();
    pointers.b = Data(packed);
  }
  pointers.bias = Data(c);
  pointers.y = Data(y);
  pointers.scratch = Data(scratch);
  auto bound = product->Bind(pointers);
  if (!bound.ok()) std::abort();
  const std::shared_ptr<onednn::MatMulCall> call = *std::move(bound);
  return [=] {
    (void)a, (void)b, (void)c, (void)y, (void)packed, (void)scratch;
    if (!call->Run().ok()) std::abort();
  };
}

}  // namespace espalier
