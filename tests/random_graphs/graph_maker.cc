#include "tests/random_graphs/graph_maker.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/normalization.h"
#include "ops/optimizers.h"
#include "ops/reduce.h"
#include "tests/ops/op_cases.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

// Results that are larger (at the sample that comes along) are squashed before
// others read them, so that deep graphs stay comparable.
constexpr double kLarge = 6;
constexpr int64_t kSampleBatch = 3;
// Of a node, at the sample's batch.
constexpr int64_t kMostElements = 3000;
constexpr int64_t kMostElementsOfLarge = 30000;
// Ops of which a case has so many classes take any integers.
constexpr int64_t kAnyInteger = 1 << 20;

// An op with operands that it is known to take.
struct Candidate {
  OpPtr op;
  std::vector<TensorType> types;
  double low;
  double high;
  int64_t classes;
};

std::vector<const DoubleTensor*> Pointers(
    const std::vector<DoubleTensor>& tensors) {
  std::vector<const DoubleTensor*> pointers;
  for (const DoubleTensor& tensor : tensors) pointers.push_back(&tensor);
  return pointers;
}

double LargestIn(const DoubleTensor& tensor) {
  double largest = 0;
  for (double value : tensor.values()) {
    largest = std::max(largest, std::fabs(value));
  }
  return largest;
}

class GraphMaker {
 public:
  explicit GraphMaker(uint64_t seed)
      : seed_(seed),
        random_(RandomFor(seed, "graph", 0)),
        g_(absl::StrCat("random_", seed)) {}

  absl::StatusOr<TestGraph> Make() {
    large_ = OneIn(50);
    wrapping_ = random_.Below(3);
    fixed_ = OneIn(5) ? 1 + random_.Below(5) : 0;
    ReadCases();
    if (!cases_status_.ok()) return cases_status_;
    const Shape first({kBatch, sizes_.columns});
    AddLeaf(LeafKind::kInput, {DataType::kF32, Bound(first)}, LeafRange());
    const int64_t nodes =
        OneIn(8) ? 30 + random_.Below(40) : 3 + random_.Below(20);
    for (int64_t i = 0; i < 10 * nodes && g_.num_nodes() < nodes; ++i) {
      AddNode();
      if (OneIn(100)) AddNormalizedDense();
    }
    AddTraining();
    AddUpdates();
    AddOutputs();
    absl::StatusOr<Graph> graph = g_.Build();
    if (!graph.ok()) return graph.status();
    return TestGraph{*std::move(graph), std::move(ranges_), seed_,
                     large_ ? 150 : 30};
  }

 private:
  // A value, and what it is at one sample.
  struct Known {
    Value value;
    DoubleTensor sample;
    int64_t classes = 0;  // i32: it lies in [0, classes); 0: nothing is known
    bool aside = false;   // no more nodes are to read it
    bool read = false;

    TensorType type() const { return value.type(); }
    bool is_f32() const { return type().dtype == DataType::kF32; }
  };

  bool OneIn(int64_t n) { return random_.Below(n) == 0; }

  template <typename T>
  const T& AnyOf(const std::vector<T>& list) {
    return list[static_cast<size_t>(
        random_.Below(static_cast<int64_t>(list.size())))];
  }

  Shape Bound(const Shape& shape) const {
    return fixed_ > 0 ? shape.Bind(fixed_) : shape;
  }

