#include "training/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/domain.h"
#include "graph/philox.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/finite.h"

namespace espalier {
namespace {

// The order of epoch e takes stream e, so a split's stream is out of reach.
constexpr uint64_t kSplitStream = (uint64_t{1} << 56) - 1;

constexpr absl::string_view kTaskNames[] = {"regression", "classification"};
constexpr absl::string_view kPartNames[] = {"train", "test", "all"};

template <typename Enum, size_t kCount>
absl::StatusOr<Enum> ParseName(const absl::string_view (&names)[kCount],
                               absl::string_view what, absl::string_view name) {
  const auto* found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) {
    std::string known;
    for (absl::string_view one : names) {
      absl::StrAppend(&known, known.empty() ? "" : ", ", one);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("unknown ", what, " ", Quoted(name), ": one of ", known));
  }
  return static_cast<Enum>(found - std::begin(names));
}

Shape WithRows(Shape shape, int64_t rows) {
  shape.set_dim(0, rows);
  return shape;
}

int64_t RowElements(const Tensor& tensor) {
  return WithRows(tensor.shape(), 1).num_elements();
}

// Copies rows of `from` to the front of `to`.
void Gather(const Tensor& from, absl::Span<const int64_t> rows, Tensor* to) {
  const size_t bytes = static_cast<size_t>(RowElements(from)) * 4;
  const auto* source = static_cast<const char*>(from.raw());
  auto* target = static_cast<char*>(to->raw());
  for (int64_t row : rows) {
    std::memcpy(target, source + static_cast<size_t>(row) * bytes, bytes);
    target += bytes;
  }
}

Tensor GatherRows(const Tensor& from, absl::Span<const int64_t> rows) {
  Tensor to(from.dtype(),
            WithRows(from.shape(), static_cast<int64_t>(rows.size())));
  Gather(from, rows, &to);
  return to;
}

Tensor Concatenate(const Tensor& a, const Tensor& b) {
  Tensor both(a.dtype(),
              WithRows(a.shape(), a.shape().dim(0) + b.shape().dim(0)));
  auto* bytes = static_cast<char*>(both.raw());
  std::memcpy(bytes, a.raw(), a.num_bytes());
  std::memcpy(bytes + a.num_bytes(), b.raw(), b.num_bytes());
  return both;
}

// `count` rows of `tensor` from `begin` on, where they lie.
TensorView ViewRows(const Tensor& tensor, int64_t begin, int64_t count) {
  const int64_t offset = begin * RowElements(tensor) * 4;
  return TensorView(tensor.dtype(), WithRows(tensor.shape(), count),
                    static_cast<const char*>(tensor.raw()) + offset);
}

absl::Status CheckNumbers(const Tensor& tensor, absl::string_view what) {
  const absl::optional<int64_t> at = FirstNonFinite(tensor);
  if (!at.has_value()) return absl::OkStatus();
  const int64_t columns = RowElements(tensor);
  return absl::InvalidArgumentError(absl::StrCat(
      what, ": row ", *at / columns, ", element ", *at % columns, " is ",
      tensor.data<float>()[static_cast<size_t>(*at)], ": expected a number"));
}

absl::Status CheckDomain(const InputDomain& domain, const Tensor& features) {
  RETURN_IF_ERROR(Annotate(Validate(domain, RowElements(features)), "domain"));
  return Annotate(CheckInside(domain, features), "features");
}

// The number of classes that the labels, and the names if there are any, make.
absl::StatusOr<int64_t> CountClasses(absl::Span<const int32_t> labels,
                                     absl::Span<const std::string> names) {
  const int64_t limit =
      names.empty() ? Dataset::kMaxClasses : static_cast<int64_t>(names.size());
  int64_t classes = static_cast<int64_t>(names.size());
  for (size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] < 0 || labels[row] >= limit) {
      return absl::InvalidArgumentError(
          absl::StrCat("label ", labels[row], " of row ", row,
                       " is out of range: expected 0 to ", limit - 1));
    }
    classes = std::max(classes, int64_t{labels[row]} + 1);
  }
  return classes;
}

}  // namespace

absl::string_view TaskName(Task task) {
  return kTaskNames[static_cast<size_t>(task)];
}

absl::StatusOr<Task> ParseTask(absl::string_view name) {
  return ParseName<Task>(kTaskNames, "task", name);
}

