#include "tests/serialization/catalogue/catalogue.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "serialization/model_file.h"
#include "tests/testing/counted_memory.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

// What loading a file may take at most.
int64_t MemoryFor(int64_t file_bytes) {
  return 3 * file_bytes + (int64_t{16} << 20);
}

struct Outcome {
  absl::Status status;
  int64_t peak_bytes;
};

Outcome LoadCounted(const std::string& path, const OpTable& ops) {
  ResetPeakBytes();
  const int64_t before = LiveBytes();
  const absl::Status status = Load(path, ops).status();
  return {status, PeakBytes() - before};
}

std::string MakeFile(const HostileCase& c, const ScratchFolder& folder) {
  if (c.place) return c.place(folder);
  return folder.Write(c.name, c.bytes());
}

// Every case is refused, or loads, with its status and message, in silence and
// within the memory.
void Check(const HostileCases& cases) {
  for (const HostileCase& c : cases.all()) {
    SCOPED_TRACE(absl::StrCat("H", c.number, " ", c.name, ": ", c.message));
    const ScratchFolder folder;
    const std::string path = MakeFile(c, folder);
    ::testing::internal::CaptureStderr();
    const Outcome outcome = LoadCounted(path, *c.ops);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(outcome.status.code(), c.code) << outcome.status;
    const std::string message(outcome.status.message());
    EXPECT_THAT(message, HasSubstr(c.message));
    EXPECT_EQ(absl::StrContains(message, path), c.code != kGood);
    EXPECT_FALSE(absl::StrContains(message, "\x1B"));
    const int64_t size = std::filesystem::is_regular_file(path)
                             ? std::filesystem::file_size(path)
                             : 0;
    EXPECT_LE(outcome.peak_bytes, MemoryFor(size)) << size << " bytes";
  }
}

TEST(CatalogueTest, FrameAndBytes) { Check(FrameCases()); }
TEST(CatalogueTest, WireFormat) { Check(WireCases()); }
TEST(CatalogueTest, Tensors) { Check(TensorCases()); }
TEST(CatalogueTest, Graphs) { Check(GraphCases()); }
TEST(CatalogueTest, Attributes) { Check(AttributeCases()); }
TEST(CatalogueTest, VersionsStatesAndNames) { Check(VersionCases()); }
TEST(CatalogueTest, WeightsBesideTheModel) { Check(WeightsCases()); }

constexpr int kNumbers = 103;

// Numbers that another test stands for, wholly or also.
const struct {
  int number;
  const char* file;
  const char* suite;
  const char* test;
} kElsewhere[] = {
    // Every truncation and every flipped bit of five files.
    {4, "serialization/damage_test.cc", "DamageTest",
     "EveryDamagedFileIsRefused"},
    {5, "serialization/damage_test.cc", "DamageTest",
     "EveryDamagedFileIsRefused"},
    {4, "serialization/weights_file_test.cc", "WeightsFileTest",
     "SeesEveryDamagedByteAndEveryCut"},
    {8, "serialization/weights_file_test.cc", "WeightsFileTest",
     "RefusesMessagesThatAreWrong"},
    {15, "serialization/weights_file_test.cc", "WeightsFileTest",
     "RefusesFilesThatAreWrong"},
    {17, "serialization/file_test.cc", "ReadFileTest", "SeesThatAFileChanges"},
    {18, "serialization/file_test.cc", "ReadFileTest",
     "RefusesWhatItMayNotRead"},
    {43, "serialization/weights_file_test.cc", "WeightsFileTest",
     "RefusesFilesThatAreWrong"},
    {44, "serialization/weights_file_test.cc", "WeightsFileTest",
     "RefusesFilesThatAreWrong"},
    {45, "serialization/weights_file_test.cc", "WeightsFileTest",
     "RefusesMessagesThatAreWrong"},
    {49, "serialization/model_codec_test.cc", "ModelCodecTest",
     "GivesBackTheModelAndTheSameBytes"},
    {51, "runtime/session_errors_test.cc", "SessionErrorsTest",
     "RefusesArenasAboveTheLimit"},
    {83, "ops/gather_test.cc", "GatherTest", "AnIndexOutsideFailsTheRun"},
    {85, "runtime/session_errors_test.cc", "SessionErrorsTest",
     "RefusesArenasAboveTheLimit"},
    {87, "runtime/session_errors_test.cc", "SessionErrorTest",
     "LabelsOutsideTheirClasses"},
    {88, "ops/reduce_test.cc", "ReduceTest", "OfNothing"},
    {88, "ops/normalization_test.cc", "BatchNormLayerTest",
     "AnEmptyBatchIsRefusedInTraining"},
    {90, "compat/model_files_test.cc", "ModelFilesTest",
     "EveryVersionComputesTheSame"},
    {101, "serialization/onnx/hostile_onnx_test.cc", "HostileOnnxTest",
     "OtherFilesAreNeverOpened"},
    {101, "serialization/external_file_test.cc", "ExternalFileTest",
     "RefusesNamesThatAreNotPlain"},
    {101, "serialization/weights_file_test.cc", "WeightsFileTest",
     "RefusesWhatLeadsElsewhere"},
};

// Numbers that do not apply.
const std::map<int, std::string>& LeftOut() {
  static const auto* const reasons = new std::map<int, std::string>{
      {95,
       "a step is a value of a graph's state like any other; rates are "
       "inputs, and no file holds one"},
      {96,
       "random numbers are a function of seed and position: no file holds "
       "the state of a generator"},
      {97, "no file holds a place in a data set"},
      {98, "there are no checkpoints beside models yet"},
      {99, "there is no training in several processes yet"},
      {100, "there are no lists of checkpoints"},
  };
  return *reasons;
}

std::map<int, int> CasesOfEachNumber() {
  std::map<int, int> count;
  for (const auto& cases :
       {FrameCases(), WireCases(), TensorCases(), GraphCases(),
        AttributeCases(), VersionCases(), WeightsCases()}) {
    for (const HostileCase& c : cases.all()) ++count[c.number];
  }
  return count;
}

TEST(CatalogueTest, AccountsForEveryNumber) {
  const std::map<int, int> cases = CasesOfEachNumber();
  std::set<int> elsewhere;
  for (const auto& row : kElsewhere) elsewhere.insert(row.number);
  int files = 0;
  for (int number = 1; number <= kNumbers; ++number) {
    const bool here = cases.count(number) > 0 || elsewhere.count(number) > 0;
    EXPECT_NE(here, LeftOut().count(number) > 0) << "H" << number;
  }
  for (const auto& [number, count] : cases) {
    EXPECT_TRUE(number >= 1 && number <= kNumbers) << "H" << number;
    files += count;
  }
  std::cout << files << " files for " << cases.size() << " numbers, "
            << elsewhere.size() << " in other tests, " << LeftOut().size()
            << " left out\n";
  EXPECT_GE(files, 150);
}

TEST(CatalogueTest, OtherTestsAreThere) {
  for (const auto& row : kElsewhere) {
    std::ifstream stream(absl::StrCat(ESPALIER_SOURCE_DIR "/tests/", row.file));
    const std::string source{std::istreambuf_iterator<char>(stream), {}};
    const std::string head = absl::StrCat("(", row.suite, ", ", row.test, ")");
    EXPECT_THAT(source, HasSubstr(head)) << "H" << row.number;
  }
}

}  // namespace
}  // namespace espalier
