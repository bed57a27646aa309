#include "tools/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace espalier {
namespace tools {
namespace {

bool IsNumber(const std::string& entry) {
  return !entry.empty() &&
         (absl::ascii_isdigit(static_cast<unsigned char>(entry[0])) ||
          entry.find_first_of("+-.") == 0);
}

}  // namespace

std::string FormatTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - row[i].size(), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ",
                      IsNumber(row[i]) ? gap + row[i] : row[i] + gap);
    }
    absl::StripTrailingAsciiWhitespace(&line);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string FormatCount(int64_t count) {
  std::string text = absl::StrCat(count);
  const size_t sign = count < 0 ? 1 : 0;
  for (size_t i = text.size(); i > sign + 3;) {
    i -= 3;
    text.insert(i, 1, ',');
  }
  return text;
}

std::string FormatCount(double count) {
  return count < 1e15 ? FormatCount(static_cast<int64_t>(count))
                      : absl::StrFormat("%.3g", count);
}

std::string FormatPercent(double share) {
  return absl::StrFormat("%.2f %%", 100 * share);
}

std::string FormatSeconds(double seconds) {
  return seconds < 1 ? absl::StrFormat("%.3g ms", 1000 * seconds)
                     : absl::StrFormat("%.2f s", seconds);
}

}  // namespace tools
}  // namespace espalier
