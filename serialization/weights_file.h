// The file of a model's weights, where they are too many for the model's own:
// message Weights of model.proto.
#ifndef ESPALIER_SERIALIZATION_WEIGHTS_FILE_H_
#define ESPALIER_SERIALIZATION_WEIGHTS_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "espalier/model.pb.h"
#include "serialization/byte_source.h"
#include "serialization/file.h"
#include "serialization/file_reader.h"

namespace espalier {

// How the tensors stand in a file whose tensors begin at multiples of
// `alignment`, a power of two: with zeros before them, in order.
struct WeightsLayout {
  FilePieces pieces;  // into the tensors
  std::vector<uint64_t> offsets;
  uint64_t bytes = 0;
  uint32_t checksum = 0;
};
WeightsLayout LayOutWeights(absl::Span<const absl::string_view> tensors,
                            size_t alignment);

// Of a model file.
inline constexpr size_t kWeightsAlignment = 64;

// Reads such a file of a hostile model from its beginning to its end.
class WeightsReader {
 public:
  // Checks name and size. InvalidArgument, PermissionDenied: as OpenExternal;
  // DataLoss: it has not as many bytes as the model says; ResourceExhausted: it
  // has more than `max_bytes`.
  static absl::StatusOr<WeightsReader> Open(const std::string& folder,
                                            const v1::Weights& weights,
                                            int64_t max_bytes);

  // Whether the next tensor may be there: before memory is asked for.
  absl::Status Check(uint64_t offset, size_t bytes) const;
  // The next tensor, which must begin at `offset`; null: it is passed over.
  absl::Status Read(uint64_t offset, char* buffer, size_t bytes);
  // After the last tensor: DataLoss if the checksum is not the model's.
  absl::Status Finish();

 private:
  WeightsReader(FileReader file, const v1::Weights& weights)
      : file_(std::make_unique<FileReader>(std::move(file))),
        reader_(file_.get()),
        weights_(weights) {}

  absl::Status Error(const absl::Status& status) const;

  std::unique_ptr<FileReader> file_;
  ChecksumReader reader_;
  v1::Weights weights_;
};

// What the machine has: more cannot be held by any model. No limit if the
// system does not say.
int64_t PhysicalMemory();
// Of what sysconf gives, negative where it does not know.
int64_t PhysicalMemory(int64_t pages, int64_t page_bytes);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_WEIGHTS_FILE_H_
