#include "runtime/plan_builder.h"

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "graph/check.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/broadcast.h"
#include "runtime/checked_lowering.h"
#include "runtime/expression.h"
#include "runtime/finite.h"

namespace espalier {
namespace {

// Elements of a mean are multiplied by this while they are summed: some
// hundreds of them in single precision, whose sum may be too large for it where
// the mean is not. A power of two changes no bits.
constexpr float kMeanFactor = 0x1p-12f;

std::vector<bool> LiveNodes(const Graph& graph) {
  std::vector<bool> live(graph.num_nodes());
  for (const GraphOutput& output : graph.outputs()) live[output.node] = true;
  for (const GraphUpdate& update : graph.updates()) {
    live[update.leaf] = true;
    live[update.value] = true;
  }
  for (NodeId id = graph.num_nodes() - 1; id >= 0; --id) {
    if (!live[id]) continue;
    for (NodeId input : graph.node(id).inputs) live[input] = true;
  }
  return live;
}

BufferRole RoleOf(LeafKind kind) {
  switch (kind) {
    case LeafKind::kInput:
      return BufferRole::kInput;
    case LeafKind::kParameter:
      return BufferRole::kParameter;
    case LeafKind::kState:
      return BufferRole::kState;
    case LeafKind::kConstant:
      return BufferRole::kConstant;
  }
  return BufferRole::kConstant;
}

// Its verbs are called with what CheckedLowering lets through, and by each
// other.
class PlanBuilder : public Lowering {
 public:
  explicit PlanBuilder(const Graph& graph)
      : graph_(graph), buffer_of_(graph.num_nodes(), kNoBuffer) {
    plan_.name = graph.name();
  }

  absl::StatusOr<Plan> Build() {
    const std::vector<bool> live = LiveNodes(graph_);
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const absl::optional<LeafKind> leaf = AsLeaf(*graph_.node(id).op);
      if (leaf.has_value()) {
        if (live[id] || leaf == LeafKind::kInput) AddLeaf(id, *leaf);
      } else if (live[id]) {
        RETURN_IF_ERROR(AddNode(id));
      }
    }
    for (NodeId id : graph_.inputs()) plan_.inputs.push_back(buffer_of_[id]);
    for (const GraphOutput& output : graph_.outputs()) {
      plan_.outputs.push_back(buffer_of_[output.node]);
    }
    for (const GraphUpdate& update : graph_.updates()) {
      plan_.updates.push_back(
          {buffer_of_[update.leaf], buffer_of_[update.value]});
    }
    return std::move(plan_);
  }

  BufferId input(int i) const override {
    return buffer_of_[graph_.node(node_).inputs[i]];
  }
  const TensorType& input_type(int i) const override {
    return graph_.node(graph_.node(node_).inputs[i]).type;
  }
  const TensorType& output_type() const override {
    return graph_.node(node_).type;
  }

  BufferId Elementwise(const Expr& expr, absl::Span<const BufferId> operands,
                       const Shape& shape) override {
    std::vector<DataType> types;
    for (BufferId operand : operands) {
      types.push_back(plan_.buffers[operand].type.dtype);
    }
    const TensorType type = {TypeOf(expr, types), shape};
    Formula formula(*this, operands, shape);
    const Term result = formula.Translate(expr);
    ElementwiseStep& step = formula.step;
    ElementwiseStep::Segment& segment = step.segments[0];
    if (result.kind == Term::Kind::kArray &&
        step.code.arrays[result.index] == Access::kFull) {
      return Reshape(segment.arrays[result.index], shape);
    }
    const BufferId y = AddTemporary(type);
    if (result.kind == Term::Kind::kNumber) facts_[y].number = result.number;
    if (result.kind == Term::Kind::kArray) {
      facts_[y].stretched = segment.arrays[result.index];
    }
    segment.arrays.push_back(y);
    step.code.stores.push_back({step.code.AddArray(Access::kFull), result});
    AddStep(std::move(step));
    return y;
  }

  BufferId MatMul(const MatMulSpec& spec, const Shape& shape) override {
    const int64_t inner = plan_.shape(spec.a).dim(spec.transpose_a ? 0 : 1);
    if (inner == 1) return OuterProduct(spec, shape);
    const BufferId y = AddTemporary(shape);
    MatMulStep step;
    step.a = spec.a;
    step.b = spec.b;
    step.transpose_a = spec.transpose_a;
    step.transpose_b = spec.transpose_b;
    step.bias = spec.bias.value_or(kNoBuffer);
    step.y = y;
    AddStep(step);
    return y;
  }

