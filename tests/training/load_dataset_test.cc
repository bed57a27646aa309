#include "training/load_dataset.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "serialization/npy.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/tensors.h"

namespace espalier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// An IDX file of bytes: magic, dimensions, elements.
std::string Idx(const std::vector<unsigned char>& dims,
                const std::vector<unsigned char>& elements) {
  std::string bytes = {0, 0, 8, static_cast<char>(dims.size())};
  for (unsigned char dim : dims) {
    bytes += {0, 0, 0, static_cast<char>(dim)};
  }
  bytes.append(elements.begin(), elements.end());
  return bytes;
}

std::string Error(const std::string& description,
                  const LoadDatasetOptions& options = {}) {
  return std::string(LoadDataset(description, options).status().message());
}

LoadDatasetOptions Labels(const std::string& path,
                          absl::optional<Task> task = absl::nullopt) {
  LoadDatasetOptions options;
  options.labels = path;
  options.task = task;
  return options;
}

void WriteTrain(const ScratchFolder& folder) {
  folder.Write("train-images-idx3-ubyte",
               Idx({3, 1, 2}, {0, 255, 51, 0, 0, 102}));
  folder.Write("train-labels-idx1-ubyte.gz", GzipMember(Idx({3}, {2, 0, 1})));
}

TEST(LoadIdxTest, ReadsAFolderPlainOrPacked) {
  const ScratchFolder folder;
  WriteTrain(folder);
  folder.Write("t10k-images-idx3-ubyte.gz",
               GzipMember(Idx({1, 1, 2}, {255, 255})));
  folder.Write("t10k-labels-idx1-ubyte", Idx({1}, {4}));
  const Dataset data = LoadDataset(folder.path()).value();
  EXPECT_EQ(data.features(),
            Floats({3, 1, 2}, {0, 1, 51 / 255.0f, 0, 0, 102 / 255.0f}));
  EXPECT_EQ(data.targets(), Ints({3}, {2, 0, 1}));
  EXPECT_EQ(data.domain()->lower, std::vector<float>({0, 0}));
  EXPECT_EQ(data.domain()->upper, std::vector<float>({1, 1}));
  ASSERT_NE(data.test(), nullptr);
  EXPECT_EQ(data.test()->targets(), Ints({1}, {4}));
  EXPECT_TRUE(data.test()->domain().has_value());
  EXPECT_EQ(data.num_classes(), 5);
}

TEST(LoadIdxTest, TheTestPartMayBeMissingButNotHalfOfIt) {
  const ScratchFolder folder;
  WriteTrain(folder);
  EXPECT_EQ(LoadDataset(folder.path()).value().test(), nullptr);
  folder.Write("t10k-labels-idx1-ubyte", Idx({1}, {4}));
  EXPECT_THAT(Error(folder.path()), HasSubstr("t10k-images-idx3-ubyte"));
}

TEST(LoadIdxTest, NamesTheFileOfAnError) {
  const ScratchFolder folder;
  EXPECT_THAT(Error(folder.path()),
              AllOf(HasSubstr("train-images-idx3-ubyte' nor"),
                    HasSubstr("train-images-idx3-ubyte.gz' is there")));
  WriteTrain(folder);
  folder.Write("train-images-idx3-ubyte", Idx({2, 1, 2}, {0, 255, 51, 0}));
  EXPECT_THAT(Error(folder.path()),
              AllOf(HasSubstr("train-images-idx3-ubyte"),
                    HasSubstr("train-labels-idx1-ubyte.gz"),
                    HasSubstr("has 2 images"), HasSubstr("3 labels")));
  folder.Write("train-images-idx3-ubyte", Idx({3, 1, 2}, {0, 255, 51, 0}));
  EXPECT_THAT(Error(folder.path()), HasSubstr("4 bytes follow the header"));
}

