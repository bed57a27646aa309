#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "graph/tensor.h"
#include "serialization/byte_source.h"
#include "serialization/csv.h"
#include "serialization/gzip.h"
#include "serialization/idx.h"
#include "serialization/npy.h"
#include "serialization/npz.h"
#include "serialization/safetensors.h"
#include "serialization/tensor_file.h"
#include "serialization/zip.h"
#include "tests/fuzz/promises.h"
#include "tests/fuzz/targets.h"

namespace espalier {
namespace {

// A file in memory, with a path.
class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size)
      : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    Require(descriptor_ >= 0, "a file in memory can be made");
    Require(size == 0 ||
                write(descriptor_, data, size) == static_cast<ssize_t>(size),
            "and written");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(descriptor_); }

  std::string path() const {
    return absl::StrCat("/proc/self/fd/", descriptor_);
  }

 private:
  int descriptor_;
};

CsvOptions OptionsOf(unsigned char bits) {
  CsvOptions options;
  const char* const targets[] = {"", "last", "x", "label"};
  options.target = targets[bits & 3];
  options.target_is_class = (bits & 4) != 0;
  return options;
}

// Commas between shortest decimals; the target is the last column.
std::string AsCsv(const Tensor& inputs) {
  std::string text;
  const int64_t columns = inputs.shape().dim(1);
  for (int64_t i = 0; i < inputs.num_elements(); ++i) {
    absl::StrAppendFormat(&text, "%.9g",
                          inputs.data<float>()[static_cast<size_t>(i)]);
    text += i % columns == columns - 1 ? '\n' : ',';
  }
  return text;
}

// As Tensor's ==, but a NaN is any.
bool SameNumbers(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type()) return false;
  if (a.dtype() == DataType::kI32) return a == b;
  for (size_t i = 0; i < a.data<float>().size(); ++i) {
    const float x = a.data<float>()[i];
    const float y = b.data<float>()[i];
    if (x != y && !(std::isnan(x) && std::isnan(y))) return false;
  }
  return true;
}

// Reads tensors, with a look at their types first, and gives what is read back
// to `write`.
template <typename Read, typename Write>
int FuzzTensors(const std::string& bytes, Read read, Write write) {
  MemorySource source(bytes);
  TensorTypes types;
  int looks = 0;
  const absl::StatusOr<NamedTensors> tensors =
      read(&source, [&](const TensorTypes& seen) {
        ++looks;
        types = seen;
        return absl::OkStatus();
      });
  if (looks > 0) {
    // Nothing else comes of a file whose types nobody wants.
    const absl::Status unwanted = absl::FailedPreconditionError("unwanted");
    MemorySource again(bytes);
    const auto refused =
        read(&again, [&](const TensorTypes& /*seen*/) { return unwanted; });
    Require(looks == 1 && refused.status() == unwanted,
            "types are looked at once, and that decides");
  }
  if (!tensors.ok()) {
    RequireRefusal(tensors.status());
    return 0;
  }
  Require(looks == 1 && types.size() == tensors->size(),
          "the type of each tensor is seen before");
  for (const auto& [name, tensor] : *tensors) {
    const auto type = types.find(name);
    Require(type != types.end() && type->second == tensor.type(),
            "the tensors are what was seen");
  }
  const std::string file = write(*tensors);
  MemorySource again(file);
  const absl::StatusOr<NamedTensors> second = read(&again, AnyTypes);
  Require(second.ok() && *second == *tensors, "and read again the same");
  return 1;
}

}  // namespace

int FuzzCsv(const uint8_t* data, size_t size) {
  const CsvOptions options = OptionsOf(size == 0 ? 0 : data[0]);
  const std::string text =
      size == 0 ? std::string() : AsString(data + 1, size - 1);
  const absl::StatusOr<CsvData> csv = ParseCsv(text, options);
  if (!csv.ok()) {
    RequireRefusal(csv.status());
    return 0;
  }
  const Tensor& inputs = csv->inputs;
  Require(inputs.dtype() == DataType::kF32 && inputs.shape().rank() == 2 &&
              inputs.num_elements() > 0,
          "a table of numbers");
  const auto columns = static_cast<size_t>(inputs.shape().dim(1));
  Require(csv->columns.empty() || csv->columns.size() == columns,
          "a name for each column or none");
  for (const float x : inputs.data<float>()) {
    Require(std::isfinite(x), "what is read is finite");
  }
  Require(csv->target.has_value() == !options.target.empty(),
          "a target where one is asked for");
  if (csv->target.has_value()) {
    Require(csv->target->shape().dim(0) == inputs.shape().dim(0),
            "a target for each row");
    if (options.target_is_class) {
      for (const int32_t label : csv->target->data<int32_t>()) {
        Require(label >= 0, "classes count from 0");
      }
    }
  }
  const absl::StatusOr<CsvData> again = ParseCsv(AsCsv(inputs), CsvOptions());
  Require(again.ok() && SameNumbers(again->inputs, inputs),
          "the same numbers when written and read again");
  return 1;
}