  void ReadCases() {
    const std::vector<int64_t> small = {1, 2, 2, 3, 3, 4, 5, 7};
    const std::vector<int64_t> wide = {1, 2, 3, 5, 8, 15, 16, 17, 33};
    sizes_ = {AnyOf(small), AnyOf(small), AnyOf(small), AnyOf(wide)};
    if (large_) sizes_ = {30 + random_.Below(35), 2, 65, 100};
    for (const OpCase& op_case : OpCasesOf(sizes_)) {
      if (OnlyGradientsMake(op_case.kind)) continue;
      const absl::StatusOr<Graph> graph = BuildCase(op_case);
      if (!graph.ok()) {
        cases_status_ = Annotate(graph.status(), op_case.name);
        return;
      }
      const OpPtr& op = graph->node(graph->outputs()[0].node).op;
      // In sizes of 1 some functions give what they were given.
      if (AsLeaf(*op).has_value()) continue;
      Candidate candidate = {
          op, {}, op_case.low, op_case.high, op_case.classes};
      for (const TensorType& type : op_case.inputs) {
        candidate.types.push_back({type.dtype, Bound(type.shape)});
      }
      std::vector<Candidate>& kind = candidates_[op_case.kind];
      if (kind.empty()) kinds_.push_back(op_case.kind);
      kind.push_back(std::move(candidate));
    }
    const int64_t mixture = random_.Below(3);
    if (mixture == 0) return;
    // Few kinds in one graph meet each other oftener (A. Groce et al., Swarm
    // Testing, ISSTA 2012), most of all those that the runtime contracts.
    std::vector<std::string> few;
    if (mixture == 1) {
      few = {"add", "sub", "mul", "div", "scale", "square", "sqrt", "neg"};
    }
    for (int64_t i = (mixture == 1 ? 0 : 2) + random_.Below(6); i > 0; --i) {
      few.push_back(AnyOf(kinds_));
    }
    kinds_ = std::move(few);
  }

  // Gives its place in known_, as do all that return a size_t.
  size_t AddKnown(Value value, DoubleTensor sample, int64_t classes = 0) {
    known_.push_back({value, std::move(sample), classes});
    return known_.size() - 1;
  }

  // Of the values that may be read and for which the test is true.
  template <typename Test>
  std::vector<size_t> Places(const Test& test) const {
    std::vector<size_t> places;
    for (size_t i = 0; i < known_.size(); ++i) {
      if (!known_[i].aside && test(known_[i])) places.push_back(i);
    }
    return places;
  }

  size_t AddLeaf(LeafKind kind, const TensorType& type,
                 const LeafRange& range) {
    const std::string name = absl::StrCat(kind == LeafKind::kInput       ? "x"
                                          : kind == LeafKind::kParameter ? "p"
                                          : kind == LeafKind::kState     ? "s"
                                                                         : "c",
                                          known_.size());
    const Shape shape = type.shape.Bind(kSampleBatch);
    const Node node = {name, nullptr, {}, type};
    DoubleTensor sample = DrawLeaf(node, &range, shape, seed_, 0);
    Value value;
    switch (kind) {
      case LeafKind::kInput:
        value = g_.Input(name, type.shape, type.dtype);
        break;
      case LeafKind::kParameter:
        value = g_.Parameter(name, type.shape, Initializer::Normal(1));
        break;
      case LeafKind::kState:
        value = g_.State(name, type.shape, 1, type.dtype);
        break;
      case LeafKind::kConstant:
        value = g_.Constant(sample.ToTensor(type.dtype), name);
        break;
    }
    if (kind != LeafKind::kConstant) ranges_[name] = range;
    const size_t place = AddKnown(value, std::move(sample), range.classes);
    if (kind == LeafKind::kParameter || kind == LeafKind::kState) {
      stored_.push_back(place);
    }
    return place;
  }

  size_t AddLeafFor(const Candidate& candidate, const TensorType& type) {
    LeafRange range = {std::max(candidate.low, -4.0),
                       std::min(candidate.high, 4.0), candidate.classes};
    if (candidate.classes >= kAnyInteger) range.classes = OneIn(2) ? 3 : 100;
    if (type.shape.has_symbolic_batch()) {
      return AddLeaf(LeafKind::kInput, type, range);
    }
    std::vector<LeafKind> kinds = {LeafKind::kInput, LeafKind::kState,
                                   LeafKind::kConstant};
    if (type.dtype == DataType::kF32) {
      kinds.push_back(LeafKind::kParameter);
      kinds.push_back(LeafKind::kParameter);
    }
    return AddLeaf(AnyOf(kinds), type, range);
  }

