// Figures and tables for people to read.
#ifndef ESPALIER_TOOLS_TABLE_H_
#define ESPALIER_TOOLS_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace espalier {
namespace tools {

// Lines of columns that are as wide as their widest entry, two spaces between
// them. Entries that start with a digit, a sign or a point are numbers and
// stand at the right of their column.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

std::string FormatCount(int64_t count);     // "17,226"
std::string FormatCount(double count);      // the same, or "1.2e+21"
std::string FormatPercent(double share);    // "96.38 %"
std::string FormatSeconds(double seconds);  // "3.21 s", "12.3 ms"

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_TABLE_H_
