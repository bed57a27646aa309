#include "runtime/session.h"

#include <list>
#include <new>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/elementwise/scan.h"
#include "runtime/executable_impl.h"
#include "runtime/finite.h"
#include "runtime/parameter_store_impl.h"
#include "runtime/run_scope.h"

namespace espalier {
namespace {

// A program with its pointers into arena, store and inputs.
struct BoundProgram {
  // Operand number `operand` of a kernel is input number `input`.
  struct InputUse {
    BoundKernel* kernel;
    int operand;
  };
  // Operand number 1 of a kernel is a packed copy of a parameter.
  struct PackedUse {
    BoundKernel* kernel;
    const Tensor* value;
    std::shared_ptr<const onednn::MatMul> matmul;
  };

  std::shared_ptr<const Program> program;
  std::vector<std::unique_ptr<BoundKernel>> kernels;
  std::vector<std::vector<InputUse>> input_uses;  // per input
  std::vector<const void*> inputs;                // where they pointed last
  std::vector<PackedUse> packed_uses;
  uint64_t store_version = 0;  // of the packed copies
  // Of the plan's finite checks: flags, and leaves to look at.
  std::vector<const float*> finite_flags;
  std::vector<absl::Span<const float>> watched;
  std::vector<TensorView> outputs;
};

absl::Status CheckType(const TensorType& expected, const TensorView& found) {
  const auto error = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", expected.ToString(), ", found ",
                     TensorType{found.dtype(), found.shape()}.ToString()));
  };
  const Shape& shape = expected.shape;
  if (expected.dtype != found.dtype() || shape.rank() != found.shape().rank()) {
    return error();
  }
  for (int i = 0; i < shape.rank(); ++i) {
    const int64_t dim = found.shape().dim(i);
    if (dim < 0 || (shape.dim(i) != kBatch && dim != shape.dim(i))) {
      return error();
    }
  }
  return found.shape().Validate();
}

}  // namespace

class Session::Impl {
 public:
  Impl(std::shared_ptr<const Executable> executable,
       std::shared_ptr<ParameterStore> store)
      : executable_(std::move(executable)),
        executable_impl_(*executable_->impl_),
        plan_(executable_impl_.plan),
        store_(std::move(store)),
        store_impl_(*store_->impl_) {}

  ~Impl() {
    if (updates_) store_impl_.ReleaseFromUpdates();
  }

