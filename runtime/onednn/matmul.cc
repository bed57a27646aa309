#include "runtime/onednn/matmul.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/onednn/compat.h"

namespace espalier {
namespace onednn {
namespace {

using Tag = dnnl::memory::format_tag;
using Desc = dnnl::memory::desc;

absl::Status ErrorStatus(const dnnl::error& error) {
  const std::string message =
      absl::StrCat("oneDNN matmul: ", error.what(), " (status ",
                   static_cast<int>(error.status), ")");
  return error.status == dnnl_out_of_memory
             ? absl::ResourceExhaustedError(message)
             : absl::InternalError(message);
}

Desc MatrixDesc(int64_t rows, int64_t columns, Tag tag) {
  return Desc({rows, columns}, dnnl::memory::data_type::f32, tag);
}

Desc StoredDesc(int64_t rows, int64_t columns, bool transposed) {
  return MatrixDesc(rows, columns, transposed ? Tag::ba : Tag::ab);
}

// oneDNN reads through pointers to non-const.
void* Pointer(const float* values) { return const_cast<float*>(values); }

class Call : public MatMulCall {
 public:
  Call(const dnnl::matmul::primitive_desc& desc, dnnl::primitive primitive,
       bool bias, const MatMulPointers& pointers)
      : primitive_(std::move(primitive)),
        stream_(desc.get_engine()),
        a_(desc.src_desc(), desc.get_engine(), Pointer(pointers.a)),
        b_(desc.weights_desc(), desc.get_engine(), Pointer(pointers.b)),
        y_(desc.dst_desc(), desc.get_engine(), pointers.y),
        scratch_(desc.scratchpad_desc(), desc.get_engine(), pointers.scratch) {
    Add(DNNL_ARG_SRC, a_);
    Add(DNNL_ARG_WEIGHTS, b_);
    Add(DNNL_ARG_DST, y_);
    Add(DNNL_ARG_SCRATCHPAD, scratch_);
    if (bias) {
      bias_ = dnnl::memory(desc.query_md(dnnl::query::weights_md, 1),
                           desc.get_engine(), Pointer(pointers.bias));
      Add(DNNL_ARG_BIAS, bias_);
    }
  }

  absl::Status Run() override {
    const dnnl_status_t status = dnnl_primitive_execute(
        primitive_.get(), stream_.get(), num_arguments_, arguments_.data());
    if (status == dnnl_success) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("oneDNN matmul failed with status ", int{status}));
  }

  void SetA(const float* a) override { Set(a_, a); }
  void SetB(const float* b) override { Set(b_, b); }
  void SetBias(const float* bias) override { Set(bias_, bias); }

 private:
  void Add(int argument, const dnnl::memory& memory) {
    arguments_[num_arguments_++] = {argument, memory.get()};
  }
  // Fails only for memory objects that do not exist.
  static void Set(const dnnl::memory& memory, const float* values) {
    dnnl_memory_set_data_handle(memory.get(), Pointer(values));
  }

  dnnl::primitive primitive_;
  dnnl::stream stream_;
  dnnl::memory a_, b_, bias_, y_, scratch_;
  std::array<dnnl_exec_arg_t, 5> arguments_;
  int num_arguments_ = 0;
};

class MatMulImpl : public MatMul {
 public:
  // Throws dnnl::error.
  explicit MatMulImpl(const MatMulOptions& options)
      : options_(options),
        engine_(dnnl::engine::kind::cpu, 0),
        given_b_(StoredDesc(options.k, options.n, options.transpose_b)),
        desc_(MakeDesc()),
        primitive_(desc_) {}

  std::string implementation() const override { return desc_.impl_info_str(); }

  int64_t scratch_bytes() const override {
    return static_cast<int64_t>(desc_.scratchpad_desc().get_size());
  }

  bool packs_b() const override { return desc_.weights_desc() != given_b_; }
  int64_t packed_bytes() const override {
    return static_cast<int64_t>(desc_.weights_desc().get_size());
  }
  bool HasPackedLayoutOf(const MatMul& other) const override {
    const auto& that = static_cast<const MatMulImpl&>(other);
    return desc_.weights_desc() == that.desc_.weights_desc();
  }

  absl::Status Pack(const float* b, void* packed) const override {
    try {
      dnnl::stream stream(engine_);
      dnnl::memory from(given_b_, engine_, Pointer(b));
      dnnl::memory to(desc_.weights_desc(), engine_, packed);
      dnnl::reorder(from, to).execute(stream, from, to);
      stream.wait();
      return absl::OkStatus();
    } catch (const dnnl::error& error) {
      return ErrorStatus(error);
    }
  }

  absl::StatusOr<std::unique_ptr<MatMulCall>> Bind(
      const MatMulPointers& pointers) const override {
    try {
      return std::unique_ptr<MatMulCall>(
          std::make_unique<Call>(desc_, primitive_, options_.bias, pointers));
    } catch (const dnnl::error& error) {
      return ErrorStatus(error);
    }
  }

 private:
  dnnl::matmul::primitive_desc MakeDesc() const {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);
    if (options_.activation != MatMulActivation::kNone) {
      dnnl::post_ops post_ops;
      AppendRelu(post_ops, options_.activation == MatMulActivation::kLeakyRelu
                               ? options_.slope
                               : 0.0f);
      attributes.set_post_ops(post_ops);
    }
    const Desc b = options_.pack_b
                       ? MatrixDesc(options_.k, options_.n, Tag::any)
                       : given_b_;
    const Desc bias =
        options_.bias ? MatrixDesc(1, options_.n, Tag::ab) : Desc();
    return MakeMatMul(
        engine_, StoredDesc(options_.m, options_.k, options_.transpose_a), b,
        bias, MatrixDesc(options_.m, options_.n, Tag::ab), attributes);
  }

  const MatMulOptions options_;
  const dnnl::engine engine_;
  const Desc given_b_;
  const dnnl::matmul::primitive_desc desc_;
  const dnnl::matmul primitive_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const MatMul>> MatMul::Create(
    const MatMulOptions& options) {
  try {
    return std::shared_ptr<const MatMul>(std::make_shared<MatMulImpl>(options));
  } catch (const dnnl::error& error) {
    return ErrorStatus(error);
  }
}

}  // namespace onednn
}  // namespace espalier