absl::string_view DataPartName(DataPart part) {
  return kPartNames[static_cast<size_t>(part)];
}

absl::StatusOr<DataPart> ParseDataPart(absl::string_view name) {
  return ParseName<DataPart>(kPartNames, "part of the data", name);
}

absl::StatusOr<Dataset> Dataset::Create(Tensor features, Tensor targets,
                                        Info info) {
  Dataset data;
  data.info_ = std::make_shared<const Info>(std::move(info));
  data.features_ = std::make_shared<const Tensor>(std::move(features));
  data.targets_ = std::make_shared<const Tensor>(std::move(targets));
  RETURN_IF_ERROR(data.Check());
  return data;
}

absl::Status Dataset::Check() {
  const Shape& features = features_->shape();
  const Shape& targets = targets_->shape();
  if (features_->dtype() != DataType::kF32 || features.rank() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("features are ", features_->type().ToString(),
                     ": expected f32 [rows, elements, ...]"));
  }
  if (targets.rank() != (task() == Task::kClassification ? 1 : 2)) {
    return absl::InvalidArgumentError(
        absl::StrCat("targets are ", targets_->type().ToString(),
                     ": expected i32 [rows] or f32 [rows, outputs]"));
  }
  if (features.dim(0) != targets.dim(0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("features have ", features.dim(0), " rows, targets ",
                     targets.dim(0), ": expected as many"));
  }
  if (features_->num_elements() == 0 || targets_->num_elements() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("no data: features are ", features.ToString(),
                     ", targets ", targets.ToString()));
  }
  RETURN_IF_ERROR(CheckNumbers(*features_, "features"));
  if (task() == Task::kRegression) {
    RETURN_IF_ERROR(CheckNumbers(*targets_, "targets"));
  } else {
    ASSIGN_OR_RETURN(num_classes_, CountClasses(targets_->data<int32_t>(),
                                                info_->class_names));
  }
  return domain() ? CheckDomain(*domain(), *features_) : absl::OkStatus();
}

absl::StatusOr<Dataset> Dataset::WithTest(const Dataset& test) const {
  const auto row_type = [](const Tensor& tensor) {
    return TensorType{tensor.dtype(), WithRows(tensor.shape(), kBatch)};
  };
  for (const auto& member : {&Dataset::features_, &Dataset::targets_}) {
    const TensorType mine = row_type(*(this->*member));
    const TensorType other = row_type(*(test.*member));
    if (mine != other) {
      return absl::InvalidArgumentError(
          absl::StrCat("test part has ", other.ToString(),
                       ", the training part ", mine.ToString()));
    }
  }
  Dataset part = test;
  part.info_ = info_;
  part.test_ = nullptr;
  RETURN_IF_ERROR(Annotate(part.Check(), "test part"));
  Dataset data = *this;
  data.num_classes_ = std::max(num_classes_, part.num_classes_);
  part.num_classes_ = data.num_classes_;
  data.test_ = std::make_shared<const Dataset>(std::move(part));
  return data;
}

absl::StatusOr<Dataset> Dataset::WithDomain(InputDomain domain) const {
  RETURN_IF_ERROR(CheckDomain(domain, *features_));
  auto info = std::make_shared<Info>(*info_);
  info->domain = std::move(domain);
  Dataset data = *this;
  data.info_ = info;
  if (test_ != nullptr) {
    RETURN_IF_ERROR(
        Annotate(CheckDomain(*info->domain, *test_->features_), "test part"));
    Dataset test = *test_;
    test.info_ = info;
    data.test_ = std::make_shared<const Dataset>(std::move(test));
  }
  return data;
}

Task Dataset::task() const {
  return targets_->dtype() == DataType::kI32 ? Task::kClassification
                                             : Task::kRegression;
}

absl::Status Dataset::CheckLabels(int64_t classes) const {
  const absl::Span<const int32_t> labels = targets_->data<int32_t>();
  const auto wrong =
      std::find_if(labels.begin(), labels.end(),
                   [&](int32_t label) { return label >= classes; });
  if (wrong == labels.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("data ", Quoted(name()), ": label ", *wrong, " of row ",
                   wrong - labels.begin(), ": expected 0 to ", classes - 1,
                   ", of ", classes, classes == 1 ? " class" : " classes"));
}