  // Looks up the leaves in the store.
  absl::Status Init() {
    const Graph& graph = executable_->graph();
    std::vector<NodeId> leaves = graph.parameters();
    leaves.insert(leaves.end(), graph.states().begin(), graph.states().end());
    for (NodeId id : leaves) {
      const Node& node = graph.node(id);
      const Tensor* value = store_impl_.Find(node.name);
      if (value == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat(node.ToString(), " is not in the parameter store"));
      }
      if (value->type() != node.type) {
        return absl::InvalidArgumentError(absl::StrCat(
            node.ToString(), " has type ", node.type.ToString(),
            "; the parameter store has ", value->type().ToString()));
      }
    }
    if (!graph.updates().empty()) {
      if (!store_impl_.TakeForUpdates()) {
        return absl::FailedPreconditionError(
            "another session updates this parameter store");
      }
      updates_ = true;
    }
    return absl::OkStatus();
  }

  absl::Status Run(absl::Span<const TensorView> inputs) {
    int64_t batch = 1;
    RETURN_IF_ERROR(CheckInputs(inputs, &batch));
    if (bound_.empty() || bound_.front().program->batch() != batch) {
      RETURN_IF_ERROR(SelectProgram(batch));
    }
    BoundProgram& bound = bound_.front();
    PointToInputs(inputs, bound);
    if (bound.store_version != store_impl_.version()) {
      RETURN_IF_ERROR(RenewPackedCopies(bound));
    }
    RETURN_IF_ERROR(CheckIndexLeaves(inputs));
    {
      const RunScope scope(executable_impl_.options.threads,
                           bound.program->uses_workers());
      for (const std::unique_ptr<BoundKernel>& kernel : bound.kernels) {
        RETURN_IF_ERROR(kernel->Run());
      }
    }
    if (updates_) store_impl_.BumpVersion();
    outputs_ = &bound.outputs;
    return CheckUpdates(bound);
  }

  TensorView output(int i) const {
    if (outputs_ == nullptr) {
      return TensorView(DataType::kF32, Shape({0}), nullptr);
    }
    return (*outputs_)[static_cast<size_t>(i)];
  }

 private:
  const Node& InputNode(size_t i) const {
    const Graph& graph = executable_->graph();
    return graph.node(graph.inputs()[i]);
  }

  absl::Status CheckInputs(absl::Span<const TensorView> inputs,
                           int64_t* batch) const {
    const size_t expected = executable_->graph().inputs().size();
    if (inputs.size() != expected) {
      return absl::InvalidArgumentError(absl::StrCat(
          "run: expected ", expected, " inputs, found ", inputs.size()));
    }
    bool batch_known = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const TensorType& type = InputNode(i).type;
      const absl::Status checked = CheckType(type, inputs[i]);
      if (!checked.ok()) return InputError(i, checked);
      if (!type.shape.has_symbolic_batch()) continue;
      const int64_t found = inputs[i].shape().dim(0);
      if (batch_known && found != *batch) {
        return InputError(i, absl::InvalidArgumentError(absl::StrCat(
                                 "has a batch of ", found,
                                 ", an earlier input of ", *batch)));
      }
      *batch = found;
      batch_known = true;
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const absl::Status finite = CheckFinite(inputs[i]);
      if (!finite.ok()) return InputError(i, finite);
    }
    return absl::OkStatus();
  }

  absl::Status InputError(size_t i, const absl::Status& error) const {
    return Annotate(error,
                    absl::StrCat("run: input ", Quoted(InputNode(i).name)));
  }

  absl::Status CheckIndexLeaves(absl::Span<const TensorView> inputs) const {
    for (const IndexRange& range : executable_impl_.index_ranges) {
      const PlanBuffer& buffer = plan_.buffers[range.indices];
      absl::Span<const int32_t> values;
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (plan_.inputs[i] == range.indices) {
          values = inputs[i].data<int32_t>();
        }
      }
      if (buffer.role != BufferRole::kInput) {
        values = LeafValue(buffer).data<int32_t>();
      }
      RETURN_IF_ERROR(
          CheckIndices(executable_impl_.isa, range, buffer.name, values));
    }
    return absl::OkStatus();
  }

  absl::Status CheckUpdates(const BoundProgram& bound) const {
    for (const float* flag : bound.finite_flags) {
      if (*flag != 0) return FindNonFinite();
    }
    for (const absl::Span<const float>& values : bound.watched) {
      if (FirstNonFinite(executable_impl_.isa, values).has_value()) {
        return FindNonFinite();
      }
    }
    return absl::OkStatus();
  }

  absl::Status FindNonFinite() const {
    for (const Plan::FiniteCheck& check : plan_.finite_checks) {
      for (BufferId leaf : check.leaves) {
        const PlanBuffer& buffer = plan_.buffers[leaf];
        const absl::Status finite = CheckFinite(LeafValue(buffer));
        if (finite.ok()) continue;
        return absl::OutOfRangeError(absl::StrCat("run: the new value of node ",
                                                  Quoted(buffer.name), ": ",
                                                  finite.message()));
      }
    }
    return absl::OkStatus();
  }

  // Of a parameter, state or constant.
  const Tensor& LeafValue(const PlanBuffer& buffer) const {
    if (buffer.role == BufferRole::kConstant) {
      return *ConstantValue(*executable_->graph().node(buffer.leaf).op);
    }
    return *store_impl_.Find(buffer.name);
  }

  // Puts the program for this batch first in bound_.
  absl::Status SelectProgram(int64_t batch) {
    for (auto it = bound_.begin(); it != bound_.end(); ++it) {
      if (it->program->batch() != batch) continue;
      bound_.splice(bound_.begin(), bound_, it);
      return absl::OkStatus();
    }
    absl::StatusOr<std::shared_ptr<const Program>> program =
        executable_impl_.ProgramFor(batch);
    RETURN_IF_ERROR(Annotate(program.status(), "run"));
    if ((*program)->arena_bytes() > arena_bytes_ || arena_ == nullptr) {
      RETURN_IF_ERROR(GrowArena((*program)->arena_bytes()));
    }
    ASSIGN_OR_RETURN(BoundProgram bound, Bind(*program));
    bound_.push_front(std::move(bound));
    const auto limit =
        static_cast<size_t>(executable_impl_.options.max_programs);
    while (bound_.size() > limit) {
      if (outputs_ == &bound_.back().outputs) outputs_ = nullptr;
      bound_.pop_back();
    }
    return absl::OkStatus();
  }

  // What is bound to the old arena goes with it.
  absl::Status GrowArena(int64_t bytes) {
    outputs_ = nullptr;
    bound_.clear();
    arena_.reset();
    arena_bytes_ = 0;
    try {
      arena_ = AllocateAligned(static_cast<size_t>(bytes));
    } catch (const std::bad_alloc&) {
      return absl::ResourceExhaustedError(
          absl::StrCat("run: no memory for an arena of ", bytes, " bytes"));
    }
    arena_bytes_ = bytes;
    return absl::OkStatus();
  }

  // Where a buffer is; null for inputs, which come with each run.
  void* Address(const Program& program, BufferId id) const {
    const PlanBuffer& memory =
        plan_.buffers[plan_.buffers[plan_.Root(id)].memory];
    switch (memory.role) {
      case BufferRole::kInput:
        return nullptr;
      case BufferRole::kTemporary:
        return arena_.get() + program.offset(id);
      case BufferRole::kParameter:
      case BufferRole::kState:
      case BufferRole::kConstant:
        break;
    }
    return const_cast<void*>(LeafValue(memory).raw());
  }

  absl::StatusOr<BoundProgram> Bind(
      const std::shared_ptr<const Program>& program) {
    BoundProgram bound;
    bound.program = program;
    bound.input_uses.resize(plan_.inputs.size());
    bound.inputs.resize(plan_.inputs.size());
    for (const Program::Step& step : program->steps()) {
      std::vector<void*> operands;
      for (BufferId id : step.kernel->operands()) {
        operands.push_back(Address(*program, id));
      }
      ASSIGN_OR_RETURN(
          std::unique_ptr<BoundKernel> kernel,
          step.kernel->Bind(operands, arena_.get() + step.scratch_offset));
      NoteInputs(*step.kernel, kernel.get(), bound);
      if (auto matmul = step.kernel->packs()) {
        const PlanBuffer& b =
            plan_.buffers[plan_.Root(step.kernel->operands()[1])];
        bound.packed_uses.push_back(
            {kernel.get(), &LeafValue(b), std::move(matmul)});
      }
      bound.kernels.push_back(std::move(kernel));
    }
    RETURN_IF_ERROR(RenewPackedCopies(bound));
    for (BufferId id : plan_.outputs) {
      const TensorType& type = plan_.buffers[id].type;
      bound.outputs.emplace_back(type.dtype, type.shape.Bind(program->batch()),
                                 Address(*program, id));
    }
    for (const Plan::FiniteCheck& check : plan_.finite_checks) {
      if (check.flag != kNoBuffer) {
        bound.finite_flags.push_back(
            static_cast<const float*>(Address(*program, check.flag)));
        continue;
      }
      for (BufferId leaf : check.leaves) {
        bound.watched.push_back(LeafValue(plan_.buffers[leaf]).data<float>());
      }
    }
    return bound;
  }

  void NoteInputs(const Kernel& kernel, BoundKernel* bound_kernel,
                  BoundProgram& bound) const {
    for (size_t k = 0; k < kernel.operands().size(); ++k) {
      const BufferId root = plan_.Root(kernel.operands()[k]);
      for (size_t i = 0; i < plan_.inputs.size(); ++i) {
        if (plan_.inputs[i] == root) {
          bound.input_uses[i].push_back({bound_kernel, static_cast<int>(k)});
        }
      }
    }
  }

  static void PointToInputs(absl::Span<const TensorView> inputs,
                            BoundProgram& bound) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (bound.inputs[i] == inputs[i].raw()) continue;
      bound.inputs[i] = inputs[i].raw();
      for (const BoundProgram::InputUse& use : bound.input_uses[i]) {
        use.kernel->SetOperand(use.operand, const_cast<void*>(inputs[i].raw()));
      }
    }
  }

  absl::Status RenewPackedCopies(BoundProgram& bound) {
    const RunScope scope(executable_impl_.options.threads, /*workers=*/false);
    const auto version = store_impl_.version();
    for (const BoundProgram::PackedUse& use : bound.packed_uses) {
      ASSIGN_OR_RETURN(const float* packed,
                       store_impl_.Packed(use.value, use.matmul));
      use.kernel->SetOperand(1, const_cast<float*>(packed));
    }
    // Only now: where one could not be made, the next run tries again.
    bound.store_version = version;
    return absl::OkStatus();
  }

  const std::shared_ptr<const Executable> executable_;
  Executable::Impl& executable_impl_;
  const Plan& plan_;
  const std::shared_ptr<ParameterStore> store_;
  ParameterStore::Impl& store_impl_;
  bool updates_ = false;  // this session holds the store's right to update
  int64_t arena_bytes_ = 0;
  AlignedBytes arena_;
  // The most recently used first; all fit the arena.
  std::list<BoundProgram> bound_;
  const std::vector<TensorView>* outputs_ = nullptr;  // of the last run
};

absl::StatusOr<Session> Session::Create(
    std::shared_ptr<const Executable> executable,
    std::shared_ptr<ParameterStore> store) {
  if (executable == nullptr || store == nullptr) {
    return absl::InvalidArgumentError(
        "session: an executable and a parameter store are needed");
  }
  auto impl = std::make_unique<Impl>(std::move(executable), std::move(store));
  RETURN_IF_ERROR(Annotate(impl->Init(), "session"));
  return Session(std::move(impl));
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

absl::Status Session::Run(absl::Span<const TensorView> inputs) {
  return impl_->Run(inputs);
}

TensorView Session::output(int i) const { return impl_->output(i); }

}  // namespace espalier