  BufferId Reduce(ReduceKind kind, BufferId x, absl::Span<const int64_t> axes,
                  const Shape& shape) override {
    const std::vector<int64_t> key(axes.begin(), axes.end());
    const auto known = reductions_.find({kind, x, key});
    if (known != reductions_.end()) return Reshape(known->second, shape);
    const BufferId y = MakeReduction(kind, x, axes, shape);
    reductions_[{kind, x, key}] = y;
    return y;
  }

  BufferId MeanSquaredDeviation(BufferId x, BufferId centers,
                                const Shape& shape) override {
    const Shape from = plan_.shape(x);
    ReduceStep step;
    step.fold = ReduceStep::Fold::kSquaredDeviations;
    step.x = x;
    step.centers = centers;
    if (from.rank() == 2) {
      step.reduced = ExtentOf(Shape({from.dim(0)}));
      step.inner = from.dim(1);
      step.scale = ScaleOfMean(from, {0});
      step.y = AddTemporary(shape);
      const BufferId y = step.y;
      AddStep(step);
      return y;
    }
    std::vector<int64_t> axes;
    for (int axis = 2; axis < from.rank(); ++axis) axes.push_back(axis);
    step.outer = ExtentOf(Shape(from.dims().subspan(0, 2)));
    step.reduced = ExtentOf(Shape(from.dims().subspan(2)));
    step.scale = ScaleOfMean(from, axes);
    step.y = AddTemporary(Shape(from.dims().subspan(0, 2)));
    const BufferId of_sample = step.y;
    AddStep(step);
    return Reduce(ReduceKind::kMean, of_sample, {0}, shape);
  }

  BufferId Softmax(BufferId x, bool log, const Shape& shape) override {
    const BufferId y = AddTemporary(shape);
    AddStep(SoftmaxStep{x, log, y});
    return y;
  }

  BufferId CrossEntropy(BufferId logits, BufferId labels,
                        const Shape& shape) override {
    const BufferId loss = AddTemporary(shape);
    AddStep(CrossEntropyStep{logits, labels, loss});
    return loss;
  }

  BufferId CrossEntropyGradient(BufferId logits, BufferId labels, BufferId dy,
                                const Shape& shape) override {
    const BufferId dx = AddTemporary(shape);
    CrossEntropyGradientStep step = {logits, labels, dy, {}, dx};
    const Facts& facts = FactsOf(dy);
    if (facts.number.has_value()) {
      step.dy = kNoBuffer;
      step.dy_number = *facts.number;
    } else if (facts.stretched.has_value() &&
               ExtentOf(plan_.shape(*facts.stretched)) == Extent{1, false}) {
      step.dy = *facts.stretched;
    }
    AddStep(step);
    return dx;
  }

  BufferId LayerNorm(BufferId x, BufferId scale, BufferId shift, float epsilon,
                     const Shape& shape) override {
    const BufferId y = AddTemporary(shape);
    AddStep(LayerNormStep{x, scale, shift, epsilon, y});
    return y;
  }

  BufferId LayerNormGradient(BufferId x, BufferId g, float epsilon,
                             const Shape& shape) override {
    const BufferId dx = AddTemporary(shape);
    AddStep(LayerNormGradientStep{x, g, kNoBuffer, epsilon, dx});
    return dx;
  }

  BufferId Dropout(const DropoutSpec& spec, const Shape& shape) override {
    const BufferId y = AddTemporary(shape);
    AddStep(DropoutStep{spec.x, spec.step, spec.rate, spec.seed, y});
    return y;
  }

  BufferId Rearrange(absl::Span<const BoxCopy> boxes, bool zeros,
                     const Shape& shape) override {
    const BoxCopy& first = boxes[0];
    const DataType dtype = plan_.buffers[first.from].type.dtype;
    const bool one = boxes.size() == 1 && !zeros;
    if (one && IsWhole(first, shape)) return Reshape(first.from, shape);
    const BufferId y = AddTemporary({dtype, shape});
    if (one) facts_[y].number = FactsOf(first.from).number;
    AddStep(RearrangeStep{{{{boxes.begin(), boxes.end()}, zeros, y}}});
    return y;
  }

