// How texts are changed: by words and lines, and as bytes.
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/fuzz/mutators.h"
#include "tests/fuzz/nasty_values.h"

namespace espalier {
namespace {

using Parts = std::vector<std::string>;

// Words, and what stands between them, byte by byte.
Parts Words(const std::string& text) {
  Parts words;
  bool inside = false;
  for (const char c : text) {
    const bool word = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                      c == '_' || c == '.' || c == '-' || c == '+';
    if (!word || !inside) words.emplace_back();
    words.back() += c;
    inside = word;
  }
  return words;
}

std::string OtherWord(const std::string& word, const Parts& all,
                      NastyValues* values) {
  int64_t integer = 0;
  double number = 0;
  const std::string& other = all[values->Below(all.size())];
  switch (values->Below(4)) {
    case 0:
      return "";
    case 1:
      if (absl::SimpleAtoi(word, &integer)) {
        return absl::StrCat(values->Integer(integer));
      }
      if (absl::SimpleAtod(word, &number)) {
        return absl::StrCat(values->Number(number));
      }
      return other;
    case 2:
      return word + other;
    default:
      return other;
  }
}

void MoveParts(Parts* parts, NastyValues* values) {
  const size_t from = values->Below(parts->size());
  const size_t to = values->Below(parts->size());
  switch (values->Below(3)) {
    case 0:
      std::swap((*parts)[from], (*parts)[to]);
      return;
    case 1: {
      const std::string copy = (*parts)[from];
      parts->insert(parts->begin() + static_cast<std::ptrdiff_t>(to), copy);
      return;
    }
    default:
      parts->erase(parts->begin() + static_cast<std::ptrdiff_t>(from));
  }
}

}  // namespace

std::string MutateText(const std::string& input, const Mutation& mutation) {
  NastyValues values(mutation);
  if (input.empty() || values.OneIn(4)) {
    return Fitting(values.Bytes(input), input, mutation);
  }
  if (values.OneIn(3)) {
    Parts lines = absl::StrSplit(input, '\n');
    MoveParts(&lines, &values);
    return Fitting(absl::StrJoin(lines, "\n"), input, mutation);
  }
  Parts words = Words(input);
  for (size_t changes = 1 + values.Below(3); changes > 0; --changes) {
    std::string& word = words[values.Below(words.size())];
    word = OtherWord(word, words, &values);
  }
  return Fitting(absl::StrJoin(words, ""), input, mutation);
}

std::string CrossTexts(const std::string& first, const std::string& second,
                       const Mutation& mutation) {
  NastyValues values(mutation);
  Parts lines = absl::StrSplit(first, '\n');
  const Parts others = absl::StrSplit(second, '\n');
  for (size_t changes = 1 + values.Below(4); changes > 0; --changes) {
    const auto at = static_cast<std::ptrdiff_t>(values.Below(lines.size()));
    lines.insert(lines.begin() + at, others[values.Below(others.size())]);
  }
  return Fitting(absl::StrJoin(lines, "\n"), first, mutation);
}

}  // namespace espalier
