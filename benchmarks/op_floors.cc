#include "benchmarks/op_floors.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmarks/move_loops.h"
#include "benchmarks/op_rows.h"
#include "graph/check.h"
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

constexpr int64_t kLine = 1024;  // elements; what threads take

}  // namespace

Floor Copy(int64_t elements) {
  return {
      "copy", [=](int threads) {
        const Array from = NewArray(elements), to = NewArray(elements);
        return [=] {
          const float* const x = Data(from);
          float* const y = Data(to);
          ForkOver(elements / kLine, threads, [=](int64_t begin, int64_t end) {
            std::memcpy(
                y + kLine * begin, x + kLine * begin,
                static_cast<size_t>(end - begin) * kLine * sizeof(float));
          });
        };
      }};
}

Floor Move(int reads, int writes) {
  if (reads == 1 && writes == 1) return Copy();
  ESPALIER_CHECK(HasMoveLoop(reads, writes));
  return {absl::StrCat("pass ", reads, ":", writes), [=](int threads) {
            std::vector<Array> arrays;
            for (int i = 0; i < reads + std::max(1, writes); ++i) {
              arrays.push_back(NewArray(kRowElements));
            }
            return [=] {
              ForkOver(
                  kRowElements / kLine, threads,
                  [&](int64_t begin, int64_t end) {
                    std::vector<const uint32_t*> from;
                    std::vector<uint32_t*> to;
                    for (int i = 0; i < static_cast<int>(arrays.size()); ++i) {
                      auto* const at = reinterpret_cast<uint32_t*>(
                          Data(arrays[static_cast<size_t>(i)]) + kLine * begin);
                      i < reads ? from.push_back(at) : to.push_back(at);
                    }
                    MoveLoop(reads, writes, from.data(), to.data(),
                             kLine * (end - begin));
                  });
            };
          }};
}

Floor Bare(int reads, int writes,
           const std::function<void(ElementwiseProgram&, const Slots&,
                                    const Slots&)>& emit,
           float low, float high) {
  return {"program", [=](int threads) {
            ElementwiseProgram program;
            Slots in, out;
            for (int i = 0; i < reads; ++i)
              in.push_back(program.AddArray(Access::kFull));
            for (int i = 0; i < writes; ++i) {
              out.push_back(program.AddArray(Access::kFull));
            }
            emit(program, in, out);
            auto compiled = CompiledElementwise::Compile(
                program, {{kRowElements, 1}}, DetectIsa(), threads);
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
          }};
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
  return {"kernel",
          [elements = std::move(elements), run = std::move(run)](int threads) {
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
          }};
}

Floor Reorder(int64_t rows, int64_t columns) {
  return {"reorder", [=](int /*threads*/) {
            using Memory = dnnl::memory;
            const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
            const auto type = Memory::data_type::f32;
            const Array from = NewArray(rows * columns),
                        to = NewArray(rows * columns);
            Memory x({{rows, columns}, type, Memory::format_tag::ab}, engine,
                     Data(from));
            Memory y({{rows, columns}, type, Memory::format_tag::ba}, engine,
                     Data(to));
            return [=, reorder = dnnl::reorder(x, y),
                    stream = dnnl::stream(engine)]() mutable {
              (void)from, (void)to;  // kept alive
              reorder.execute(stream, x, y);
              stream.wait();
            };
          }};
}

Floor InTurn(std::vector<Floor> floors) {
  const std::string name = floors[0].name + " +";
  return {name, [floors = std::move(floors)](int threads) {
            std::vector<std::function<void()>> made;
            for (const Floor& floor : floors) {
              made.push_back(floor.make(threads));
            }
            return [made = std::move(made)] {
              for (const auto& run : made) run();
            };
          }};
}

namespace {

std::function<void()> MakeProduct(const ProductShape& shape) {
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

}  // namespace

Floor Product(const ProductShape& shape) {
  return {"product", [shape](int /*threads*/) { return MakeProduct(shape); }};
}

}  // namespace espalier