  // One of `places`, oftener one that was made lately or that nobody has read.
  size_t PickFrom(const std::vector<size_t>& places) {
    if (OneIn(2)) {
      std::vector<size_t> unread;
      for (size_t place : places) {
        if (!known_[place].read) unread.push_back(place);
      }
      if (!unread.empty()) return AnyOf(unread);
    }
    const auto size = static_cast<int64_t>(places.size());
    const int64_t back =
        random_.Below(OneIn(2) ? std::min<int64_t>(size, 4) : size);
    return places[static_cast<size_t>(size - 1 - back)];
  }

  // Whether an i32 value lies in [0, classes), or nobody minds.
  static bool InClasses(const Known& known, int64_t classes) {
    return known.is_f32() || classes >= kAnyInteger ||
           (known.classes > 0 && known.classes <= classes);
  }

  // A value of just this type: one that there is, or a new leaf.
  size_t OperandOf(const Candidate& candidate, const TensorType& type) {
    const std::vector<size_t> fitting = Places([&](const Known& known) {
      return known.type() == type && InClasses(known, candidate.classes);
    });
    if (fitting.empty() || OneIn(6)) return AddLeafFor(candidate, type);
    return PickFrom(fitting);
  }

  // Any values of the right element types; i32 ones of the right shapes too.
  std::vector<size_t> AnyOperands(const Candidate& candidate) {
    std::vector<size_t> operands;
    for (const TensorType& type : candidate.types) {
      operands.push_back(type.dtype == DataType::kF32
                             ? PickF32()
                             : OperandOf(candidate, type));
    }
    return operands;
  }

  size_t PickF32() {
    return PickFrom(Places([](const Known& known) { return known.is_f32(); }));
  }

  absl::StatusOr<TensorType> ResultType(const Candidate& candidate,
                                        const std::vector<size_t>& operands) {
    std::vector<TensorType> types;
    for (size_t place : operands) types.push_back(known_[place].value.type());
    absl::StatusOr<TensorType> type = candidate.op->InferType(types);
    if (type.ok() && type->shape.Bind(kSampleBatch).num_elements() >
                         (large_ ? kMostElementsOfLarge : kMostElements)) {
      return absl::OutOfRangeError("too large");
    }
    return type;
  }

  // The place of a function of the value that lies in the candidate's range.
  size_t Confined(size_t place, const Candidate& candidate) {
    const Value v = known_[place].value;
    const auto low = static_cast<float>(candidate.low);
    const auto width = static_cast<float>(candidate.high) - low;
    const Value base = g_.Constant(low);
    Value confined;
    switch (random_.Below(4)) {
      case 0:
        confined = Add(Abs(v), base);
        break;
      case 1:
        confined = Add(Square(v), base);
        break;
      default:
        confined = Add(Scale(Sigmoid(v), width), base);
        break;
    }
    return AddMade(confined);
  }

  // A value that was made with functions over values.
  size_t AddMade(Value value) {
    DoubleTensor sample = SampleOf(value.id());
    return AddKnown(value, std::move(sample));
  }

  const DoubleTensor& SampleOf(NodeId id) {
    for (const Known& known : known_) {
      if (known.value.id() == id) return known.sample;
    }
    const auto found = samples_.find(id);
    if (found != samples_.end()) return found->second;
    const Node& node = g_.node(id);
    if (const Tensor* constant = ConstantValue(*node.op)) {
      return samples_[id] = DoubleTensor(*constant);
    }
    std::vector<DoubleTensor> inputs;
    for (NodeId input : node.inputs) inputs.push_back(SampleOf(input));
    return samples_[id] = node.op->Evaluate(Pointers(inputs),
                                            node.type.shape.Bind(kSampleBatch));
  }

