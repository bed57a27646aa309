// What a session costs beyond the primitives that it runs: a chain of dense
// layers in a session, and the same products as bare oneDNN calls over the same
// layouts. Both are timed in turns; what is printed are medians of the pairs.
//   session_benchmark [threads]
#include <omp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/median.h"
#include "graph/builder.h"
#include "ops/layers.h"
#include "runtime/session.h"

namespace espalier {
namespace {

constexpr int kLayers = 16;
constexpr int kPairs = 200;
constexpr int kRunsPerTurn = 20;

// y = relu(x W + b), kLayers times, with packed weights and prebuilt arguments.
class BareChain {
 public:
  BareChain(int64_t batch, int64_t width) : stream_(engine_) {
    using Memory = dnnl::memory;
    using Tag = Memory::format_tag;
    const auto type = Memory::data_type::f32;
    const Memory::desc rows({batch, width}, type, Tag::ab);
    const Memory::desc bias({1, width}, type, Tag::ab);
    const Memory::desc any({width, width}, type, Tag::any);
    dnnl::post_ops relu;
#if DNNL_VERSION_MAJOR >= 3
    relu.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
#else
    relu.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
#endif
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(relu);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc desc(engine_, rows, any, bias, rows,
                                            attributes);
#else
    const dnnl::matmul::primitive_desc desc(
        dnnl::matmul::desc(rows, any, bias, rows), attributes, engine_);
#endif
    const Memory scratch(desc.scratchpad_desc(), engine_);
    Memory x(rows, engine_);
    std::fill_n(static_cast<float*>(x.get_data_handle()), batch * width, 1.0f);
    for (int i = 0; i < kLayers; ++i) {
      const Memory weight(desc.weights_desc(), engine_);
      const Memory b(bias, engine_);
      const Memory y(rows, engine_);
      std::fill_n(static_cast<float*>(weight.get_data_handle()),
                  desc.weights_desc().get_size() / sizeof(float),
                  1 / static_cast<float>(width));
      std::fill_n(static_cast<float*>(b.get_data_handle()), width, 0.5f);
      memories_.insert(memories_.end(), {x, weight, b, y, scratch});
      primitives_.emplace_back(desc);
      arguments_.push_back({{DNNL_ARG_SRC, x.get()},
                            {DNNL_ARG_WEIGHTS, weight.get()},
                            {DNNL_ARG_BIAS, b.get()},
                            {DNNL_ARG_DST, y.get()},
                            {DNNL_ARG_SCRATCHPAD, scratch.get()}});
      x = y;
    }
  }

  void Run() {
    for (size_t i = 0; i < primitives_.size(); ++i) {
      dnnl_primitive_execute(primitives_[i].get(), stream_.get(),
                             static_cast<int>(arguments_[i].size()),
                             arguments_[i].data());
    }
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_;
  std::vector<dnnl::memory> memories_;
  std::vector<dnnl::matmul> primitives_;
  std::vector<std::vector<dnnl_exec_arg_t>> arguments_;
};

Session MakeSession(int64_t width, int threads) {
  GraphBuilder g("chain");
  Value x = g.Input("x", {kBatch, width});
  for (int i = 0; i < kLayers; ++i) {
    x = layers::Dense(x, width, Activation::kRelu);
  }
  g.Output("y", x);
  const auto graph = g.Build();
  CompileOptions options;
  options.threads = threads;
  auto session = Session::Create(*Executable::Compile(*graph, options),
                                 ParameterStore::Initialised(*graph, 1));
  return *std::move(session);
}

template <typename F>
double Microseconds(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRunsPerTurn; ++i) f();
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now() - start)
             .count() /
         kRunsPerTurn;
}

void Compare(int64_t batch, int64_t width, int threads) {
  Session session = MakeSession(width, threads);
  const Tensor x(DataType::kF32, {batch, width});
  const TensorView inputs[] = {x};
  const auto run = [&] {
    if (!session.Run(inputs).ok()) std::abort();
  };
  run();
  BareChain bare(batch, width);
  bare.Run();
  std::vector<double> session_us, bare_us, ratios, overheads;
  for (int pair = 0; pair < kPairs; ++pair) {
    const double s = Microseconds(run);
    const double b = Microseconds([&] { bare.Run(); });
    session_us.push_back(s);
    bare_us.push_back(b);
    ratios.push_back(s / b);
    overheads.push_back((s - b) / kLayers);
  }
  std::printf("%6lld %6lld %8d %12.2f %12.2f %8.3f %16.3f\n",
              static_cast<long long>(batch), static_cast<long long>(width),
              threads, Median(session_us), Median(bare_us), Median(ratios),
              Median(overheads));
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  omp_set_num_threads(threads);
  std::printf("chain of %d dense layers with relu, us per run\n",
              espalier::kLayers);
  std::printf(
      " batch  width  threads      session         bare    ratio"
      "  us per primitive\n");
  for (int64_t batch : {32, 128}) {
    for (int64_t width : {128, 512}) {
      espalier::Compare(batch, width, threads);
    }
  }
  return 0;
}
