// docs/ops.md is what MakeOpTable makes. `ops_op_table_test --write` writes it.
#include "tests/ops/op_table.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr char kPath[] = ESPALIER_SOURCE_DIR "/docs/ops.md";

TEST(OpTableTest, IsCurrent) {
  ASSERT_OK_AND_ASSIGN(const std::string table, MakeOpTable());
  std::ifstream stream(kPath);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(text, table) << "write it with: ops_op_table_test --write";
}

int Write() {
  const absl::StatusOr<std::string> table = MakeOpTable();
  if (!table.ok()) {
    std::cerr << table.status() << "\n";
    return 1;
  }
  std::ofstream stream(kPath);
  stream << *table << std::flush;
  return stream.good() ? 0 : 1;
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 2 && absl::string_view(argv[1]) == "--write") {
    return espalier::Write();
  }
  return RUN_ALL_TESTS();
}