  void AddNode() {
    const Candidate& candidate = AnyOf(candidates_.at(AnyOf(kinds_)));
    std::vector<size_t> operands;
    absl::StatusOr<TensorType> type = absl::UnknownError("");
    const int tries = OneIn(2) && TakesAnyOperands(candidate) ? 12 : 0;
    for (int i = 0; i < tries && !type.ok(); ++i) {
      operands = AnyOperands(candidate);
      type = ResultType(candidate, operands);
    }
    if (!type.ok()) {
      operands.clear();
      for (const TensorType& operand : candidate.types) {
        operands.push_back(OperandOf(candidate, operand));
      }
      type = ResultType(candidate, operands);
    }
    if (!type.ok()) return;  // a fixed size where the op wants the batch
    for (size_t& place : operands) {
      if (known_[place].is_f32() && random_.Below(3) < wrapping_) {
        place = Wrapped(place);
      }
      if (!InRange(known_[place], candidate)) {
        place = Confined(place, candidate);
      }
    }
    const absl::optional<size_t> place = Make(candidate, operands, *type);
    if (place.has_value() && known_[*place].is_f32()) {
      const double largest = LargestIn(known_[*place].sample);
      if (largest > kLarge) {
        known_[*place].aside = true;
        AddMade(Squashed(known_[*place].value, largest));
      }
    }
  }

  // Nothing when the result is not finite.
  absl::optional<size_t> Make(const Candidate& candidate,
                              const std::vector<size_t>& operands,
                              const TensorType& type) {
    std::vector<Value> values;
    std::vector<DoubleTensor> samples;
    for (size_t place : operands) {
      values.push_back(known_[place].value);
      samples.push_back(known_[place].sample);
    }
    DoubleTensor result = candidate.op->Evaluate(Pointers(samples),
                                                 type.shape.Bind(kSampleBatch));
    if (!AllModerate(result)) return absl::nullopt;
    for (size_t place : operands) known_[place].read = true;
    return AddKnown(g_.AddNode(candidate.op, values), std::move(result));
  }

  // Something of the same type that is computed from the value and that one
  // node only will read: what a runtime may join with that node.
  size_t Wrapped(size_t place) {
    for (int i = 0; i < 6; ++i) {
      const Candidate& candidate = AnyOf(candidates_.at(AnyOf(kinds_)));
      if (candidate.low >= 0 || candidate.types.size() > 2) continue;
      std::vector<size_t> operands = {place};
      if (candidate.types.size() == 2) operands.push_back(PickF32());
      if (OneIn(2)) std::reverse(operands.begin(), operands.end());
      if (std::any_of(candidate.types.begin(), candidate.types.end(),
                      [](const TensorType& type) {
                        return type.dtype != DataType::kF32;
                      })) {
        continue;
      }
      const absl::StatusOr<TensorType> type = ResultType(candidate, operands);
      if (!type.ok() || *type != known_[place].type()) continue;
      const absl::optional<size_t> made = Make(candidate, operands, *type);
      if (!made.has_value()) continue;
      known_[*made].aside = true;
      return *made;
    }
    return place;
  }

  // What FoldBatchNorm looks for: rarely would all of it come together.
  void AddNormalizedDense() {
    const std::vector<size_t> matrices = Places([](const Known& known) {
      return known.is_f32() && known.type().shape.rank() == 2;
    });
    if (matrices.empty()) return;
    const size_t x = AnyOf(matrices);
    const int64_t units = 1 + random_.Below(6);
    const auto leaf = [&](const Shape& shape, double low) {
      const size_t place =
          AddLeaf(OneIn(2) ? LeafKind::kParameter : LeafKind::kState,
                  {DataType::kF32, shape}, {low, 2, 1});
      known_[place].read = known_[place].aside = true;
      return known_[place].value;
    };
    const Value w = leaf({known_[x].type().shape.dim(1), units}, -2);
    known_[x].read = true;
    const Value y = Dense(known_[x].value, w, leaf({units}, -2));
    const Value mean = leaf({units}, -2);
    const Value variance = leaf({units}, 0.25);
    AddMade(Tanh(BatchNormalize(y, mean, variance, leaf({units}, -2),
                                leaf({units}, -2), 1e-3f)));
  }

  // Class indices fit logits of so many columns only.
  static bool TakesAnyOperands(const Candidate& candidate) {
    return std::none_of(candidate.types.begin(), candidate.types.end(),
                        [](const TensorType& type) {
                          return type.dtype == DataType::kI32 &&
                                 type.shape.rank() > 0;
                        });
  }