  BufferId Gather(BufferId x, BufferId indices, int axis,
                  const Shape& shape) override {
    const TensorType type = plan_.buffers[x].type;
    const BufferId y = AddTemporary({type.dtype, shape});
    GatherStep step = {x, indices, {}, 1, 1, y};
    SeeAround(type.shape, axis, step);
    AddStep(step);
    return y;
  }

  BufferId ScatterAdd(BufferId values, BufferId indices, int axis,
                      const Shape& shape) override {
    const BufferId y = AddTemporary(shape);
    ScatterAddStep step = {values, indices, {}, 1, 1, y};
    SeeAround(shape, axis, step);
    AddStep(step);
    return y;
  }

  BufferId Reshape(BufferId x, const Shape& shape) override {
    ESPALIER_CHECK(ExtentOf(plan_.shape(x)) == ExtentOf(shape));
    if (plan_.shape(x) == shape) return x;
    const TensorType type = {plan_.buffers[x].type.dtype, shape};
    const BufferId alias = plan_.AddTemporary(type, Name());
    plan_.buffers[alias].root = plan_.Root(x);
    facts_.emplace_back();
    facts_[alias].number = FactsOf(x).number;
    return alias;
  }

  void SetResult(BufferId buffer) override { buffer_of_[node_] = buffer; }

 private:
  // What is known of a buffer without running anything.
  struct Facts {
    absl::optional<BatchNumber> number;  // every element is this
    absl::optional<BufferId> stretched;  // it is this one, stretched
  };

  // One formula while it is turned into a step.
  struct Formula {
    Formula(PlanBuilder& builder, absl::Span<const BufferId> operands,
            const Shape& shape)
        : builder(builder), operands(operands), shape(shape) {
      step.segments.emplace_back();
      step.segments[0].elements = ExtentOf(shape);
      terms.resize(operands.size());
    }

    // Each node once, however many paths lead to it, sources before what reads
    // them; without recursion, since formulas may be deep.
    Term Translate(const Expr& expr) {
      std::vector<const Expr::Node*> pending = {&expr.node()};
      while (!pending.empty()) {
        const Expr::Node& node = *pending.back();
        bool ready = true;
        for (size_t i = node.sources.size(); i-- > 0;) {
          const Expr::Node& source = node.sources[i].node();
          if (translated.contains(&source)) continue;
          pending.push_back(&source);
          ready = false;
        }
        if (!ready) continue;
        pending.pop_back();
        if (!translated.contains(&node)) {
          translated.emplace(&node, TranslateNode(node));
        }
      }
      return translated.at(&expr.node());
    }

    // REQUIRES: its sources are translated.
    Term TranslateNode(const Expr::Node& node) {
      switch (node.kind) {
        case Expr::Node::Kind::kOperand:
          return Read(node.operand);
        case Expr::Node::Kind::kNumber:
          return Term::Number({node.value, node.batch_power});
        case Expr::Node::Kind::kOperation:
          break;
      }
      std::vector<Term> sources;
      for (const Expr& source : node.sources) {
        sources.push_back(translated.at(&source.node()));
      }
      return step.code.Emit(node.opcode, sources);
    }

    Term Read(int operand) {
      ESPALIER_CHECK(operand >= 0 &&
                     operand < static_cast<int>(operands.size()));
      if (terms[operand].kind == Term::Kind::kNone) {
        terms[operand] = Resolve(operands[operand]);
      }
      return terms[operand];
    }

    Term Resolve(BufferId operand) {
      Plan& plan = builder.plan_;
      const Facts facts = builder.FactsOf(operand);
      if (facts.number.has_value()) return Term::Number(*facts.number);
      if (facts.stretched.has_value()) operand = *facts.stretched;
      ElementwiseStep::Segment& segment = step.segments[0];
      absl::optional<BroadcastAccess> access =
          ClassifyBroadcast(plan.shape(operand), shape);
      if (!access.has_value() ||
          (access->columns != 0 && segment.columns != 0 &&
           access->columns != segment.columns)) {
        operand = builder.Materialise(operand, shape);
        access = BroadcastAccess{Access::kFull, 0};
      }
      if (access->columns != 0) segment.columns = access->columns;
      for (size_t j = 0; j < segment.arrays.size(); ++j) {
        if (plan.Root(segment.arrays[j]) == plan.Root(operand) &&
            step.code.arrays[j] == access->access) {
          return Term::Array(static_cast<int>(j));
        }
      }
      segment.arrays.push_back(operand);
      return Term::Array(step.code.AddArray(access->access));
    }

