// A loss of power at any moment of a save leaves the old model or the new one.
#include "tests/serialization/power_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "serialization/file.h"
#include "serialization/model_codec.h"
#include "tests/serialization/sample_model.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr size_t kPiece = 64;

// The file of a model's n-th version.
std::string Version(int n) {
  Model model = SampleModel();
  model.producer = absl::StrCat("version ", n);
  return EncodeModel(model).value();
}

// Saves some versions to m.pb in turn, recorded.
class Recording {
 public:
  Recording(const DiskState& before, int first, int last, bool lose_file_syncs,
            bool lose_folder_syncs)
      : before_(before) {
    for (const auto& [name, contents] : before) folder_.Write(name, contents);
    RecordingFileSystem files(kPiece);
    files.lose_file_syncs = lose_file_syncs;
    files.lose_folder_syncs = lose_folder_syncs;
    for (int n = first; n <= last; ++n) {
      const std::string version = Version(n);
      EXPECT_TRUE(WriteFile(folder_.File("m.pb"), version, files).ok());
      saved_.push_back({version, files.steps().size()});
    }
    steps_ = files.steps();
  }

  // Loses the power after every step. Counts the states in which m.pb is
  // neither whole nor the version before or after; `states` counts all.
  int CountBad(int* states) const {
    int bad = 0;
    for (size_t steps = 0; steps <= steps_.size(); ++steps) {
      *states +=
          ForEachDiskState(before_, steps_, steps, [&](const DiskState& state) {
            if (!IsGood(state, steps)) ++bad;
          });
    }
    return bad;
  }

  const std::vector<DiskStep>& steps() const { return steps_; }

 private:
  struct Saved {
    std::string version;
    size_t steps;  // when the save returned
  };

  // What a save that returned gave is there, or what the next one writes.
  bool IsGood(const DiskState& state, size_t steps) const {
    const auto before = before_.find("m.pb");
    absl::string_view old;
    if (before != before_.end()) old = before->second;
    absl::string_view next;
    for (const Saved& saved : saved_) {
      next = saved.version;
      if (steps < saved.steps) break;
      old = next;
    }
    const auto found = state.find("m.pb");
    if (found == state.end()) return old.empty();
    return found->second == old || found->second == next;
  }

  const DiskState before_;
  const ScratchFolder folder_;
  std::vector<DiskStep> steps_;
  std::vector<Saved> saved_;
};

const DiskState& OldAndOrphans() {
  static const auto* const state =
      new DiskState{{"m.pb", Version(0)},
                    {"other.pb", "of somebody else"},
                    {".m.pb.tmp.1.0123456789abcdef", "half"},
                    {".m.pb.tmp.2.0123456789abcdef", ""}};
  return *state;
}

TEST(PowerLossTest, LeavesTheOldModelOrTheNewOne) {
  int states = 0;
  EXPECT_EQ(Recording({}, 1, 1, false, false).CountBad(&states), 0);
  EXPECT_EQ(Recording(OldAndOrphans(), 1, 1, false, false).CountBad(&states),
            0);
  EXPECT_EQ(Recording(OldAndOrphans(), 1, 3, false, false).CountBad(&states),
            0);
  std::cout << states << " states of the disk\n";
  EXPECT_GE(states, 500);
}

// Without either sync the model shows what would be lost.
TEST(PowerLossTest, BothSyncsAreNeeded) {
  const DiskState old = {{"m.pb", Version(0)}};
  int states = 0;
  EXPECT_GT(Recording(old, 1, 1, true, false).CountBad(&states), 50);
  EXPECT_GT(Recording(old, 1, 1, false, true).CountBad(&states), 0);
}

TEST(PowerLossTest, TheNextSaveClearsAwayWhatIsLeft) {
  const Recording recording(OldAndOrphans(), 1, 1, false, false);
  std::vector<DiskState> seen;
  for (size_t steps = 0; steps <= recording.steps().size(); ++steps) {
    ForEachDiskState(OldAndOrphans(), recording.steps(), steps,
                     [&](const DiskState& state) {
                       // Of the same names the contents do not matter.
                       for (const DiskState& other : seen) {
                         if (other.size() == state.size()) return;
                       }
                       seen.push_back(state);
                     });
  }
  EXPECT_GE(seen.size(), 4u);
  for (const DiskState& state : seen) {
    const ScratchFolder folder;
    for (const auto& [name, contents] : state) folder.Write(name, contents);
    RecordingFileSystem files(1 << 20);
    ASSERT_TRUE(WriteFile(folder.File("m.pb"), Version(2), files).ok());
    EXPECT_THAT(folder.Names(),
                ::testing::UnorderedElementsAre("m.pb", "other.pb"));
  }
}

// The model itself, on a recording short enough to be seen through.
TEST(PowerLossTest, ModelsWhatADiskMayDo) {
  using Kind = DiskStep::Kind;
  const std::vector<DiskStep> steps = {
      {Kind::kCreate, 0, "t", "", ""},     {Kind::kWrite, 0, "", "", "ab"},
      {Kind::kSyncFile, 0, "", "", ""},    {Kind::kRename, -1, "t", "f", ""},
      {Kind::kSyncFolder, -1, "", "", ""},
  };
  const auto states = [&](size_t n) {
    std::vector<DiskState> found;
    ForEachDiskState({{"f", "old"}}, steps, n,
                     [&](const DiskState& state) { found.push_back(state); });
    return found;
  };
  const DiskState old = {{"f", "old"}};
  const DiskState both = {{"f", "old"}, {"t", "ab"}};
  const DiskState renamed = {{"f", "ab"}};
  // The rename came through before the creation.
  const DiskState twice = {{"f", "ab"}, {"t", "ab"}};
  EXPECT_THAT(states(0), ElementsAre(old));
  EXPECT_THAT(states(1), ::testing::UnorderedElementsAre(
                             old, DiskState{{"f", "old"}, {"t", ""}}));
  const std::string zeros("\0\0", 2);
  EXPECT_THAT(states(2),
              ::testing::UnorderedElementsAre(
                  old, DiskState{{"f", "old"}, {"t", ""}},
                  DiskState{{"f", "old"}, {"t", "a"}},
                  DiskState{{"f", "old"}, {"t", zeros}},
                  DiskState{{"f", "old"}, {"t", std::string("a\0", 2)}}, both));
  EXPECT_THAT(states(3), ::testing::UnorderedElementsAre(old, both));
  EXPECT_THAT(states(4),
              ::testing::UnorderedElementsAre(old, both, renamed, twice));
  EXPECT_THAT(states(5), ElementsAre(renamed));
}

}  // namespace
}  // namespace espalier