  // Only ops that want positive numbers are particular.
  static bool InRange(const Known& known, const Candidate& candidate) {
    const std::vector<double>& x = known.sample.values();
    return candidate.low < 0 || !known.is_f32() ||
           std::all_of(x.begin(), x.end(),
                       [&](double value) { return value >= candidate.low; });
  }

  Value Squashed(Value value, double largest) {
    switch (random_.Below(3)) {
      case 0:
        return Tanh(value);
      case 1:
        return Sigmoid(value);
      default:
        return Scale(value, static_cast<float>(2 / largest));
    }
  }

  // A scalar that depends on some of the values.
  Value Loss() {
    Value loss;
    for (int64_t i = 1 + random_.Below(3); i > 0; --i) {
      const Value value = known_[PickF32()].value;
      const Value scalar = OneIn(2) ? Mean(value) : Sum(value);
      loss = loss.valid() ? Add(loss, scalar) : scalar;
    }
    return loss;
  }

  void AddTraining() {
    if (OneIn(2)) return;
    std::vector<Value> parameters = g_.Parameters();
    std::vector<Value> wrt = parameters;
    wrt.push_back(known_[0].value);
    const Value loss = Loss();
    std::vector<Value> gradients = Gradients(loss, wrt);
    g_.Output("loss", loss);
    g_.Output("input_gradient", gradients.back());
    gradients.pop_back();
    if (parameters.empty()) return;
    if (OneIn(3)) {
      const Value curvature = Sum(Square(gradients[0]));
      g_.Output("second", Gradients(curvature, {wrt.back()})[0]);
    }
    const Value rate = g_.Constant(0.01f);
    std::vector<Value> updated;
    if (OneIn(3)) {
      updated = Adam(parameters, gradients, rate);
    } else {
      for (size_t i = 0; i < parameters.size(); ++i) {
        updated.push_back(Sgd(parameters[i], gradients[i], rate));
      }
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      g_.Update(parameters[i], updated[i]);
      updated_.insert(parameters[i].id());
    }
  }

  // Of states, and of parameters that no optimiser has: some other value, or
  // an average with it.
  void AddUpdates() {
    if (OneIn(2)) return;
    for (size_t place : stored_) {
      const Known& leaf = known_[place];
      if (updated_.count(leaf.value.id()) > 0 || OneIn(3)) continue;
      const std::vector<size_t> fitting = Places([&](const Known& known) {
        return known.type() == leaf.type() && InClasses(known, leaf.classes);
      });
      if (fitting.empty()) continue;
      Value value = known_[PickFrom(fitting)].value;
      if (leaf.is_f32() && OneIn(2)) {
        value = Add(Scale(leaf.value, 0.75f), Scale(value, 0.25f));
      }
      g_.Update(leaf.value, value);
    }
  }

  void AddOutputs() {
    int count = 0;
    const auto output = [&](const Known& known) {
      g_.Output(absl::StrCat("y", count++), known.value);
    };
    output(known_[PickF32()]);
    for (const Known& known : known_) {
      const bool unread = !known.read && !known.aside && known.is_f32();
      if ((unread && count < 6) || (known.aside && OneIn(4))) output(known);
    }
    while (OneIn(3)) output(AnyOf(known_));
  }

  const uint64_t seed_;
  TestRandom random_;
  GraphBuilder g_;
  int64_t fixed_ = 0;  // the number that stands for the batch, or 0
  // Sizes for which products are no small loops any more.
  bool large_ = false;
  int64_t wrapping_ = 0;  // how many of three operands are Wrapped
  CaseSizes sizes_;
  absl::Status cases_status_;
  std::map<std::string, std::vector<Candidate>> candidates_;
  std::vector<std::string> kinds_;
  std::vector<Known> known_;
  std::map<NodeId, DoubleTensor> samples_;
  std::vector<size_t> stored_;  // parameters and states
  std::set<NodeId> updated_;
  std::map<std::string, LeafRange> ranges_;
};

}  // namespace

bool OnlyGradientsMake(absl::string_view kind) {
  return absl::EndsWith(kind, "_grad");
}

absl::StatusOr<TestGraph> MakeRandomGraph(uint64_t seed) {
  return GraphMaker(seed).Make();
}

}  // namespace espalier