int FuzzIdx(const uint8_t* data, size_t size) {
  const MemoryFile file(data, size);
  const absl::StatusOr<Tensor> labels = ReadIdxLabels(file.path());
  const absl::StatusOr<Tensor> images = ReadIdxImages(file.path());
  Require(!labels.ok() || !images.ok(), "labels or images, not both");
  if (labels.ok()) {
    for (const int32_t label : labels->data<int32_t>()) {
      Require(label >= 0 && label <= 255, "labels are bytes");
    }
    return 1;
  }
  RequireRefusal(labels.status());
  if (!images.ok()) {
    RequireRefusal(images.status());
    return 0;
  }
  for (const float pixel : images->data<float>()) {
    Require(pixel >= 0 && pixel <= 1, "pixels are from 0 to 1");
  }
  return 1;
}

int FuzzNpy(const uint8_t* data, size_t size) {
  const MemoryFile file(data, size);
  const absl::StatusOr<Tensor> natural = ReadNpy(file.path());
  const absl::StatusOr<Tensor> f32 = ReadNpyAs(file.path(), DataType::kF32);
  const absl::StatusOr<Tensor> i32 = ReadNpyAs(file.path(), DataType::kI32);
  if (!natural.ok()) RequireRefusal(natural.status());
  if (!f32.ok()) RequireRefusal(f32.status());
  if (!i32.ok()) RequireRefusal(i32.status());
  if (!natural.ok()) {
    // Integers may be too large for i32 and be read as f32, and the like.
    return f32.ok() || i32.ok() ? 1 : 0;
  }
  const absl::StatusOr<Tensor>& same =
      natural->dtype() == DataType::kF32 ? f32 : i32;
  Require(same.ok() && *same == *natural, "the natural type asked for is it");
  if (f32.ok() && i32.ok()) {
    Require(f32->shape() == i32->shape(), "one shape as any type");
  }
  return 1;
}

int FuzzNpz(const uint8_t* data, size_t size) {
  const std::string bytes = AsString(data, size);
  return FuzzTensors(bytes, ReadNpz, [](const NamedTensors& tensors) {
    ZipWriter writer;
    const absl::Status written = WriteNpz(tensors, &writer);
    Require(written.ok(),
            absl::StrCat("what is read can be written: ", written.ToString()));
    std::string file;
    for (const absl::string_view piece : writer.Finish()) {
      absl::StrAppend(&file, piece);
    }
    return file;
  });
}

int FuzzSafetensors(const uint8_t* data, size_t size) {
  const std::string bytes = AsString(data, size);
  return FuzzTensors(bytes, ReadSafetensors, [](const NamedTensors& tensors) {
    absl::StatusOr<std::string> file = SafetensorsHeader(tensors);
    Require(file.ok(), absl::StrCat("what is read can be written: ",
                                    file.status().ToString()));
    for (const auto& [name, tensor] : tensors) {
      file->append(static_cast<const char*>(tensor.raw()), tensor.num_bytes());
    }
    return *file;
  });
}

int FuzzGzip(const uint8_t* data, size_t size) {
  constexpr int64_t kMostBytes = 1 << 20;
  const std::string packed = AsString(data, size);
  const absl::StatusOr<std::string> unpacked = Gunzip(packed, kMostBytes);
  if (!unpacked.ok()) {
    RequireRefusal(unpacked.status());
    return 0;
  }
  Require(static_cast<int64_t>(unpacked->size()) <= kMostBytes,
          "no more than what was allowed");
  // Two members one after the other are their contents one after the other.
  const absl::StatusOr<std::string> twice =
      Gunzip(packed + packed, 2 * kMostBytes);
  Require(twice.ok() && *twice == *unpacked + *unpacked,
          "members follow each other");
  return 1;
}

}  // namespace espalier
