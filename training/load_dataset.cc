#include "training/load_dataset.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/csv.h"
#include "serialization/idx.h"
#include "serialization/npy.h"
#include "training/builtin.h"

namespace espalier {
namespace {

// Puts in front of an error what data it is of.
absl::StatusOr<Dataset> InData(const std::string& description,
                               absl::StatusOr<Dataset> data) {
  if (data.ok()) return data;
  return Annotate(data.status(), absl::StrCat("data ", Quoted(description)));
}

bool Exists(const std::string& path) {
  struct stat unused;
  return stat(path.c_str(), &unused) == 0;
}

// The file under its plain name or with .gz; NotFound names both.
absl::StatusOr<std::string> FindIdx(const std::string& folder,
                                    absl::string_view name) {
  const std::string plain = absl::StrCat(folder, "/", name);
  if (Exists(plain)) return plain;
  const std::string packed = absl::StrCat(plain, ".gz");
  if (Exists(packed)) return packed;
  return absl::NotFoundError(absl::StrCat("neither ", Quoted(plain), " nor ",
                                          Quoted(packed), " is there"));
}

absl::StatusOr<Dataset> LoadIdxPart(const std::string& folder,
                                    absl::string_view images,
                                    absl::string_view labels,
                                    const Dataset::Info& info) {
  ASSIGN_OR_RETURN(const std::string image_path, FindIdx(folder, images));
  ASSIGN_OR_RETURN(const std::string label_path, FindIdx(folder, labels));
  ASSIGN_OR_RETURN(LabelledImages read, ReadIdx(image_path, label_path));
  absl::StatusOr<Dataset> data =
      Dataset::Create(std::move(read.images), std::move(read.labels), info);
  if (data.ok()) return data;
  return Annotate(data.status(), absl::StrCat(Quoted(image_path), " with ",
                                              Quoted(label_path)));
}

absl::StatusOr<Dataset> LoadIdx(const std::string& folder,
                                const Dataset::Info& info) {
  ASSIGN_OR_RETURN(Dataset train, LoadIdxPart(folder, "train-images-idx3-ubyte",
                                              "train-labels-idx1-ubyte", info));
  const auto elements =
      static_cast<size_t>(train.features().num_elements() / train.rows());
  ASSIGN_OR_RETURN(train, train.WithDomain({std::vector<float>(elements, 0),
                                            std::vector<float>(elements, 1)}));
  // A folder without any file of a test part has none; half of one is an error.
  const char* const images = "t10k-images-idx3-ubyte";
  const char* const labels = "t10k-labels-idx1-ubyte";
  if (!FindIdx(folder, images).ok() && !FindIdx(folder, labels).ok()) {
    return train;
  }
  ASSIGN_OR_RETURN(const Dataset test,
                   LoadIdxPart(folder, images, labels, info));
  return train.WithTest(test);
}

absl::StatusOr<Dataset> LoadCsv(const std::string& path,
                                const LoadDatasetOptions& options,
                                Dataset::Info info) {
  CsvOptions csv_options;
  csv_options.target = options.target;
  csv_options.target_is_class =
      options.task.value_or(Task::kClassification) == Task::kClassification;
  // An error of reading names the file by itself.
  ASSIGN_OR_RETURN(CsvData csv, ReadCsv(path, csv_options));
  return InData(path, Dataset::Create(std::move(csv.inputs),
                                      *std::move(csv.target), std::move(info)));
}

// Of one dimension: one element a row.
Tensor AsColumns(Tensor tensor) {
  const Shape shape = tensor.shape();
  if (shape.rank() != 1) return tensor;
  return std::move(tensor).Reshaped({shape.dim(0), 1});
}

absl::StatusOr<Tensor> ReadTargets(const LoadDatasetOptions& options) {
  Tensor targets;
  if (!options.task.has_value()) {
    ASSIGN_OR_RETURN(targets, ReadNpy(options.labels));
  } else if (*options.task == Task::kClassification) {
    ASSIGN_OR_RETURN(targets, ReadNpyAs(options.labels, DataType::kI32));
  } else {
    ASSIGN_OR_RETURN(targets, ReadNpyAs(options.labels, DataType::kF32));
  }
  // One number a row, in either of the shapes that NumPy users have it in.
  if (targets.dtype() == DataType::kF32) return AsColumns(std::move(targets));
  const Shape shape = targets.shape();
  if (shape.rank() != 2 || shape.dim(1) != 1) return targets;
  return std::move(targets).Reshaped({shape.dim(0)});
}

absl::StatusOr<Dataset> WithTargets(Tensor features,
                                    const LoadDatasetOptions& options,
                                    Dataset::Info info) {
  ASSIGN_OR_RETURN(Tensor targets, ReadTargets(options));
  absl::StatusOr<Dataset> data =
      Dataset::Create(std::move(features), std::move(targets), std::move(info));
  if (data.ok()) return data;
  return Annotate(data.status(),
                  absl::StrCat("with labels ", Quoted(options.labels)));
}

absl::StatusOr<Dataset> LoadNpy(const std::string& path,
                                const LoadDatasetOptions& options,
                                Dataset::Info info) {
  if (options.labels.empty()) {
    return InData(
        path, absl::InvalidArgumentError(
                  "holds features only: the file of the labels is not given"));
  }
  // An error of reading names the file by itself.
  ASSIGN_OR_RETURN(Tensor features, ReadNpyAs(path, DataType::kF32));
  return InData(path, WithTargets(AsColumns(std::move(features)), options,
                                  std::move(info)));
}

enum class Source { kBuiltin, kFolder, kCsv, kNpy };

absl::StatusOr<Source> SourceOf(const std::string& description) {
  if (absl::StartsWith(description, "builtin:")) return Source::kBuiltin;
  struct stat found;
  if (stat(description.c_str(), &found) != 0) {
    return absl::ErrnoToStatus(errno, "cannot be opened");
  }
  if (S_ISDIR(found.st_mode)) return Source::kFolder;
  const absl::string_view plain = absl::StripSuffix(description, ".gz");
  if (absl::EndsWith(plain, ".csv")) return Source::kCsv;
  if (absl::EndsWith(plain, ".npy")) return Source::kNpy;
  return absl::InvalidArgumentError(
      "unknown kind of data: expected a folder of IDX files, a .csv, .csv.gz "
      "or "
      ".npy file, or builtin:NAME");
}

// Options of another kind of data would be without effect.
absl::Status CheckOptions(Source source, const LoadDatasetOptions& options) {
  const LoadDatasetOptions defaults;
  if (options.target != defaults.target && source != Source::kCsv) {
    return absl::InvalidArgumentError("only a CSV file has a target column");
  }
  if (!options.labels.empty() && source != Source::kNpy) {
    return absl::InvalidArgumentError("only an NPY file has a file of labels");
  }
  if (options.task.has_value() && source != Source::kCsv &&
      source != Source::kNpy) {
    return absl::InvalidArgumentError(
        "only of a CSV or NPY file can the task be told");
  }
  if (options.target.empty()) {
    return absl::InvalidArgumentError("the name of the target is empty");
  }
  return absl::OkStatus();
}

absl::StatusOr<Source> CheckedSource(const std::string& description,
                                     const LoadDatasetOptions& options) {
  ASSIGN_OR_RETURN(const Source source, SourceOf(description));
  RETURN_IF_ERROR(CheckOptions(source, options));
  return source;
}

}  // namespace

absl::StatusOr<Dataset> LoadDataset(const std::string& description,
                                    const LoadDatasetOptions& options) {
  const absl::StatusOr<Source> source = CheckedSource(description, options);
  if (!source.ok()) return InData(description, source.status());
  Dataset::Info info;
  info.name = description;
  switch (*source) {
    case Source::kBuiltin:
      return InData(description, builtin::ByName(absl::StripPrefix(
                                     description, "builtin:")));
    case Source::kFolder:
      return InData(description, LoadIdx(description, info));
    case Source::kCsv:
      return LoadCsv(description, options, std::move(info));
    case Source::kNpy:
      break;
  }
  return LoadNpy(description, options, std::move(info));
}

}  // namespace espalier
