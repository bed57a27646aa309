#include "serialization/csv.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/byte_stream.h"
#include "serialization/data_file.h"
#include "serialization/name_list.h"

namespace espalier {
namespace {

using Fields = std::vector<absl::string_view>;

// Of a line: a table has far fewer, and a packed file of commas would otherwise
// take many times its unpacked size.
constexpr size_t kMaxFields = 1000000;

// Walks over the lines of a text; blank ones at its end do not count.
class Lines {
 public:
  explicit Lines(absl::string_view text)
      : rest_(absl::StripTrailingAsciiWhitespace(
            absl::StripPrefix(text, "\xEF\xBB\xBF"))) {}

  // The number of the line that Next gave, from 1.
  int64_t number() const { return number_; }

  bool Next(absl::string_view* line) {
    if (rest_.empty()) return false;
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    *line = absl::StripSuffix(rest_.substr(0, end), "\r");
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    return true;
  }

 private:
  absl::string_view rest_;
  int64_t number_ = 0;
};

// Cuts one field off the front of `rest`, the comma after it with it; clears
// `more` at the end of the line.
absl::Status TakeField(absl::string_view* rest, bool* more,
                       absl::string_view* field) {
  const bool quoted = !rest->empty() && rest->front() == '"';
  size_t end = 0;
  if (quoted) {
    size_t quote = rest->find('"', 1);
    while (quote != rest->npos && rest->substr(quote, 2) == "\"\"") {
      quote = rest->find('"', quote + 2);
    }
    if (quote == rest->npos) {
      return absl::InvalidArgumentError("a quoted field does not end");
    }
    end = quote + 1;
    if (end < rest->size() && (*rest)[end] != ',') {
      return absl::InvalidArgumentError("text follows a quoted field");
    }
    *field = rest->substr(1, quote - 1);
  } else {
    while (end < rest->size() && (*rest)[end] != ',') {
      if ((*rest)[end++] == '"') {
        return absl::InvalidArgumentError(
            "a quote inside a field without quotes");
      }
    }
    *field = rest->substr(0, end);
  }
  *more = end < rest->size();
  rest->remove_prefix(*more ? end + 1 : end);
  return absl::OkStatus();
}

absl::Status Split(absl::string_view line, Fields* fields) {
  fields->clear();
  for (bool more = true; more;) {
    absl::string_view field;
    RETURN_IF_ERROR(TakeField(&line, &more, &field));
    if (fields->size() == kMaxFields) {
      return absl::InvalidArgumentError(
          absl::StrCat("has more than ", kMaxFields, " fields"));
    }
    fields->push_back(field);
  }
  return absl::OkStatus();
}

// As Split, but most lines have no quotes: there are as many fields as commas,
// and one more.
absl::StatusOr<int64_t> CountFields(absl::string_view line, Fields* fields) {
  size_t count = 1;
  bool quotes = false;
  bool zeros = false;
  bool returns = false;
  for (const char c : line) {
    count += c == ',' ? 1 : 0;
    quotes |= c == '"';
    zeros |= c == '\0';
    returns |= c == '\r';
  }
  if (zeros) {
    return absl::InvalidArgumentError(
        "holds a byte 0: expected text in UTF-8 or ASCII");
  }
  if (returns) {
    return absl::InvalidArgumentError(
        "holds a CR that no LF follows: expected lines that end with LF or "
        "CR LF");
  }
  if (quotes || count > kMaxFields) {
    RETURN_IF_ERROR(Split(line, fields));
    count = fields->size();
  }
  return static_cast<int64_t>(count);
}

bool IsWord(absl::string_view field) {
  double number;
  return !absl::StripAsciiWhitespace(field).empty() &&
         !absl::SimpleAtod(field, &number);
}

// Hexadecimal is a number for Abseil and most likely a mistake in a table.
bool IsHexadecimal(absl::string_view field) {
  return field.find_first_of("xX") != field.npos;
}

// Most numbers are short: of a minus, digits and a point. With at most seven
// digits both the digits and the power of ten are exact in float, so that their
// quotient is rounded once, as it has to be (Clinger, "How to read floating
// point numbers accurately", 1990).
bool ParseShort(absl::string_view field, float* number) {
  constexpr size_t kMostDigits = 7;
  constexpr float kPowers[] = {1, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f};
  const bool negative = !field.empty() && field.front() == '-';
  if (negative) field.remove_prefix(1);
  const size_t point = std::min(field.find('.'), field.size());
  const size_t digits = field.size() - (point < field.size() ? 1 : 0);
  if (digits == 0 || digits > kMostDigits) return false;
  int value = 0;
  for (size_t i = 0; i < field.size(); ++i) {
    if (i == point) continue;
    const int digit = field[i] - '0';
    if (digit < 0 || digit > 9) return false;
    value = 10 * value + digit;
  }
  const float size = static_cast<float>(value) / kPowers[digits - point];
  *number = negative ? -size : size;
  return true;
}

absl::Status ParseNumber(absl::string_view field, float* number) {
  if (ParseShort(field, number)) return absl::OkStatus();
  if (IsHexadecimal(field) || !absl::SimpleAtof(field, number)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(field), " is not a number"));
  }
  if (!std::isfinite(*number)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(field), " is not a finite float32"));
  }
  return absl::OkStatus();
}