    PlanBuilder& builder;
    absl::Span<const BufferId> operands;
    const Shape& shape;
    ElementwiseStep step;
    std::vector<Term> terms;  // of the operands read so far
    absl::flat_hash_map<const Expr::Node*, Term> translated;
  };

  std::string Name() const { return graph_.node(node_).name; }

  BufferId AddTemporary(const TensorType& type) {
    const BufferId id = plan_.AddTemporary(type, Name());
    facts_.emplace_back();
    return id;
  }
  BufferId AddTemporary(const Shape& shape) {
    return AddTemporary({DataType::kF32, shape});
  }

  void AddStep(Step::Work work) {
    plan_.steps.push_back({std::move(work), Name()});
  }

  const Facts& FactsOf(BufferId id) const { return facts_[id]; }

  void AddLeaf(NodeId id, LeafKind kind) {
    const Node& node = graph_.node(id);
    const BufferId buffer = plan_.AddTemporary(node.type, node.name);
    plan_.buffers[buffer].role = RoleOf(kind);
    plan_.buffers[buffer].leaf = id;
    facts_.emplace_back();
    buffer_of_[id] = buffer;
    const Tensor* value = ConstantValue(*node.op);
    // Sessions look at inputs and parameters. States that change beside
    // parameters are not looked at.
    plan_.buffers[buffer].finite =
        kind == LeafKind::kInput || kind == LeafKind::kParameter ||
        (value != nullptr && CheckFinite(*value).ok());
    if (value != nullptr && value->dtype() == DataType::kF32 &&
        value->num_elements() == 1) {
      facts_[buffer].number = BatchNumber{value->data<float>()[0], 0};
    }
  }

  absl::Status AddNode(NodeId id) {
    node_ = id;
    const Node& node = graph_.node(id);
    CheckedLowering lowering(plan_, static_cast<int>(node.inputs.size()),
                             *this);
    const absl::Status lowered = node.op->Lower(lowering);
    if (!lowering.status().ok()) {
      return Annotate(lowering.status(),
                      absl::StrCat(node.ToString(), ": Lower"));
    }
    if (!lowered.ok()) return Annotate(lowered, node.ToString());
    if (buffer_of_[id] == kNoBuffer) {
      return absl::InternalError(
          absl::StrCat(node.ToString(), ": Lower sets no result"));
    }
    return absl::OkStatus();
  }

  BufferId Materialise(BufferId x, const Shape& shape) {
    const BufferId y = AddTemporary({plan_.buffers[x].type.dtype, shape});
    AddStep(CopyStep{x, y});
    return y;
  }

  // Whether the box is all elements of its array in their order, and makes the
  // whole of a result of this shape.
  bool IsWhole(const BoxCopy& box, const Shape& shape) const {
    if (ExtentOf(plan_.shape(box.from)) != ExtentOf(shape)) return false;
    int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      const BoxAxis& axis = box.axes[static_cast<size_t>(i)];
      if (axis.size != shape.dim(i)) return false;
      if (axis.size != 1 && axis.from_stride != stride) return false;
      stride *= axis.size;
    }
    return box.from_offset == 0;
  }

  // A table of this shape as [outer, rows, inner] around an axis.
  template <typename AnyStep>
  static void SeeAround(const Shape& table, int axis, AnyStep& step) {
    const auto dims = table.dims();
    const auto at = static_cast<size_t>(axis);
    step.outer = ExtentOf(Shape(dims.subspan(0, at)));
    step.rows = dims[at];
    step.inner = Shape(dims.subspan(at + 1)).num_elements();
  }

  // A product over an inner size of 1, which is elementwise.
  BufferId OuterProduct(const MatMulSpec& spec, const Shape& shape) {
    std::vector<BufferId> operands = {
        Reshape(spec.a, Shape({shape.dim(0), 1})),
        Reshape(spec.b, Shape({1, shape.dim(1)}))};
    Expr y = Expr::Operand(0) * Expr::Operand(1);
    if (spec.bias.has_value()) {
      operands.push_back(*spec.bias);
      y = y + Expr::Operand(2);
    }
    return Elementwise(y, operands, shape);
  }

