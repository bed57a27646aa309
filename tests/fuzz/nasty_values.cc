#include "tests/fuzz/nasty_values.h"

#include <limits>

namespace espalier {

int64_t NastyValues::Integer(int64_t old) {
  constexpr int64_t kEdges[] = {-1,
                                0,
                                1,
                                2,
                                12,
                                13,
                                255,
                                256,
                                65535,
                                65536,
                                int64_t{1} << 20,
                                int64_t{1} << 24,
                                int64_t{1} << 30,
                                std::numeric_limits<int32_t>::max(),
                                std::numeric_limits<int32_t>::min(),
                                int64_t{1} << 31,
                                int64_t{1} << 32,
                                int64_t{1} << 40,
                                (int64_t{1} << 40) + 1,
                                int64_t{1} << 62,
                                (int64_t{1} << 62) + 1,
                                std::numeric_limits<int64_t>::max(),
                                std::numeric_limits<int64_t>::min()};
  constexpr size_t kCount = sizeof(kEdges) / sizeof(kEdges[0]);
  const auto bits = static_cast<uint64_t>(old);
  switch (Below(6)) {
    case 0:
      return kEdges[Below(kCount)];
    case 1:
      return static_cast<int64_t>(bits + 1);
    case 2:
      return static_cast<int64_t>(bits - 1);
    case 3:
      return static_cast<int64_t>(OneIn(2) ? 0 - bits : bits * 2);
    default:
      return static_cast<int64_t>(Below(6)) - (OneIn(4) ? 3 : 0);
  }
}

double NastyValues::Number(double old) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kEdges[] = {0.0,
                               -0.0,
                               1.0,
                               -1.0,
                               0.5,
                               1e-45,
                               1.2e-38,
                               3.4e38,
                               -3.4e38,
                               1e300,
                               1e30,
                               -1e30,
                               88.8,
                               -104.0,
                               16777216.0,
                               3e9,
                               kInfinity,
                               -kInfinity,
                               std::numeric_limits<double>::quiet_NaN()};
  constexpr size_t kCount = sizeof(kEdges) / sizeof(kEdges[0]);
  switch (Below(4)) {
    case 0:
      return -old;
    case 1:
      return old * 2;
    default:
      return kEdges[Below(kCount)];
  }
}

std::string NastyValues::Text(const std::string& old,
                              const std::vector<std::string>& others) {
  if (!others.empty() && !OneIn(3)) return others[Below(others.size())];
  switch (Below(8)) {
    case 0:
      return "";
    case 1:
      return std::string(300, 'a');
    case 2:
      return "../" + old;
    case 3:
      return old + "\x1b[2J";
    case 4:
      return "\xff\xfe";
    case 5:
      return old + old;
    default:
      return Bytes(old, 8);
  }
}

std::string NastyValues::Bytes(const std::string& old, size_t growth) {
  std::string bytes = old;
  bytes.resize(old.size() + growth);
  if (bytes.empty()) return bytes;
  auto* data = reinterpret_cast<uint8_t*>(&bytes[0]);
  bytes.resize(bytes_(data, old.size(), bytes.size()));
  return bytes;
}

}  // namespace espalier
