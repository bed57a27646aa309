// Elementwise programs made ready to run: registers placed in blocks that fit
// the first-level cache, each instruction bound to a vectorised kernel.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_COMPILED_ELEMENTWISE_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_COMPILED_ELEMENTWISE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/elementwise/isa.h"
#include "runtime/elementwise/program.h"

namespace espalier {

// REQUIRES: elements is a multiple of columns (0 columns only for 0 elements).
struct Segment {
  int64_t elements = 0;
  int64_t columns = 1;  // read only if an array has Access::kRow or kColumn
};

// Limits of one program; a planner that fuses more gets an error from Compile
// and must split.
inline constexpr int kMaxLiveBlocks = 40;  // registers alive at once, and one
                                           // each per kRow or kColumn array
inline constexpr int kMaxSlots = 240;  // arrays, blocks, scalars, immediates

// Immutable and shared; Run may be called by several threads at once.
class CompiledElementwise {
 public:
  // One program for all segments, run by `threads` OpenMP threads, or by the
  // calling one if the work is small. REQUIRES: isa is supported by this
  // machine.
  static absl::StatusOr<CompiledElementwise> Compile(
      const ElementwiseProgram& program, absl::Span<const Segment> segments,
      Isa isa, int threads);

  CompiledElementwise(CompiledElementwise&&) noexcept;
  CompiledElementwise& operator=(CompiledElementwise&&) noexcept;
  ~CompiledElementwise();

  // Threads that Run uses: 1, or what Compile was given.
  int threads() const;

  // Bytes that Run needs (0 without reductions), aligned to 64.
  int64_t scratch_bytes() const;

  // arrays[s * A + j] is array j of segment s, A the number of arrays.
  // Allocates nothing and takes no lock. The bits of the results depend on the
  // program, the segments and the ISA, never on the number of threads.
  void Run(absl::Span<float* const> arrays, void* scratch) const;

 private:
  struct Code;
  explicit CompiledElementwise(std::unique_ptr<const Code> code);

  std::unique_ptr<const Code> code_;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_COMPILED_ELEMENTWISE_H_
