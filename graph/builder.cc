#include "graph/builder.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/graph_data.h"
#include "graph/leaves.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

constexpr size_t kLongestName = 255;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         c == '.' || c == '/' || c == '-';
}

absl::Status CheckNameForm(absl::string_view name) {
  bool good = !name.empty() && name.size() <= kLongestName;
  for (char c : name) good = good && IsNameCharacter(c);
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("name ", Quoted(name), " is not 1 to ", kLongestName,
                   " letters, digits and _ . / -"));
}

}  // namespace

TensorType Value::type() const { return valid() ? node().type : TensorType{}; }

const Node& Value::node() const {
  ESPALIER_CHECK(valid());
  return builder_->node(id_);
}

GraphBuilder::GraphBuilder(absl::string_view name) : name_(name) {
  const absl::Status form = CheckNameForm(name);
  if (!form.ok()) Fail(Annotate(form, "graph"));
}

absl::Status GraphBuilder::CheckName(absl::string_view name) const {
  RETURN_IF_ERROR(CheckNameForm(name));
  if (by_name_.contains(name) && !PlantedBug(10)) {
    return absl::InvalidArgumentError("this name is taken by an earlier node");
  }
  return absl::OkStatus();
}

absl::Status GraphBuilder::CheckValue(const Value& value,
                                      absl::string_view what) const {
  if (value.builder_ == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is an empty value"));
  }
  if (value.builder_ != this) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " belongs to another builder"));
  }
  ESPALIER_CHECK(value.id_ >= 0 && value.id_ < num_nodes());
  return absl::OkStatus();
}

Value GraphBuilder::Fail(const absl::Status& error) {
  if (status_.ok()) status_ = error;
  return Value(this, kNoNode);
}

Value GraphBuilder::AddNode(OpPtr op, absl::Span<const Value> inputs,
                            absl::string_view name) {
  if (!status_.ok()) return Value(this, kNoNode);
  ESPALIER_CHECK(op != nullptr);
  Node node;
  node.name = name.empty() ? UniqueName(op->kind()) : std::string(name);
  node.op = std::move(op);
  const absl::Status added = [&]() -> absl::Status {
    if (built_) {
      return absl::FailedPreconditionError("the graph has been built already");
    }
    RETURN_IF_ERROR(CheckName(node.name));
    if (IsLeafKind(node.op->kind()) && !AsLeaf(*node.op).has_value()) {
      return absl::InvalidArgumentError(
          "it is no leaf, and its op has the kind of one");
    }
    if (static_cast<int>(inputs.size()) != node.op->arity()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "expected ", node.op->arity(), " inputs, found ", inputs.size()));
    }
    std::vector<TensorType> types;
    for (size_t i = 0; i < inputs.size(); ++i) {
      RETURN_IF_ERROR(CheckValue(inputs[i], absl::StrCat("input ", i)));
      node.inputs.push_back(inputs[i].id());
      types.push_back(inputs[i].type());
    }
    ASSIGN_OR_RETURN(node.type, node.op->InferType(types));
    return node.type.shape.Validate();
  }();
  if (!added.ok()) return Fail(Annotate(added, node.ToString()));
  const NodeId id = num_nodes();
  by_name_.emplace(node.name, id);
  nodes_.push_back(std::move(node));
  return Value(this, id);
}

Value GraphBuilder::Input(absl::string_view name, const Shape& shape,
                          DataType dtype) {
  return AddNode(MakeInput({dtype, shape}), {}, name);
}

Value GraphBuilder::Parameter(absl::string_view name, const Shape& shape,
                              const Initializer& initializer) {
  return AddNode(MakeParameter({DataType::kF32, shape}, initializer), {}, name);
}

Value GraphBuilder::State(absl::string_view name, const Shape& shape,
                          float initial, DataType dtype) {
  return AddNode(MakeState({dtype, shape}, Initializer::Constant(initial)), {},
                 name);
}

Value GraphBuilder::Constant(const Tensor& value, absl::string_view name) {
  return AddNode(MakeConstant(value), {}, name);
}

void GraphBuilder::Output(absl::string_view name, Value value) {
  if (!status_.ok()) return;
  const absl::Status added = [&]() -> absl::Status {
    if (built_) {
      return absl::FailedPreconditionError("the graph has been built already");
    }
    RETURN_IF_ERROR(CheckNameForm(name));
    RETURN_IF_ERROR(CheckValue(value, "it"));
    if (!output_names_.insert(std::string(name)).second) {
      return absl::InvalidArgumentError("another output has this name");
    }
    outputs_.push_back({std::string(name), value.id()});
    return absl::OkStatus();
  }();
  Fail(Annotate(added, absl::StrCat("output ", Quoted(name))));
}

void GraphBuilder::Update(Value leaf, Value value) {
  if (!status_.ok()) return;
  std::string what = "update";
  const absl::Status added = [&]() -> absl::Status {
    if (built_) {
      return absl::FailedPreconditionError("the graph has been built already");
    }
    RETURN_IF_ERROR(CheckValue(leaf, "the leaf"));
    what = absl::StrCat("update of ", leaf.node().ToString());
    RETURN_IF_ERROR(CheckValue(value, "the new value"));
    const absl::optional<LeafKind> kind = AsLeaf(*leaf.node().op);
    if (kind != LeafKind::kParameter && kind != LeafKind::kState) {
      return absl::InvalidArgumentError(
          "only parameters and states can be updated");
    }
    if (leaf.type() != value.type()) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a value of type ", leaf.type().ToString(),
                       ", found ", value.type().ToString()));
    }
    if (!updated_.insert(leaf.id()).second) {
      return absl::InvalidArgumentError("it has an update already");
    }
    updates_.push_back({leaf.id(), value.id()});
    return absl::OkStatus();
  }();
  Fail(Annotate(added, what));
}

std::vector<Value> GraphBuilder::Parameters() {
  std::vector<Value> parameters;
  for (NodeId id = 0; id < num_nodes(); ++id) {
    if (AsLeaf(*node(id).op) == LeafKind::kParameter) {
      parameters.push_back(value(id));
    }
  }
  return parameters;
}

std::string GraphBuilder::UniqueName(absl::string_view base) {
  std::string name(base);
  if (!by_name_.contains(name)) return name;
  int& suffix = next_suffix_[name];
  while (by_name_.contains(name)) name = absl::StrCat(base, "_", ++suffix);
  return name;
}

absl::StatusOr<Graph> GraphBuilder::Build() {
  RETURN_IF_ERROR(status_);
  if (built_) {
    return absl::FailedPreconditionError("the graph has been built already");
  }
  if (outputs_.empty() && updates_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("graph ", Quoted(name_), " has no output and no update"));
  }
  built_ = true;
  auto data = std::make_shared<Graph::Data>();
  data->name = name_;
  data->nodes = nodes_;
  data->outputs = outputs_;
  data->updates = updates_;
  data->by_name = std::move(by_name_);  // no name is taken anymore
  for (NodeId id = 0; id < num_nodes(); ++id) {
    const absl::optional<LeafKind> leaf = AsLeaf(*node(id).op);
    if (leaf == LeafKind::kInput) data->inputs.push_back(id);
    if (leaf == LeafKind::kParameter) data->parameters.push_back(id);
    if (leaf == LeafKind::kState) data->states.push_back(id);
  }
  return Graph(std::move(data));
}

Value Apply(OpPtr op, absl::Span<const Value> inputs, absl::string_view name) {
  for (const Value& input : inputs) {
    if (input.builder() != nullptr) {
      return input.builder()->AddNode(std::move(op), inputs, name);
    }
  }
  return Value();
}

}  // namespace espalier
