#include "graph/op.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {

absl::StatusOr<std::vector<Value>> Op::Gradient(
    absl::Span<const Value> /*inputs*/, Value /*output*/, Value /*dy*/,
    const std::vector<bool>& /*wanted*/) const {
  return absl::UnimplementedError(
      absl::StrCat("op '", kind(), "' has no gradient"));
}

IntervalTensor Op::Bounds(absl::Span<const IntervalTensor* const> /*inputs*/,
                          const Shape& output) const {
  return IntervalTensor::Everything(output);
}

bool Op::FiniteUnlessOverflow(
    absl::Span<const IntervalTensor* const> /*inputs*/) const {
  return false;
}

absl::Status Op::Lower(Lowering& /*lowering*/) const {
  return absl::UnimplementedError(absl::StrCat(
      "op '", kind(), "' has no rule Lower and cannot be executed"));
}

OpTable::OpTable(std::vector<Entry> entries) : entries_(std::move(entries)) {
  const absl::Span<const Entry> leaves = LeafEntries();
  entries_.insert(entries_.end(), leaves.begin(), leaves.end());
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.kind < b.kind; });
}

OpTable OpTable::Extended(absl::Span<const Entry> more) const {
  std::vector<Entry> entries;
  for (const Entry& entry : entries_) {
    if (!IsLeafKind(entry.kind)) entries.push_back(entry);
  }
  entries.insert(entries.end(), more.begin(), more.end());
  return OpTable(std::move(entries));
}

absl::StatusOr<OpPtr> OpTable::Make(absl::string_view kind,
                                    const Attributes& attributes) const {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), kind,
      [](const Entry& entry, absl::string_view k) { return entry.kind < k; });
  if (found == entries_.end() || found->kind != kind) {
    return absl::UnimplementedError(
        absl::StrCat("op kind ", Quoted(kind),
                     " is unknown; an op of a program's own is read with an "
                     "OpTable that has "
                     "it, StandardOps().Extended"));
  }
  if (found + 1 != entries_.end() && (found + 1)->kind == kind) {
    return absl::InvalidArgumentError(
        absl::StrCat("op kind ", Quoted(kind),
                     " is twice in the table of ops: one of a program's own "
                     "needs a kind that "
                     "no other has"));
  }
  AttributeReader reader(attributes);
  absl::StatusOr<OpPtr> op = found->make(reader);
  // A factory that refuses a value may not have asked for the rest; one that
  // was given nothing to read has nothing better to say.
  if (!op.ok() && reader.status().ok()) return op.status();
  RETURN_IF_ERROR(reader.Finish());
  return op;
}

}  // namespace espalier
