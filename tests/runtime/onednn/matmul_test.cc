#include "runtime/onednn/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "graph/tensor.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace onednn {
namespace {

using Activation = MatMulActivation;

// Operands of one product, with what it has to give.
class Product {
 public:
  explicit Product(const MatMulOptions& options)
      : options_(options),
        a_(Draw(options.m * options.k)),
        b_(Draw(options.k * options.n)),
        bias_(Draw(options.n)),
        y_(static_cast<size_t>(options.m * options.n)) {}

  const std::vector<float>& b() const { return b_; }

  // Runs the product with `b`, which may be packed.
  void Run(const MatMul& matmul, const float* b) {
    const AlignedBytes scratch =
        AllocateAligned(static_cast<size_t>(matmul.scratch_bytes()));
    const std::vector<float> elsewhere(a_.size());
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<MatMulCall> call,
                         matmul.Bind({elsewhere.data(), b, bias_.data(),
                                      y_.data(), scratch.get()}));
    ASSERT_OK(call->Run());
    // Pointed to the operand only now, as a session does with its inputs.
    call->SetA(a_.data());
    ASSERT_OK(call->Run());
  }

  void Expect() const {
    const int64_t m = options_.m, n = options_.n, k = options_.k;
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = options_.bias ? bias_[At(j)] : 0;
        double magnitude = std::fabs(sum);
        for (int64_t p = 0; p < k; ++p) {
          const double a = a_[At(options_.transpose_a ? p * m + i : i * k + p)];
          const double b = b_[At(options_.transpose_b ? j * k + p : p * n + j)];
          sum += a * b;
          magnitude += std::fabs(a * b);
        }
        if (options_.activation == Activation::kRelu) sum = std::max(sum, 0.0);
        if (options_.activation == Activation::kLeakyRelu && sum < 0) {
          sum *= options_.slope;
        }
        ASSERT_NEAR(y_[At(i * n + j)], sum,
                    2 * static_cast<double>(k + 2) * 0x1p-24 * magnitude)
            << "element " << i << ", " << j;
      }
    }
  }

 private:
  static size_t At(int64_t i) { return static_cast<size_t>(i); }
  static std::vector<float> Draw(int64_t size) {
    static TestRandom random(11);
    std::vector<float> values;
    for (int64_t i = 0; i < size; ++i) {
      values.push_back(static_cast<float>(random.Uniform(-1, 1)));
    }
    return values;
  }

  const MatMulOptions options_;
  std::vector<float> a_, b_, bias_, y_;
};

TEST(OnednnMatMulTest, MultipliesInEveryForm) {
  struct Size {
    int64_t m, n, k;
  };
  for (const Size& size : {Size{1, 1, 1}, Size{1, 40, 30}, Size{17, 10, 33},
                           Size{65, 100, 1}, Size{70, 1, 80}}) {
    for (int form = 0; form < 24; ++form) {
      MatMulOptions options;
      options.m = size.m;
      options.n = size.n;
      options.k = size.k;
      options.transpose_a = (form & 1) != 0;
      options.transpose_b = (form & 2) != 0;
      options.bias = (form & 4) != 0;
      options.activation = static_cast<Activation>(form / 8);
      options.slope = 0.125f;
      SCOPED_TRACE(form);
      ASSERT_OK_AND_ASSIGN(const auto matmul, MatMul::Create(options));
      EXPECT_FALSE(matmul->packs_b());
      Product product(options);
      product.Run(*matmul, product.b().data());
      product.Expect();
      if (HasFatalFailure()) return;
    }
  }
}

TEST(OnednnMatMulTest, PacksTheSecondOperandOnce) {
  MatMulOptions options;
  options.n = 100;
  options.k = 90;
  options.pack_b = true;
  options.bias = true;
  for (int64_t m : {1, 16, 200}) {
    options.m = m;
    ASSERT_OK_AND_ASSIGN(const auto matmul, MatMul::Create(options));
    Product product(options);
    const AlignedBytes packed =
        AllocateAligned(static_cast<size_t>(matmul->packed_bytes()));
    ASSERT_OK(matmul->Pack(product.b().data(), packed.get()));
    product.Run(*matmul, reinterpret_cast<const float*>(packed.get()));
    product.Expect();
    EXPECT_TRUE(matmul->HasPackedLayoutOf(*matmul));
  }
  MatMulOptions other = options;
  other.n = 50;
  ASSERT_OK_AND_ASSIGN(const auto wide, MatMul::Create(options));
  ASSERT_OK_AND_ASSIGN(const auto narrow, MatMul::Create(other));
  EXPECT_FALSE(wide->HasPackedLayoutOf(*narrow));
}

}  // namespace
}  // namespace onednn
}  // namespace espalier
