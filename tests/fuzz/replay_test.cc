// The corpus of each fuzz target, file by file, without libFuzzer: seeds are
// accepted, and no finding of the past ends the program any more. Changed
// inputs keep the mutators themselves at work.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "tests/fuzz/folder_input.h"
#include "tests/fuzz/mutators.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/targets.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;

struct CorpusFile {
  std::string name;
  std::string bytes;
};

std::vector<CorpusFile> ReadCorpus(absl::string_view corpus) {
  std::vector<CorpusFile> files;
  const fs::path folder =
      fs::path(ESPALIER_SOURCE_DIR) / "tests/fuzz/corpus" / std::string(corpus);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    EXPECT_TRUE(file) << entry.path();
    files.push_back({entry.path().filename().string(), bytes.str()});
  }
  return files;
}

int RunInput(const FuzzTarget& target, const std::string& input) {
  return target.run(reinterpret_cast<const uint8_t*>(input.data()),
                    input.size());
}

// One byte becomes another: instead of libFuzzer's own way.
size_t ChangeByte(uint8_t* data, size_t size, size_t /*max_size*/) {
  if (size > 0) data[size / 2] ^= 0x15;
  return size;
}

class FuzzTargetTest : public ::testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzTargetTest, ReplaysItsCorpus) {
  int seeds = 0;
  for (const CorpusFile& file : ReadCorpus(GetParam().corpus)) {
    SCOPED_TRACE(file.name);
    const int accepted = RunInput(GetParam(), file.bytes);
    if (!absl::StartsWith(file.name, "seed_")) continue;
    EXPECT_EQ(accepted, 1);
    ++seeds;
  }
  EXPECT_GT(seeds, 0);
}

TEST_P(FuzzTargetTest, AcceptsSomeChangedInputsAndRefusesSome) {
  const std::vector<CorpusFile> corpus = ReadCorpus(GetParam().corpus);
  int accepted = 0;
  int changed = 0;
  constexpr uint32_t kInputs = 200;
  constexpr size_t kMaxSize = 8192;
  for (uint32_t i = 0; i < kInputs; ++i) {
    const std::string& first = corpus[i % corpus.size()].bytes;
    const std::string& second = corpus[i * 7 % corpus.size()].bytes;
    const Mutation mutation = {ChangeByte, kMaxSize, i};
    const std::string input =
        i % 4 == 0 ? GetParam().cross_over(first, second, mutation)
                   : GetParam().mutate(first, mutation);
    EXPECT_LE(input.size(), std::max(kMaxSize, first.size()));
    if (input != first) ++changed;
    accepted += RunInput(GetParam(), input);
  }
  EXPECT_GT(changed, 100);
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, static_cast<int>(kInputs));
}

INSTANTIATE_TEST_SUITE_P(AllTargets, FuzzTargetTest,
                         ::testing::ValuesIn(FuzzTargets()),
                         [](const ::testing::TestParamInfo<FuzzTarget>& info) {
                           return std::string(info.param.name);
                         });

TEST(FuzzSeedsTest, AreAcceptedByTheirTargets) {
  for (const FuzzSeed& seed : MakeFuzzSeeds()) {
    int targets = 0;
    for (const FuzzTarget& target : FuzzTargets()) {
      if (target.corpus != seed.corpus) continue;
      ++targets;
      EXPECT_EQ(RunInput(target, seed.bytes), 1)
          << seed.corpus << "/" << seed.name << " in " << target.name;
    }
    EXPECT_GT(targets, 0) << seed.corpus;
  }
}

// The seed's weights are those of the files that no model may reach: the name
// alone is what a model with it is refused for.
TEST(FuzzFolderTest, ForbiddenNamesAreTriedAndRefused) {
  for (const FuzzSeed& seed : MakeFuzzSeeds()) {
    if (seed.corpus != "model_folder" || seed.name != "zeros") continue;
    const FolderInput folder = SplitFolder(seed.bytes);
    EXPECT_EQ(folder.weights, std::string(kForbiddenBytes, '\0'));
    v1::Model model;
    ASSERT_TRUE(ParseSealed(folder.model, &model));
    const auto accepted = [&](absl::string_view name) {
      model.mutable_weights()->set_name(std::string(name));
      const std::string input =
          JoinFolder({Sealed(model.SerializeAsString()), folder.weights});
      return FuzzModelFolder(reinterpret_cast<const uint8_t*>(input.data()),
                             input.size());
    };
    EXPECT_EQ(accepted("w"), 1);
    for (const absl::string_view name : kForbiddenNames) {
      EXPECT_EQ(accepted(name), 0) << name;
    }
    return;
  }
  FAIL() << "no such seed";
}

// Code is rewritten, and a bug that is not planted any more would not be
// missed.
TEST(PlantedBugsTest, EachIsPlantedOnce) {
  std::string sources;
  for (const char* folder :
       {"graph", "ops", "runtime", "serialization", "transforms", "pruning"}) {
    const fs::path root = fs::path(ESPALIER_SOURCE_DIR) / folder;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.path().extension() != ".cc") continue;
      std::ifstream file(entry.path());
      std::ostringstream text;
      text << file.rdbuf();
      sources += text.str();
    }
  }
  for (int bug = 1; bug <= kPlantedBugs; ++bug) {
    const std::string call = absl::StrCat("PlantedBug(", bug, ")");
    const size_t first = sources.find(call);
    EXPECT_NE(first, sources.npos) << call;
    EXPECT_EQ(first, sources.rfind(call)) << call;
    EXPECT_FALSE(PlantedBug(bug)) << call;
  }
}

}  // namespace
}  // namespace espalier
