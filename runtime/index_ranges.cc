#include "runtime/index_ranges.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "runtime/elementwise/scan.h"

namespace espalier {
namespace {

struct RangeFinder {
  const Plan& plan;
  const std::string& node;

  template <typename LossStep>
  absl::optional<IndexRange> Labels(const LossStep& step) const {
    const int64_t classes = plan.shape(step.logits).dim(1);
    return IndexRange{step.labels, static_cast<int32_t>(classes), true, node};
  }

  absl::optional<IndexRange> operator()(const CrossEntropyStep& step) const {
    return Labels(step);
  }
  absl::optional<IndexRange> operator()(
      const CrossEntropyGradientStep& step) const {
    return Labels(step);
  }
  absl::optional<IndexRange> operator()(const GatherStep& step) const {
    return IndexRange{step.indices, static_cast<int32_t>(step.rows), false,
                      node};
  }
  absl::optional<IndexRange> operator()(const ScatterAddStep& step) const {
    return IndexRange{step.indices, static_cast<int32_t>(step.rows), false,
                      node};
  }
  template <typename OtherStep>
  absl::optional<IndexRange> operator()(const OtherStep& /*step*/) const {
    return absl::nullopt;
  }
};

}  // namespace

absl::optional<IndexRange> IndexRangeOf(const Plan& plan, const Step& step) {
  return absl::visit(RangeFinder{plan, step.name}, step.work);
}

std::vector<IndexRange> IndexRangesOfLeaves(const Plan& plan) {
  std::vector<IndexRange> ranges;
  for (const Step& step : plan.steps) {
    absl::optional<IndexRange> range = IndexRangeOf(plan, step);
    if (!range.has_value() || !plan.IsLeaf(range->indices)) continue;
    range->indices = plan.Root(range->indices);
    const auto known = absl::c_find_if(ranges, [&](const IndexRange& r) {
      return r.indices == range->indices;
    });
    if (known == ranges.end()) {
      ranges.push_back(*std::move(range));
    } else if (range->size < known->size) {
      *known = *std::move(range);
    }
  }
  return ranges;
}

absl::Status CheckIndices(Isa isa, const IndexRange& range,
                          absl::string_view name,
                          absl::Span<const int32_t> indices) {
  const absl::optional<int64_t> at =
      FirstInvalidLabel(isa, indices, range.size);
  if (!at.has_value() || PlantedBug(13)) return absl::OkStatus();
  const std::string found =
      absl::StrCat(Quoted(name), ": element ", *at, " is ",
                   indices[static_cast<size_t>(*at)], ": expected a ");
  const std::string last = absl::StrCat(" from 0 to ", range.size - 1);
  if (range.labels) {
    return absl::InvalidArgumentError(
        absl::StrCat("run: labels ", found, "class", last));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "run: node ", Quoted(range.node), ": indices ", found, "row", last));
}

}  // namespace espalier