std::vector<std::string> Dataset::class_names() const {
  if (!info_->class_names.empty()) return info_->class_names;
  std::vector<std::string> names;
  for (int64_t i = 0; i < num_classes_; ++i) names.push_back(absl::StrCat(i));
  return names;
}

absl::StatusOr<Dataset> Dataset::Part(DataPart part) const {
  Dataset data = *this;
  data.test_ = nullptr;
  if (part == DataPart::kTrain) return data;
  if (part == DataPart::kTest) {
    if (test_ == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("data ", Quoted(name()), " has no test part"));
    }
    return *test_;
  }
  if (test_ != nullptr) {
    data.features_ = std::make_shared<const Tensor>(
        Concatenate(*features_, *test_->features_));
    data.targets_ = std::make_shared<const Tensor>(
        Concatenate(*targets_, *test_->targets_));
  }
  return data;
}

Dataset Dataset::Rows(absl::Span<const int64_t> rows) const {
  for (int64_t row : rows) {
    ESPALIER_CHECK(row >= 0 && row < this->rows());
  }
  Dataset data = *this;
  data.features_ = std::make_shared<const Tensor>(GatherRows(*features_, rows));
  data.targets_ = std::make_shared<const Tensor>(GatherRows(*targets_, rows));
  data.test_ = nullptr;
  return data;
}

absl::StatusOr<Dataset::Halves> Dataset::Split(double fraction,
                                               uint64_t seed) const {
  if (!(fraction > 0 && fraction < 1) || rows() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot take the share ", fraction, " of ", rows(),
        " rows for validation: expected more than 0, less than 1, and rows "
        "for both sides"));
  }
  const auto count = static_cast<int64_t>(
      std::llround(fraction * static_cast<double>(rows())));
  std::vector<int64_t> order =
      RandomStream(seed, RandomPurpose::kShuffle, kSplitStream)
          .Permutation(rows());
  const auto middle =
      order.begin() + std::min(std::max<int64_t>(count, 1), rows() - 1);
  std::sort(order.begin(), middle);
  std::sort(middle, order.end());
  const absl::Span<const int64_t> all = order;
  const auto taken = static_cast<size_t>(middle - order.begin());
  Halves halves = {Rows(all.subspan(taken)), Rows(all.first(taken))};
  halves.train.test_ = test_;
  return halves;
}

BatchRange Dataset::Batches(int64_t batch_size, uint64_t seed,
                            uint64_t epoch) const {
  BatchRange range(*this, batch_size);
  range.Shuffle(seed, epoch);
  return range;
}

BatchRange Dataset::BatchesInOrder(int64_t batch_size) const {
  return BatchRange(*this, batch_size);
}

BatchRange::BatchRange(const Dataset& data, int64_t batch_size)
    : data_(data),
      batch_size_(batch_size == 0 ? data.rows()
                                  : std::min(batch_size, data.rows())),
      num_batches_((data.rows() + batch_size_ - 1) / batch_size_),
      batch_(ViewRows(data_.features(), 0, batch_size_),
             ViewRows(data_.targets(), 0, batch_size_)) {
  ESPALIER_CHECK(batch_size >= 0);
}

void BatchRange::Shuffle(uint64_t seed, uint64_t epoch) {
  if (num_batches_ == 1) return;
  if (order_.empty()) {
    const auto buffer = [this](const Tensor& rows) {
      return Tensor(rows.dtype(), WithRows(rows.shape(), batch_size_));
    };
    features_ = buffer(data_.features());
    targets_ = buffer(data_.targets());
  }
  order_ = RandomStream(seed, RandomPurpose::kShuffle, epoch)
               .Permutation(data_.rows());
}

void BatchRange::Load(int64_t index) {
  if (index >= num_batches_) return;
  const int64_t begin = index * batch_size_;
  const int64_t count = std::min(batch_size_, data_.rows() - begin);
  if (order_.empty()) {
    batch_ = Batch(ViewRows(data_.features(), begin, count),
                   ViewRows(data_.targets(), begin, count));
    return;
  }
  const absl::Span<const int64_t> rows = absl::MakeConstSpan(order_).subspan(
      static_cast<size_t>(begin), static_cast<size_t>(count));
  Gather(data_.features(), rows, &features_);
  Gather(data_.targets(), rows, &targets_);
  batch_ = Batch(ViewRows(features_, 0, count), ViewRows(targets_, 0, count));
}

}  // namespace espalier
