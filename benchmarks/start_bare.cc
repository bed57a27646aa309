// For start_benchmark: a dense network with relu on bare oneDNN, one row, from
// the start of the process to its first outputs, which it prints.
//   start_bare WEIGHTS IN H... OUT
// WEIGHTS holds float32 numbers, layer by layer: W row by row, one row an
// input, then b.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <vector>

namespace {

using Memory = dnnl::memory;
using Tag = Memory::format_tag;

// y = relu(x W + b), or without the relu; W in the layout that oneDNN likes.
Memory RunLayer(const dnnl::engine& engine, dnnl::stream* stream,
                const Memory& x, float* weight, float* bias, Memory::dim inputs,
                Memory::dim outputs, bool relu) {
  const auto type = Memory::data_type::f32;
  const Memory::desc plain({inputs, outputs}, type, Tag::ab);
  const Memory::desc any({inputs, outputs}, type, Tag::any);
  const Memory::desc b({1, outputs}, type, Tag::ab);
  const Memory::desc y({1, outputs}, type, Tag::ab);
  dnnl::primitive_attr attributes;
  if (relu) {
    dnnl::post_ops after;
#if DNNL_VERSION_MAJOR >= 3
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
#else
    after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
#endif
    attributes.set_post_ops(after);
  }
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc desc(engine, x.get_desc(), any, b, y,
                                          attributes);
#else
  const dnnl::matmul::primitive_desc desc(
      dnnl::matmul::desc(x.get_desc(), any, b, y), attributes, engine);
#endif
  Memory from(plain, engine, weight);
  Memory packed(desc.weights_desc(), engine);
  dnnl::reorder(from, packed).execute(*stream, from, packed);
  Memory result(y, engine);
  dnnl::matmul(desc).execute(*stream, {{DNNL_ARG_SRC, x},
                                       {DNNL_ARG_WEIGHTS, packed},
                                       {DNNL_ARG_BIAS, Memory(b, engine, bias)},
                                       {DNNL_ARG_DST, result}});
  stream->wait();
  return result;
}

std::vector<float> ReadFloats(const char* path, size_t count) {
  std::vector<float> values(count);
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr ||
      std::fread(values.data(), sizeof(float), count, file) != count) {
    std::perror(path);
    std::exit(3);
  }
  std::fclose(file);
  return values;
}

int Run(int argc, char** argv) {
  if (argc < 4) return 2;
  std::vector<Memory::dim> widths;
  for (int i = 2; i < argc; ++i) widths.push_back(std::atoll(argv[i]));
  size_t count = 0;
  for (size_t i = 1; i < widths.size(); ++i) {
    count += static_cast<size_t>((widths[i - 1] + 1) * widths[i]);
  }
  std::vector<float> weights = ReadFloats(argv[1], count);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  std::vector<float> row(static_cast<size_t>(widths[0]), 0.5f);
  Memory x({{1, widths[0]}, Memory::data_type::f32, Tag::ab}, engine,
           row.data());
  float* next = weights.data();
  for (size_t i = 1; i < widths.size(); ++i) {
    float* bias = next + widths[i - 1] * widths[i];
    x = RunLayer(engine, &stream, x, next, bias, widths[i - 1], widths[i],
                 /*relu=*/i + 1 < widths.size());
    next = bias + widths[i];
  }
  const auto* y = static_cast<const float*>(x.get_data_handle());
  for (Memory::dim i = 0; i < widths.back(); ++i) std::printf("%.9g\n", y[i]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {  // of oneDNN
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