  static BatchNumber ScaleOfMean(const Shape& from,
                                 absl::Span<const int64_t> axes) {
    BatchNumber scale = {1, 0};
    double count = 1;
    for (int64_t axis : axes) {
      if (from.dim(static_cast<int>(axis)) == kBatch) {
        --scale.batch_power;
      } else {
        count *= static_cast<double>(from.dim(static_cast<int>(axis)));
      }
    }
    scale.value = static_cast<float>(1 / count);
    return scale;
  }

  BufferId MakeReduction(ReduceKind kind, BufferId x,
                         absl::Span<const int64_t> axes, const Shape& shape) {
    using Fold = ReduceStep::Fold;
    if (kind == ReduceKind::kMax || kind == ReduceKind::kMin) {
      const Fold fold = kind == ReduceKind::kMax ? Fold::kMax : Fold::kMin;
      return ReduceAxes(fold, x, axes, {1, 0}, shape);
    }
    const BatchNumber scale = kind == ReduceKind::kMean
                                  ? ScaleOfMean(plan_.shape(x), axes)
                                  : BatchNumber{1, 0};
    const Extent result = ExtentOf(shape);
    if (!result.times_batch && result.factor == 1) {
      return SumAll(x, kind, scale, shape);
    }
    return ReduceAxes(Fold::kSum, x, axes, scale, shape);
  }

  // The sum of all elements, written as an elementwise step so that it can
  // join the one that computes them.
  BufferId SumAll(BufferId x, ReduceKind kind, BatchNumber scale,
                  const Shape& shape) {
    const BufferId y = AddTemporary(shape);
    ElementwiseStep step;
    step.segments.emplace_back();
    step.segments[0].elements = ExtentOf(plan_.shape(x));
    step.segments[0].arrays = {x, y};
    const Term term = Term::Array(step.code.AddArray(Access::kFull));
    Term times;
    if (kind == ReduceKind::kMean) {
      times = Term::Number({kMeanFactor, 0});
      scale.value /= kMeanFactor;
    }
    step.code.sums.push_back(
        {step.code.AddArray(Access::kScalar), term, times, scale});
    AddStep(std::move(step));
    return y;
  }

  // Over runs of neighbouring axes, the last run first.
  BufferId ReduceAxes(ReduceStep::Fold fold, BufferId x,
                      absl::Span<const int64_t> axes, BatchNumber scale,
                      const Shape& shape) {
    Shape from = plan_.shape(x);
    size_t end = axes.size();  // axes before this are still to be summed over
    while (end > 0) {
      size_t begin = end - 1;
      while (begin > 0 && axes[begin - 1] == axes[begin] - 1) --begin;
      const auto dims = from.dims();
      const size_t first = static_cast<size_t>(axes[begin]);
      const size_t past = static_cast<size_t>(axes[end - 1]) + 1;
      ReduceStep step;
      step.fold = fold;
      step.x = x;
      step.outer = ExtentOf(Shape(dims.subspan(0, first)));
      step.reduced = ExtentOf(Shape(dims.subspan(first, past - first)));
      step.inner = Shape(dims.subspan(past)).num_elements();
      step.scale = begin == 0 ? scale : BatchNumber{1, 0};
      for (size_t i = first; i < past; ++i)
        from.set_dim(static_cast<int>(i), 1);
      step.y = AddTemporary(from);
      x = step.y;
      AddStep(step);
      end = begin;
    }
    return Reshape(x, shape);
  }

  const Graph& graph_;
  Plan plan_;
  std::vector<Facts> facts_;  // by buffer
  // By kind, operand and axes: what is reduced already. No buffer that a step
  // reads changes before all steps are done.
  std::map<std::tuple<ReduceKind, BufferId, std::vector<int64_t>>, BufferId>
      reductions_;
  std::vector<BufferId> buffer_of_;
  NodeId node_ = kNoNode;
};

}  // namespace

absl::StatusOr<Plan> BuildPlan(const Graph& graph) {
  return PlanBuilder(graph).Build();
}

}  // namespace espalier
