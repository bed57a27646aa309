#include "serialization/idx.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/gzip.h"

namespace espalier {
namespace {

constexpr unsigned char kUnsignedByte = 0x08;

struct Header {
  Shape shape;
  size_t bytes;
};

absl::StatusOr<Header> ParseHeader(absl::string_view bytes, int min_rank,
                                   int max_rank) {
  if (bytes.size() < 4) {
    return absl::DataLossError(absl::StrCat(
        "has ", bytes.size(), " bytes: expected an IDX header of 4 or more"));
  }
  const auto type = static_cast<unsigned char>(bytes[2]);
  const int rank = static_cast<unsigned char>(bytes[3]);
  if (bytes[0] != 0 || bytes[1] != 0 || type != kUnsignedByte ||
      rank < min_rank || rank > max_rank) {
    const auto ranks = min_rank == max_rank
                           ? absl::StrCat(min_rank)
                           : absl::StrCat(min_rank, " to ", max_rank);
    return absl::InvalidArgumentError(absl::StrCat(
        "byte 0: the magic number is 0x",
        absl::Hex(LoadBig<uint32_t>(bytes.data()), absl::kZeroPad8),
        ": expected 0x0000080R with R, the number of dimensions, ", ranks));
  }
  const size_t header = 4 + 4 * static_cast<size_t>(rank);
  if (bytes.size() < header) {
    return absl::DataLossError(absl::StrCat(
        "has ", bytes.size(), " bytes: expected a header of ", header));
  }
  std::array<int64_t, kMaxRank> dims{};
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    dims[i] = LoadBig<uint32_t>(bytes.data() + 4 + 4 * i);
    if (dims[i] == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "byte ", 4 + 4 * i, ": dimension ", i, " is 0: expected at least 1"));
    }
  }
  const Shape shape(absl::MakeConstSpan(dims.data(), rank));
  RETURN_IF_ERROR(Annotate(shape.Validate(), "byte 4"));
  return Header{shape, header};
}

// How many more there are is not known of a packed file.
absl::Status CheckElements(const Header& header, absl::string_view elements) {
  const int64_t expected = header.shape.num_elements();
  const auto found = static_cast<int64_t>(elements.size());
  if (found == expected) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("byte ", header.bytes, ": ",
                   found > expected ? absl::StrCat("more than ", expected)
                                    : absl::StrCat(found),
                   " elements follow the header: its dimensions ",
                   header.shape.ToString(), " make ", expected));
}

template <typename T, typename Convert>
absl::StatusOr<Tensor> ReadIdx(const std::string& path, int min_rank,
                               int max_rank, Convert convert) {
  const auto size_of = [&](absl::string_view begin) -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(const Header header,
                     ParseHeader(begin, min_rank, max_rank));
    return static_cast<int64_t>(header.bytes) + header.shape.num_elements();
  };
  ASSIGN_OR_RETURN(const std::string bytes, ReadDataFile(path, size_of));
  const auto annotate = [&path](const absl::Status& status) {
    return Annotate(status, absl::StrCat("read ", Quoted(path)));
  };
  const absl::StatusOr<Header> header = ParseHeader(bytes, min_rank, max_rank);
  if (!header.ok()) return annotate(header.status());
  const absl::string_view elements =
      absl::string_view(bytes).substr(header->bytes);
  const absl::Status whole = CheckElements(*header, elements);
  if (!whole.ok()) return annotate(whole);
  Tensor tensor(DataTypeOf<T>(), header->shape);
  absl::Span<T> values = tensor.data<T>();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = convert(static_cast<unsigned char>(elements[i]));
  }
  return tensor;
}

}  // namespace

absl::StatusOr<Tensor> ReadIdxImages(const std::string& path) {
  return ReadIdx<float>(path, 2, kMaxRank, [](unsigned char pixel) {
    return static_cast<float>(pixel) / 255.0f;
  });
}

absl::StatusOr<Tensor> ReadIdxLabels(const std::string& path) {
  return ReadIdx<int32_t>(path, 1, 1, [](unsigned char label) {
    return static_cast<int32_t>(label);
  });
}

}  // namespace espalier
