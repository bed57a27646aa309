// A model and its file of weights: whatever fails, kills the program or cuts
// the power, the model under the name is the old one or the new one, with its
// own weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "serialization/external_file.h"
#include "tests/serialization/faulty_file_system.h"
#include "tests/serialization/power_loss.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::UnorderedElementsAre;

constexpr size_t kPiece = 8;

std::string ModelOf(int version) {
  return absl::StrCat("the model of version ", version);
}
std::string WeightsOf(int version) {
  return absl::StrCat("weights of version ", version);
}
std::string NameOf(int version) {
  return WeightsName("m.pb", static_cast<uint32_t>(version)).value();
}

absl::Status Write(const std::string& path, int version, FileSystem& files) {
  const std::string model = ModelOf(version);
  const std::string weights = WeightsOf(version);
  return WriteModel(path, {model}, WeightsFile{NameOf(version), {weights}},
                    files);
}

// A version that was written whole.
DiskState StateOf(int version) {
  return {{"m.pb", ModelOf(version)}, {NameOf(version), WeightsOf(version)}};
}

// The version of the model, if its weights are beside it; else -1.
int VersionIn(const DiskState& state) {
  for (int version = 0; version < 4; ++version) {
    const auto model = state.find("m.pb");
    const auto weights = state.find(NameOf(version));
    if (model != state.end() && model->second == ModelOf(version)) {
      const bool whole =
          weights != state.end() && weights->second == WeightsOf(version);
      return whole ? version : -1;
    }
  }
  return -1;
}

DiskState StateOf(const ScratchFolder& folder) {
  DiskState state;
  for (const std::string& name : folder.Names()) {
    state[name] = folder.Read(name);
  }
  return state;
}

void Put(const DiskState& state, const ScratchFolder& folder) {
  for (const auto& [name, contents] : state) folder.Write(name, contents);
}

// The next save, of other weights, leaves the model, them and nothing else.
void ExpectNextCleans(const ScratchFolder& folder) {
  FaultyFileSystem sound;
  ASSERT_TRUE(Write(folder.File("m.pb"), 2, sound).ok());
  EXPECT_THAT(folder.Names(), UnorderedElementsAre("m.pb", NameOf(2)));
}

TEST(WriteModelFaultsTest, EachCallFailsOnceOrFromThenOn) {
  int failures = 0;
  for (const int error : {EIO, ENOSPC, EROFS}) {
    for (const bool sticky : {false, true}) {
      for (int n = 0;; ++n) {
        const ScratchFolder folder;
        Put(StateOf(0), folder);
        FaultyFileSystem files(Call::kAny, n, error, sticky);
        files.set_piece(kPiece);
        const absl::Status status = Write(folder.File("m.pb"), 1, files);
        const int version = VersionIn(StateOf(folder));
        EXPECT_TRUE(version == 1 || (version == 0 && !status.ok())) << n;
        failures += status.ok() ? 0 : 1;
        ExpectNextCleans(folder);
        if (!files.fired()) break;
      }
    }
  }
  EXPECT_GE(failures, 100);
}

TEST(WriteModelFaultsTest, AKillAtEachCall) {
  int versions[2] = {0, 0};
  for (int n = 0;; ++n) {
    const ScratchFolder folder;
    Put(StateOf(0), folder);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FaultyFileSystem files(Call::kAny, n, FaultyFileSystem::kKill);
      files.set_piece(kPiece);
      ::_exit(Write(folder.File("m.pb"), 1, files).ok() ? 1 : 2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    const int version = VersionIn(StateOf(folder));
    ASSERT_TRUE(version == 0 || version == 1) << n;
    ++versions[version];
    ExpectNextCleans(folder);
    if (WEXITSTATUS(status) != 0) {
      EXPECT_EQ(WEXITSTATUS(status), 1);
      EXPECT_EQ(version, 1);
      break;
    }
  }
  EXPECT_GE(versions[0], 25);
  EXPECT_GE(versions[1], 4);
}

// Writes versions in turn over version 0; counts the states, after a loss of
// power at any step, whose model is neither the last that was written nor the
// next, with its weights.
int CountBad(const std::vector<int>& versions, bool lose_syncs, int* states) {
  const ScratchFolder folder;
  Put(StateOf(0), folder);
  RecordingFileSystem files(kPiece);
  files.lose_file_syncs = lose_syncs;
  std::vector<size_t> ends;
  for (const int version : versions) {
    EXPECT_TRUE(Write(folder.File("m.pb"), version, files).ok());
    ends.push_back(files.steps().size());
  }
  int bad = 0;
  for (size_t steps = 0; steps <= files.steps().size(); ++steps) {
    int old = 0;
    int next = 0;
    for (size_t i = 0; i < versions.size() && steps > 0; ++i) {
      next = versions[i];
      if (steps < ends[i]) break;
      old = next;
    }
    *states += ForEachDiskState(StateOf(0), files.steps(), steps,
                                [&](const DiskState& state) {
                                  const int version = VersionIn(state);
                                  if (version != old && version != next) ++bad;
                                });
  }
  return bad;
}

TEST(WriteModelFaultsTest, LossOfPower) {
  int states = 0;
  EXPECT_EQ(CountBad({1}, false, &states), 0);
  // Also the same weights again, and those of the version before.
  EXPECT_EQ(CountBad({1, 2, 1, 1, 3}, false, &states), 0);
  std::cout << states << " states of the disk\n";
  EXPECT_GE(states, 200);
  int without_syncs = 0;
  EXPECT_GT(CountBad({1}, true, &without_syncs), 0);
}

}  // namespace
}  // namespace espalier
