// Matrix products by oneDNN. No header of this folder shows a type of oneDNN's,
// and no exception of its leaves the folder.
#ifndef ESPALIER_RUNTIME_ONEDNN_MATMUL_H_
#define ESPALIER_RUNTIME_ONEDNN_MATMUL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/elementwise/matmul_activation.h"

namespace espalier {
namespace onednn {

// y[m, n] = activation(op(a) op(b) + bias[n]), f32, row by row.
// REQUIRES: m, n and k are at least 1 (2.6.3 divides by zero otherwise), and
// the products of any two fit.
struct MatMulOptions {
  int64_t m = 1, n = 1, k = 1;
  bool transpose_a = false;  // a is stored [k, m], else [m, k]
  bool transpose_b = false;  // b is stored [n, k], else [k, n]
  bool bias = false;
  MatMulActivation activation = MatMulActivation::kNone;
  float slope = 0;  // of kLeakyRelu
  // b may be read in whatever layout is fastest: see packs_b.
  bool pack_b = false;
};

struct MatMulPointers {
  const float* a = nullptr;
  const float* b = nullptr;  // packed if packs_b()
  const float* bias = nullptr;
  float* y = nullptr;       // overlaps none of the others
  void* scratch = nullptr;  // scratch_bytes(), aligned to 64
};

// One call with its pointers, for one thread at a time.
class MatMulCall {
 public:
  virtual ~MatMulCall() = default;
  virtual absl::Status Run() = 0;
  virtual void SetA(const float* a) = 0;
  virtual void SetB(const float* b) = 0;
  virtual void SetBias(const float* bias) = 0;
};

// Immutable and shared by calls on several threads.
class MatMul {
 public:
  // For as many threads as OpenMP would give the calling thread.
  static absl::StatusOr<std::shared_ptr<const MatMul>> Create(
      const MatMulOptions& options);
  virtual ~MatMul() = default;

  // What oneDNN calls the code that it chose, such as "brg:avx512_core"; its
  // slow loops have "ref" in their names.
  virtual std::string implementation() const = 0;

  virtual int64_t scratch_bytes() const = 0;

  // Whether b is wanted in another layout than given.
  virtual bool packs_b() const = 0;
  virtual int64_t packed_bytes() const = 0;
  // Whether what the other has packed serves this one.
  virtual bool HasPackedLayoutOf(const MatMul& other) const = 0;
  virtual absl::Status Pack(const float* b, void* packed) const = 0;

  virtual absl::StatusOr<std::unique_ptr<MatMulCall>> Bind(
      const MatMulPointers& pointers) const = 0;
};

}  // namespace onednn
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ONEDNN_MATMUL_H_
