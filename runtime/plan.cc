#include "runtime/plan.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace espalier {
namespace {

// Calls reads(buffer) and writes(buffer) for each operand of a step.
template <typename Reads, typename Writes>
struct OperandVisitor {
  Reads reads;
  Writes writes;

  void operator()(const MatMulStep& s) const {
    reads(s.a);
    reads(s.b);
    if (s.bias != kNoBuffer) reads(s.bias);
    writes(s.y);
  }
  void operator()(const ElementwiseStep& s) const {
    const ElementwiseCode& code = s.code;
    for (size_t j = 0; j < code.arrays.size(); ++j) {
      const int array = static_cast<int>(j);
      const bool read = code.Reads(array);
      const bool written =
          absl::c_any_of(code.stores,
                         [&](const auto& x) { return x.array == array; }) ||
          absl::c_any_of(code.sums,
                         [&](const auto& x) { return x.array == array; });
      for (const ElementwiseStep::Segment& segment : s.segments) {
        if (read) reads(segment.arrays[j]);
        if (written) writes(segment.arrays[j]);
      }
    }
  }
  void operator()(const ReduceStep& s) const {
    reads(s.x);
    if (s.centers != kNoBuffer) reads(s.centers);
    writes(s.y);
  }
  void operator()(const SoftmaxStep& s) const {
    reads(s.x);
    writes(s.y);
  }
  void operator()(const SoftmaxGradientStep& s) const {
    reads(s.y);
    reads(s.dy);
    writes(s.dx);
  }
  void operator()(const CrossEntropyStep& s) const {
    reads(s.logits);
    reads(s.labels);
    writes(s.loss);
  }
  void operator()(const CrossEntropyGradientStep& s) const {
    reads(s.logits);
    reads(s.labels);
    if (s.dy != kNoBuffer) reads(s.dy);
    writes(s.dx);
  }
  void operator()(const LayerNormStep& s) const {
    reads(s.x);
    reads(s.scale);
    reads(s.shift);
    writes(s.y);
  }
  void operator()(const LayerNormGradientStep& s) const {
    reads(s.x);
    reads(s.g);
    if (s.scale != kNoBuffer) reads(s.scale);
    writes(s.dx);
  }
  void operator()(const DropoutStep& s) const {
    reads(s.x);
    reads(s.step);
    writes(s.y);
  }
  void operator()(const CopyStep& s) const {
    reads(s.x);
    writes(s.y);
  }
  void operator()(const RearrangeStep& s) const {
    for (const RearrangeStep::Result& result : s.results) {
      for (const BoxCopy& box : result.boxes) reads(box.from);
      writes(result.y);
    }
  }
  void operator()(const GatherStep& s) const {
    reads(s.x);
    reads(s.indices);
    writes(s.y);
  }
  void operator()(const ScatterAddStep& s) const {
    reads(s.values);
    reads(s.indices);
    writes(s.y);
  }
};

template <typename Reads, typename Writes>
void VisitOperands(const Step& step, Reads reads, Writes writes) {
  absl::visit(OperandVisitor<Reads, Writes>{reads, writes}, step.work);
}

void Ignore(BufferId) {}

void SortUnique(std::vector<BufferId>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

struct Printer {
  const Plan& plan;

  // "w f32[30, 1]", "#5 f32[N, 30]", "#6 f32[N, 30] in w".
  std::string Buffer(BufferId id) const {
    const PlanBuffer& buffer = plan.buffers[id];
    const BufferId memory = plan.buffers[buffer.root].memory;
    return absl::StrCat(
        Name(id), " ", buffer.type.ToString(),
        buffer.root != id ? absl::StrCat(" = ", Name(buffer.root)) : "",
        memory != buffer.root ? absl::StrCat(" in ", Name(memory)) : "");
  }
  std::string Name(BufferId id) const {
    const PlanBuffer& buffer = plan.buffers[id];
    if (buffer.leaf != kNoNode) return buffer.name;
    return absl::StrCat("#", id);
  }

  std::string operator()(const MatMulStep& s) const {
    std::string text = absl::StrCat("matmul ", Buffer(s.y), " = ", Buffer(s.a),
                                    s.transpose_a ? "^T" : "", " x ",
                                    Buffer(s.b), s.transpose_b ? "^T" : "");
    if (s.bias != kNoBuffer) absl::StrAppend(&text, " + ", Buffer(s.bias));
    switch (s.activation) {
      case MatMulActivation::kNone:
        break;
      case MatMulActivation::kRelu:
        text += ", relu";
        break;
      case MatMulActivation::kLeakyRelu:
        absl::StrAppend(&text, ", leaky relu ", s.slope);
        break;
    }
    return text;
  }
  std::string operator()(const ElementwiseStep& s) const {
    std::string text = absl::StrCat(
        "elementwise, ", s.code.values.size(), " operations, ",
        s.segments.size(), s.segments.size() == 1 ? " segment" : " segments");
    for (const ElementwiseStep::Segment& segment : s.segments) {
      absl::StrAppend(&text, "\n    over ", segment.elements.ToString());
      if (segment.columns > 0) {
        absl::StrAppend(&text, " by rows of ", segment.columns);
      }
      for (size_t j = 0; j < segment.arrays.size(); ++j) {
        absl::StrAppend(&text, j == 0 ? ": " : ", ", "@", j, " ",
                        AccessName(s.code.arrays[j]), " ",
                        Buffer(segment.arrays[j]));
      }
    }
    for (absl::string_view line :
         absl::StrSplit(s.code.ToString(), '\n', absl::SkipEmpty())) {
      absl::StrAppend(&text, "\n    ", line);
    }
    return text;
  }
  std::string operator()(const ReduceStep& s) const {
    const std::string of =
        absl::StrCat(Buffer(s.x), " as [", s.outer.ToString(), ", ",
                     s.reduced.ToString(), ", ", s.inner, "] over axis 1");
    const std::string scale = s.scale.ToString();
    switch (s.fold) {
      case ReduceStep::Fold::kSum:
        return absl::StrCat("sum ", Buffer(s.y), " = ", scale, " * sum of ",
                            of);
      case ReduceStep::Fold::kSquaredDeviations:
        return absl::StrCat("deviations ", Buffer(s.y), " = ", scale,
                            " * squared deviations from ", Buffer(s.centers),
                            " of ", of);
      case ReduceStep::Fold::kMax:
        return absl::StrCat("max ", Buffer(s.y), " of ", of);
      case ReduceStep::Fold::kMin:
        return absl::StrCat("min ", Buffer(s.y), " of ", of);
    }
    return "unknown";
  }
  std::string operator()(const SoftmaxStep& s) const {
    return absl::StrCat(s.log ? "log softmax " : "softmax ", Buffer(s.y),
                        " of ", Buffer(s.x));
  }
  std::string operator()(const SoftmaxGradientStep& s) const {
    return absl::StrCat(s.log ? "log softmax" : "softmax", " gradient ",
                        Buffer(s.dx), " of ", Buffer(s.y), ", from ",
                        Buffer(s.dy));
  }
  std::string operator()(const CrossEntropyStep& s) const {
    return absl::StrCat("cross-entropy ", Buffer(s.loss), " of ",
                        Buffer(s.logits), ", labels ", Buffer(s.labels));
  }
  std::string operator()(const CrossEntropyGradientStep& s) const {
    return absl::StrCat(
        "cross-entropy gradient ", Buffer(s.dx), " of ", Buffer(s.logits),
        ", labels ", Buffer(s.labels), ", times ",
        s.dy == kNoBuffer ? s.dy_number.ToString() : Buffer(s.dy));
  }
  std::string operator()(const LayerNormStep& s) const {
    return absl::StrCat("layer norm ", Buffer(s.y), " of ", Buffer(s.x),
                        ", scale ", Buffer(s.scale), ", shift ",
                        Buffer(s.shift), ", epsilon ", s.epsilon);
  }
  std::string operator()(const LayerNormGradientStep& s) const {
    return absl::StrCat(
        "layer norm gradient ", Buffer(s.dx), " of ", Buffer(s.x), ", from ",
        Buffer(s.g),
        s.scale == kNoBuffer ? "" : absl::StrCat(" times ", Buffer(s.scale)),
        ", epsilon ", s.epsilon);
  }
  std::string operator()(const DropoutStep& s) const {
    return absl::StrCat("dropout ", Buffer(s.y), " of ", Buffer(s.x), ", rate ",
                        s.rate, ", seed ", s.seed, ", step ", Buffer(s.step));
  }
  std::string operator()(const CopyStep& s) const {
    return absl::StrCat("copy ", Buffer(s.y), " = ", Buffer(s.x));
  }
  std::string operator()(const RearrangeStep& s) const {
    std::string text = "rearrange";
    for (const RearrangeStep::Result& result : s.results) {
      absl::StrAppend(&text, &result == &s.results[0] ? " " : "\n  and ",
                      Buffer(result.y));
      for (const BoxCopy& box : result.boxes) {
        absl::StrAppend(
            &text, "\n    [", absl::StrJoin(box.axes, ", ", FormatTo),
            "] = ", Buffer(box.from), " from ", box.from_offset, " by [",
            absl::StrJoin(box.axes, ", ", FormatFrom), "]");
      }
      absl::StrAppend(&text, result.zeros ? "\n    else 0" : "");
    }
    return text;
  }
  std::string operator()(const GatherStep& s) const {
    return absl::StrCat("gather ", Buffer(s.y), " of ", Buffer(s.x), " as [",
                        s.outer.ToString(), ", ", s.rows, ", ", s.inner,
                        "], indices ", Buffer(s.indices));
  }
  std::string operator()(const ScatterAddStep& s) const {
    return absl::StrCat("scatter-add ", Buffer(s.y), " as [",
                        s.outer.ToString(), ", ", s.rows, ", ", s.inner,
                        "] of ", Buffer(s.values), ", indices ",
                        Buffer(s.indices));
  }

  // "0:N", "1:4", "1:8:3".
  static void FormatTo(std::string* out, const BoxAxis& axis) {
    if (axis.size == kBatch) {
      absl::StrAppend(out, "0:N");
      return;
    }
    const int64_t last = (axis.size - 1) * axis.to_step;
    absl::StrAppend(out, axis.to_begin, ":",
                    axis.to_begin + (axis.size == 0 ? 0 : last + 1));
    if (axis.to_step != 1) absl::StrAppend(out, ":", axis.to_step);
  }
  static void FormatFrom(std::string* out, const BoxAxis& axis) {
    absl::StrAppend(out, axis.from_stride);
  }
};

}  // namespace

absl::optional<int64_t> Extent::At(int64_t batch) const {
  return CheckedMul(factor, times_batch ? batch : 1);
}

std::string Extent::ToString() const {
  if (!times_batch) return absl::StrCat(factor);
  return factor == 1 ? "N" : absl::StrCat(factor, "*N");
}

Extent ExtentOf(const Shape& shape) {
  return {shape.num_elements_per_sample(), shape.has_symbolic_batch()};
}

BufferId Plan::AddTemporary(const TensorType& type, const std::string& name) {
  const BufferId id = static_cast<BufferId>(buffers.size());
  PlanBuffer buffer;
  buffer.type = type;
  buffer.name = name;
  buffer.root = id;
  buffer.memory = id;
  buffers.push_back(buffer);
  return id;
}

std::string Plan::ToString() const {
  const Printer printer = {*this};
  std::string text = absl::StrCat("plan ", name, ": ", steps.size(),
                                  steps.size() == 1 ? " step\n" : " steps\n");
  for (size_t i = 0; i < steps.size(); ++i) {
    absl::StrAppend(&text, i, " ", steps[i].name, ": ",
                    absl::visit(printer, steps[i].work), "\n");
  }
  const auto join = [&](absl::string_view label,
                        const std::vector<BufferId>& ids) {
    if (ids.empty()) return;
    absl::StrAppend(&text, label,
                    absl::StrJoin(ids, ", ",
                                  [&](std::string* out, BufferId id) {
                                    absl::StrAppend(out, printer.Buffer(id));
                                  }),
                    "\n");
  };
  join("inputs: ", inputs);
  join("outputs: ", outputs);
  for (const Update& update : updates) {
    absl::StrAppend(&text, "update: ", printer.Buffer(update.leaf), " <- ",
                    printer.Buffer(update.value), "\n");
  }
  for (const FiniteCheck& check : finite_checks) {
    join(check.flag == kNoBuffer
             ? "check: "
             : absl::StrCat("check ", printer.Buffer(check.flag), ": "),
         check.leaves);
  }
  return text;
}

void RemoveUnused(ElementwiseStep& step) {
  const std::vector<int> kept = step.code.RemoveUnused();
  for (ElementwiseStep::Segment& segment : step.segments) {
    std::vector<BufferId> arrays;
    arrays.reserve(kept.size());
    for (int j : kept) arrays.push_back(segment.arrays[j]);
    segment.arrays = std::move(arrays);
  }
  if (absl::c_none_of(step.code.arrays, [](Access access) {
        return access == Access::kRow || access == Access::kColumn;
      })) {
    for (ElementwiseStep::Segment& segment : step.segments) segment.columns = 0;
  }
}

std::vector<BufferId> ReadsOf(const Plan& plan, const Step& step) {
  std::vector<BufferId> ids;
  VisitOperands(
      step, [&](BufferId id) { ids.push_back(plan.Root(id)); }, Ignore);
  SortUnique(ids);
  return ids;
}

std::vector<BufferId> WritesOf(const Plan& plan, const Step& step) {
  std::vector<BufferId> ids;
  VisitOperands(step, Ignore,
                [&](BufferId id) { ids.push_back(plan.Root(id)); });
  SortUnique(ids);
  return ids;
}

std::vector<std::vector<int>> ReadersOf(const Plan& plan) {
  std::vector<std::vector<int>> readers(plan.buffers.size());
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    for (BufferId root : ReadsOf(plan, plan.steps[i])) {
      readers[root].push_back(static_cast<int>(i));
    }
  }
  return readers;
}

std::vector<bool> NeededAtEnd(const Plan& plan) {
  std::vector<bool> needed(plan.buffers.size());
  for (BufferId id : plan.outputs) needed[plan.Root(id)] = true;
  for (const Plan::Update& update : plan.updates) {
    needed[plan.Root(update.value)] = true;
  }
  for (const Plan::FiniteCheck& check : plan.finite_checks) {
    if (check.flag != kNoBuffer) needed[plan.Root(check.flag)] = true;
  }
  return needed;
}

}  // namespace espalier
