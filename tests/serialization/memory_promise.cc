#include "tests/serialization/memory_promise.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "serialization/memory_budget.h"
#include "serialization/model_file.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/counted_memory.h"

namespace espalier {

absl::StatusCode ExpectWithinMemory(const std::string& name,
                                    const std::string& bytes,
                                    const std::string& what) {
  const ScratchFolder folder;
  const std::string path = folder.Write(name, bytes);
  const auto size = static_cast<int64_t>(bytes.size());
  const auto load = [&](auto as) {
    absl::Status status;
    const int64_t peak =
        PeakOf([&] { status = as(path, StandardOps()).status(); });
    EXPECT_LE(peak, 3 * size + (int64_t{16} << 20))
        << what << ", " << size
        << " bytes: " << status.ToString().substr(0, 200);
    return status.code();
  };
  load(LoadStructure);
  return load(Load);
}

void GrowUntilRefused(const std::string& name, const std::string& what,
                      int least, double share,
                      const std::function<std::string(int)>& make) {
  constexpr int kMost = 400000;
  {
    const std::string bytes = make(least);
    EXPECT_EQ(ExpectWithinMemory(name, bytes, what), absl::StatusCode::kOk)
        << least << " " << what;
    const auto size = static_cast<int64_t>(bytes.size());
    EXPECT_GE(static_cast<double>(PeakBytes() - LiveBytes()),
              share * static_cast<double>(MemoryBudget(size).allowed()))
        << least << " " << what;
  }
  for (int count = least * 5 / 4; count < kMost; count += count / 4) {
    const absl::StatusCode code =
        ExpectWithinMemory(name, make(count), absl::StrCat(count, " ", what));
    if (code == absl::StatusCode::kResourceExhausted) return;
  }
  ADD_FAILURE() << what << " are never refused";
}

std::string Times(int count, const std::string& bytes) {
  std::string all;
  all.reserve(static_cast<size_t>(count) * bytes.size());
  for (int i = 0; i < count; ++i) all += bytes;
  return all;
}

}  // namespace espalier
