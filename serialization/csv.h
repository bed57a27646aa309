// Tables of numbers as comma-separated text, plain or .gz.
//
// One row per line, as many fields in each; LF or CRLF; spaces around a number
// and double quotes around a field are allowed. The first row is a header when
// any of its fields is a word (not empty, not a number). Every other field must
// be a finite number within the range of float32.
//
// The text is held, twice at most while it is unpacked, and then with what is
// read of it, and up to 100 bytes for each column, of which there are at most a
// million. A packed table unpacks to at most 1 GiB, and gives at most 1 GiB
// of numbers, or 16 times the packed bytes if that is more.
#ifndef ESPALIER_SERIALIZATION_CSV_H_
#define ESPALIER_SERIALIZATION_CSV_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/tensor.h"

namespace espalier {

struct CsvOptions {
  // The column to learn: its name in the header, or "last". Empty: none.
  std::string target;
  // Whether that column holds class indices: whole numbers from 0 up.
  bool target_is_class = false;
};

struct CsvData {
  std::vector<std::string> columns;  // names of the inputs, if there are any
  Tensor inputs;                     // f32[rows, columns but the target]
  absl::optional<Tensor> target;     // i32[rows] for classes, else f32[rows, 1]
};

// Errors name the file, the line and the column, both counted from 1.
absl::StatusOr<CsvData> ReadCsv(const std::string& path,
                                const CsvOptions& options);

// The same from the text itself.
absl::StatusOr<CsvData> ParseCsv(absl::string_view text,
                                 const CsvOptions& options);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_CSV_H_