absl::Status ParseClass(absl::string_view field, int32_t* label) {
  float few;
  double number;
  if (ParseShort(field, &few)) {
    number = few;
  } else if (IsHexadecimal(field) || !absl::SimpleAtod(field, &number)) {
    number = -1;
  }
  if (!(number >= 0) || number > std::numeric_limits<int32_t>::max() ||
      number != std::floor(number)) {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(field),
        " is not a class: expected a whole number from 0 up; numbers of any "
        "kind are targets of regression"));
  }
  *label = static_cast<int32_t>(number);
  return absl::OkStatus();
}

class CsvParser {
 public:
  // `check` says whether so many bytes of numbers may be made.
  using CheckBytes = absl::FunctionRef<absl::Status(int64_t)>;

  CsvParser(absl::string_view text, const CsvOptions& options, CheckBytes check)
      : text_(text), options_(options), check_(check) {}

  absl::StatusOr<CsvData> Parse() {
    RETURN_IF_ERROR(Measure());
    RETURN_IF_ERROR(FindTarget());
    CsvData data;
    for (size_t i = 0; i < names_.size(); ++i) {
      if (i != target_) data.columns.push_back(names_[i]);
    }
    const int64_t inputs = columns_ - (target_ == kNone ? 0 : 1);
    if (inputs == 0) {
      return absl::InvalidArgumentError(
          "has no column beside the target (commas separate columns)");
    }
    // As many fields are in memory, so this does not overflow.
    RETURN_IF_ERROR(check_(rows_ * columns_ * 4));
    data.inputs = Tensor(DataType::kF32, {rows_, inputs});
    if (target_ != kNone) {
      data.target = options_.target_is_class
                        ? Tensor(DataType::kI32, {rows_})
                        : Tensor(DataType::kF32, {rows_, 1});
    }
    RETURN_IF_ERROR(Fill(&data));
    return data;
  }

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  // Counts rows and columns, so that what is allocated afterwards is known to
  // stand in the file, and looks at the quotes.
  absl::Status Measure() {
    Lines lines(text_);
    absl::string_view line;
    Fields fields;
    while (lines.Next(&line)) {
      if (line.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", lines.number(), " is empty"));
      }
      const absl::StatusOr<int64_t> count = CountFields(line, &fields);
      if (!count.ok()) {
        return Annotate(count.status(), absl::StrCat("line ", lines.number()));
      }
      if (lines.number() == 1) {
        columns_ = *count;
        RETURN_IF_ERROR(Split(line, &fields));
        if (std::any_of(fields.begin(), fields.end(), IsWord)) {
          for (absl::string_view field : fields) {
            names_.push_back(absl::StrReplaceAll(
                absl::StripAsciiWhitespace(field), {{"\"\"", "\""}}));
          }
        }
      } else if (*count != columns_ && !PlantedBug(18)) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", lines.number(), " has ", *count,
                         " fields: expected ", columns_, " as in line 1"));
      }
    }
    rows_ = lines.number() - (names_.empty() ? 0 : 1);
    if (rows_ <= 0) {
      return absl::InvalidArgumentError(
          lines.number() == 0 ? "is empty" : "holds no row below its header");
    }
    return absl::OkStatus();
  }

  absl::Status FindTarget() {
    if (options_.target.empty()) return absl::OkStatus();
    if (options_.target == "last") {
      target_ = static_cast<size_t>(columns_ - 1);
      return absl::OkStatus();
    }
    if (names_.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("target ", Quoted(options_.target),
                       ": there is no header to find it in"));
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] != options_.target) continue;
      if (target_ != kNone) {
        return absl::InvalidArgumentError(
            absl::StrCat("target ", Quoted(options_.target), ": columns ",
                         target_ + 1, " and ", i + 1, " have that name"));
      }
      target_ = i;
    }
    if (target_ == kNone) {
      return absl::InvalidArgumentError(
          absl::StrCat("target ", Quoted(options_.target),
                       ": no column has that name, expected one of ",
                       ListNames(names_, Quoted)));
    }
    return absl::OkStatus();
  }

  absl::Status Fill(CsvData* data) const {
    Lines lines(text_);
    absl::string_view line;
    if (!names_.empty()) lines.Next(&line);
    absl::Span<float> inputs = data->inputs.data<float>();
    size_t next = 0;
    for (int64_t row = 0; lines.Next(&line); ++row) {
      bool more = true;
      for (size_t column = 0; more; ++column) {
        absl::string_view field;
        RETURN_IF_ERROR(TakeField(&line, &more, &field));
        const absl::Status status =
            column == target_ ? StoreTarget(field, row, &*data->target)
                              : ParseNumber(field, &inputs[next++]);
        if (!status.ok()) return Annotate(status, Place(lines, column));
      }
    }
    return absl::OkStatus();
  }

  absl::Status StoreTarget(absl::string_view field, int64_t row,
                           Tensor* target) const {
    const auto at = static_cast<size_t>(row);
    return options_.target_is_class
               ? ParseClass(field, &target->data<int32_t>()[at])
               : ParseNumber(field, &target->data<float>()[at]);
  }

  std::string Place(const Lines& lines, size_t column) const {
    return absl::StrCat(
        "line ", lines.number(), ", column ", column + 1,
        names_.empty() ? "" : absl::StrCat(" (", Quoted(names_[column]), ")"));
  }

  const absl::string_view text_;
  const CsvOptions& options_;
  const CheckBytes check_;
  int64_t rows_ = 0;
  int64_t columns_ = 0;
  std::vector<std::string> names_;  // of all columns; empty without a header
  size_t target_ = kNone;
};

absl::StatusOr<CsvData> ReadFrom(DataFile* file, const CsvOptions& options) {
  ASSIGN_OR_RETURN(const std::string text, ReadToEnd(file));
  return CsvParser(
             text, options,
             [file](int64_t bytes) { return file->CheckTensorBytes(bytes); })
      .Parse();
}

}  // namespace

absl::StatusOr<CsvData> ParseCsv(absl::string_view text,
                                 const CsvOptions& options) {
  const auto any = [](int64_t /*bytes*/) { return absl::OkStatus(); };
  return CsvParser(text, options, any).Parse();
}

absl::StatusOr<CsvData> ReadCsv(const std::string& path,
                                const CsvOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<DataFile> file, DataFile::Open(path));
  absl::StatusOr<CsvData> data = ReadFrom(file.get(), options);
  if (data.ok()) return data;
  return file->Error(data.status());
}

}  // namespace espalier