TEST(LoadCsvTest, ReadsATableOfClassesOrNumbers) {
  const ScratchFolder folder;
  const std::string path = folder.Write("t.csv", "a,b,c\n1,2,0\n3,4,1\n");
  const Dataset classes = LoadDataset(path).value();
  EXPECT_EQ(classes.features(), Floats({2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(classes.targets(), Ints({2}, {0, 1}));
  EXPECT_FALSE(classes.domain().has_value());
  EXPECT_EQ(classes.name(), path);
  LoadDatasetOptions options;
  options.target = "a";
  options.task = Task::kRegression;
  const Dataset numbers = LoadDataset(path, options).value();
  EXPECT_EQ(numbers.features(), Floats({2, 2}, {2, 0, 4, 1}));
  EXPECT_EQ(numbers.targets(), Floats({2, 1}, {1, 3}));
  const std::string packed =
      folder.Write("t.csv.gz", GzipMember("1,2,0\n3,4,1\n"));
  EXPECT_EQ(LoadDataset(packed).value().features(), classes.features());
}

TEST(LoadCsvTest, NamesThePlaceOfAnError) {
  const ScratchFolder folder;
  const std::string path = folder.File("t.csv");
  folder.Write("t.csv", "1,2,0\n3,4\n");
  EXPECT_THAT(Error(path), AllOf(HasSubstr("t.csv'"), HasSubstr("line 2")));
  folder.Write("t.csv", "1,2,0\n3,x,1\n");
  EXPECT_THAT(Error(path), HasSubstr("line 2, column 2"));
  folder.Write("t.csv", "1,nan,0\n");
  EXPECT_THAT(Error(path), HasSubstr("not a finite"));
  folder.Write("t.csv", "1,2,-1\n");
  EXPECT_THAT(Error(path), HasSubstr("is not a class"));
  folder.Write("t.csv", "1,2,0.5\n");
  EXPECT_THAT(Error(path), HasSubstr("is not a class"));
  folder.Write("t.csv", "1,2,70000\n");
  EXPECT_THAT(Error(path),
              AllOf(HasSubstr("t.csv'"), HasSubstr("label 70000 of row 0")));
}

TEST(LoadNpyTest, ReadsFeaturesAndLabels) {
  const ScratchFolder folder;
  const Tensor x = Floats({2, 2}, {1, 2, 3, 4});
  const std::string x_path = folder.File("x.npy");
  ASSERT_TRUE(WriteNpy(x_path, x).ok());
  const std::string y_path = folder.File("y.npy");
  ASSERT_TRUE(WriteNpy(y_path, Ints({2}, {1, 0})).ok());
  const Dataset classes = LoadDataset(x_path, Labels(y_path)).value();
  EXPECT_EQ(classes.features(), x);
  EXPECT_EQ(classes.targets(), Ints({2}, {1, 0}));
  EXPECT_FALSE(classes.domain().has_value());
  EXPECT_EQ(
      LoadDataset(x_path, Labels(y_path, Task::kRegression)).value().targets(),
      Floats({2, 1}, {1, 0}));
  ASSERT_TRUE(WriteNpy(y_path, Floats({2}, {1, 0})).ok());
  EXPECT_EQ(LoadDataset(x_path, Labels(y_path)).value().targets(),
            Floats({2, 1}, {1, 0}));
  EXPECT_EQ(LoadDataset(x_path, Labels(y_path, Task::kClassification))
                .value()
                .targets(),
            Ints({2}, {1, 0}));
  ASSERT_TRUE(WriteNpy(y_path, Ints({2, 1}, {1, 0})).ok());
  EXPECT_EQ(LoadDataset(x_path, Labels(y_path)).value().targets(),
            Ints({2}, {1, 0}));
}

TEST(LoadNpyTest, RefusesBadFiles) {
  const ScratchFolder folder;
  const std::string x_path = folder.File("x.npy");
  ASSERT_TRUE(WriteNpy(x_path, Floats({2, 1}, {1, 2})).ok());
  EXPECT_THAT(Error(x_path), HasSubstr("the file of the labels is not given"));
  const std::string y_path = folder.File("y.npy");
  ASSERT_TRUE(WriteNpy(y_path, Ints({3}, {0, 1, 1})).ok());
  EXPECT_THAT(Error(x_path, Labels(y_path)),
              AllOf(HasSubstr("x.npy'"), HasSubstr("y.npy'"),
                    HasSubstr("features have 2 rows, targets 3")));
  folder.Write("y.npy", "no array");
  EXPECT_THAT(Error(x_path, Labels(y_path)), HasSubstr("y.npy'"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  ASSERT_TRUE(WriteNpy(x_path, Floats({3, 1}, {1, nan, 2})).ok());
  ASSERT_TRUE(WriteNpy(y_path, Ints({3}, {0, 1, 1})).ok());
  EXPECT_THAT(Error(x_path, Labels(y_path)),
              HasSubstr("features: row 1, element 0 is nan"));
}

TEST(LoadDatasetTest, FindsBuiltins) {
  EXPECT_EQ(LoadDataset("builtin:cosine").value().rows(), 200);
  EXPECT_THAT(Error("builtin:sine"), HasSubstr("no built-in data set 'sine'"));
}

TEST(LoadDatasetTest, NamesEachFileOnce) {
  const ScratchFolder folder;
  const std::string csv = folder.Write("t.csv", "1,2,0\n3,4\n");
  EXPECT_EQ(Error(csv),
            absl::StrCat("read '", csv,
                         "': line 2 has 2 fields: expected 3 as in line 1"));
  folder.Write("t.csv", "1,2,70000\n");
  EXPECT_THAT(Error(csv), StartsWith("data '" + csv + "': label 70000"));
  EXPECT_THAT(Error(csv), Not(HasSubstr("read")));
  const std::string none = folder.File("none.csv");
  EXPECT_THAT(Error(none), StartsWith("data '" + none + "': "));
  EXPECT_THAT(Error(none), Not(HasSubstr("read")));

  const std::string x = folder.Write("x.npy", "no array");
  const std::string y = folder.Write("y.npy", "no array either");
  const std::string no_npy = "': is no NPY file: the magic is missing";
  EXPECT_EQ(Error(x, Labels(y)), absl::StrCat("read '", x, no_npy));
  ASSERT_TRUE(WriteNpy(x, Floats({2, 1}, {1, 2})).ok());
  EXPECT_EQ(Error(x, Labels(y)),
            absl::StrCat("data '", x, "': read '", y, no_npy));
  EXPECT_EQ(Error(x), absl::StrCat("data '", x,
                                   "': holds features only: the file of the "
                                   "labels is not given"));
}

TEST(LoadDatasetTest, TellsWhatItCannotOpen) {
  const ScratchFolder folder;
  EXPECT_EQ(LoadDataset(folder.File("x.csv")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(Error(folder.Write("x.txt", "1,2")),
              HasSubstr("unknown kind of data"));
}

TEST(LoadDatasetTest, RefusesOptionsWithoutEffect) {
  const ScratchFolder folder;
  const std::string csv = folder.Write("t.csv", "1,2,0\n");
  EXPECT_THAT(Error(csv, Labels("y.npy")),
              HasSubstr("only an NPY file has a file of labels"));
  LoadDatasetOptions options;
  options.target = "digit";
  EXPECT_THAT(Error("builtin:digits", options),
              HasSubstr("only a CSV file has a target column"));
  options = {};
  options.task = Task::kRegression;
  EXPECT_THAT(Error("builtin:digits", options), HasSubstr("task"));
}

}  // namespace
}  // namespace espalier
