// Holds every #include of the tree against the table of who may include whom.
// The table below is the one that CONTRIBUTING.md explains; a folder without a
// row, or a third-party header without a name, is an error too.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Row {
  absl::string_view files;                  // which start with this
  std::vector<absl::string_view> may;       // include files that start so
  std::vector<absl::string_view> packages;  // besides the standard library
};

// The longest `files` that fits decides.
std::vector<Row> Table() {
  std::vector<Row> table = {
      {"graph/", {"graph/"}, {"Abseil"}},
      {"runtime/", {"graph/", "runtime/"}, {"Abseil", "OpenMP"}},
      {"runtime/elementwise/",
       {"graph/", "runtime/elementwise/"},
       {"Abseil", "OpenMP"}},
      {"runtime/onednn/", {"graph/", "runtime/"}, {"Abseil", "oneDNN"}},
      {"ops/", {"graph/", "ops/", "runtime/lowering.h"}, {"Abseil"}},
      {"transforms/", {"graph/", "ops/", "transforms/"}, {"Abseil"}},
      {"pruning/",
       {"graph/", "runtime/", "ops/", "transforms/", "pruning/"},
       {"Abseil"}},
      // The checker shares no code with the prover.
      {"pruning/checker",
       {"graph/", "ops/", "pruning/checker", "pruning/certificate.h"},
       {"Abseil"}},
      {"serialization/",
       {"graph/", "runtime/", "ops/", "transforms/", "pruning/",
        "serialization/"},
       {"Abseil", "Protocol Buffers", "zlib"}},
      {"examples/", {}, {"Espalier as installed", "Abseil"}},
      {"tests/consumer/", {"graph/"}, {"Espalier as installed", "Abseil"}},
  };
  const std::vector<absl::string_view> library = {
      "graph/",   "runtime/",       "ops/",     "transforms/",
      "pruning/", "serialization/", "training/"};
  std::vector<absl::string_view> with_tools = library;
  with_tools.push_back("tools/");
  std::vector<absl::string_view> with_tests = with_tools;
  with_tests.push_back("tests/");
  table.push_back({"training/", library, {"Abseil"}});
  table.push_back({"training/mpi", library, {"Abseil", "MPI"}});
  table.push_back({"tools/", with_tools, {"Abseil", "CLI11"}});
  std::vector<absl::string_view> with_benchmarks = with_tools;
  with_benchmarks.push_back("benchmarks/");
  // The bare library is what a benchmark compares with.
  table.push_back(
      {"benchmarks/",
       with_benchmarks,
       {"Abseil", "Google Benchmark", "GoogleTest", "oneDNN", "OpenMP"}});
  table.push_back({"tests/", with_tests, {"Abseil", "GoogleTest"}});
  // What the file under test wraps, its test may hold it against.
  table.push_back(
      {"tests/runtime/", with_tests, {"Abseil", "GoogleTest", "OpenMP"}});
  table.push_back({"tests/runtime/onednn/",
                   with_tests,
                   {"Abseil", "GoogleTest", "oneDNN"}});
  table.push_back({"tests/serialization/",
                   with_tests,
                   {"Abseil", "GoogleTest", "Protocol Buffers", "zlib"}});
  // They change messages, and pack bytes.
  table.push_back({"tests/fuzz/",
                   with_tests,
                   {"Abseil", "GoogleTest", "Protocol Buffers", "zlib"}});
  // They read the JSON that the command prints.
  table.push_back({"tests/tools/",
                   with_tests,
                   {"Abseil", "GoogleTest", "Protocol Buffers", "CLI11"}});
  return table;
}

constexpr absl::string_view kStandard = "the standard library";

// Whose header an include names; empty if nobody's that is known.
absl::string_view Package(absl::string_view path) {
  struct Prefix {
    absl::string_view start;
    absl::string_view package;
  };
  static constexpr Prefix kPrefixes[] = {
      {"absl/", "Abseil"},
      {"oneapi/dnnl/", "oneDNN"},
      {"dnnl", "oneDNN"},
      {"google/protobuf/", "Protocol Buffers"},
      {"zlib.h", "zlib"},
      {"omp.h", "OpenMP"},
      {"mpi.h", "MPI"},
      {"CLI/", "CLI11"},
      {"benchmark/", "Google Benchmark"},
      {"gtest/", "GoogleTest"},
      {"gmock/", "GoogleTest"},
      {"linux/", kStandard},
      {"sanitizer/", kStandard},
      {"sys/", kStandard},
  };
  for (const Prefix& prefix : kPrefixes) {
    if (absl::StartsWith(path, prefix.start)) return prefix.package;
  }
  if (absl::StartsWith(path, "espalier/")) {
    return absl::EndsWith(path, ".pb.h") ? "Protocol Buffers"
                                         : "Espalier as installed";
  }
  // <vector>, <cmath>: no folder, no ending.
  if (path.find_first_of("./") == absl::string_view::npos) return kStandard;
  static constexpr absl::string_view kPosixAndCompiler[] = {
      "cpuid.h",     "cxxabi.h", "dirent.h", "fcntl.h",
      "immintrin.h", "malloc.h", "poll.h",   "pthread.h",
      "sched.h",     "signal.h", "spawn.h",  "unistd.h"};
  for (absl::string_view header : kPosixAndCompiler) {
    if (path == header) return kStandard;
  }
  return "";
}

// Why `file` must not hold this #include; empty if it may.
std::string Refusal(absl::string_view file, absl::string_view path) {
  static const auto* const table = new std::vector<Row>(Table());
  const Row* row = nullptr;
  bool in_tree = false;
  for (const Row& r : *table) {
    const absl::string_view folder = r.files.substr(0, r.files.find('/') + 1);
    in_tree = in_tree || absl::StartsWith(path, folder);
    if (absl::StartsWith(file, r.files) &&
        (row == nullptr || r.files.size() > row->files.size())) {
      row = &r;
    }
  }
  if (row == nullptr) return "the file's folder has no row in the table";
  if (in_tree) {
    for (absl::string_view start : row->may) {
      if (absl::StartsWith(path, start)) return "";
    }
    return absl::StrCat(row->files, " may not include it");
  }
  const absl::string_view package = Package(path);
  if (package.empty())
    return "neither a path from the root nor a known package";
  if (package == kStandard) return "";
  for (absl::string_view allowed : row->packages) {
    if (package == allowed) return "";
  }
  return absl::StrCat(row->files, " may not use ", package);
}

// "folder/file.cc:12: <path>: why" for each include that breaks a rule.
std::vector<std::string> CheckText(absl::string_view file,
                                   absl::string_view text) {
  std::vector<std::string> errors;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "#")) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "include")) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    const bool quoted = absl::ConsumePrefix(&line, "\"");
    if (!quoted && !absl::ConsumePrefix(&line, "<")) {
      errors.push_back(absl::StrCat(file, ":", number, ": computed include"));
      continue;
    }
    const absl::string_view path =
        line.substr(0, line.find(quoted ? '"' : '>'));
    const std::string refusal = Refusal(file, path);
    if (!refusal.empty()) {
      errors.push_back(
          absl::StrCat(file, ":", number, ": ", path, ": ", refusal));
    }
  }
  return errors;
}

struct TreeCheck {
  int files = 0;
  std::vector<std::string> errors;
};

// Every C++ file below `root` but for what is built or hidden.
TreeCheck CheckTree(const fs::path& root) {
  TreeCheck check;
  for (auto it = fs::recursive_directory_iterator(root);
       it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name[0] == '.' || name == "build")) {
      it.disable_recursion_pending();
      continue;
    }
    const std::string ending = it->path().extension().string();
    if (ending != ".h" && ending != ".cc" && ending != ".inc") continue;
    std::stringstream text;
    text << std::ifstream(it->path()).rdbuf();
    for (std::string& error :
         CheckText(fs::relative(it->path(), root).string(), text.str())) {
      check.errors.push_back(std::move(error));
    }
    ++check.files;
  }
  std::sort(check.errors.begin(), check.errors.end());
  return check;
}

TEST(LayeringTest, TheTreeKeepsToTheTable) {
  const TreeCheck check = CheckTree(ESPALIER_SOURCE_DIR);
  EXPECT_THAT(check.errors, IsEmpty());
  EXPECT_GE(check.files, 30);
}

TEST(LayeringTest, WhatTheTableAllows) {
  const std::vector<std::pair<absl::string_view, absl::string_view>> allowed = {
      {"graph/a.cc", "graph/b.h"},
      {"graph/a.cc", "cstdint"},
      {"ops/relu.cc", "runtime/lowering.h"},
      {"runtime/onednn/dense.cc", "oneapi/dnnl/dnnl.hpp"},
      {"runtime/executable.cc", "runtime/onednn/dense.h"},
      {"runtime/elementwise/kernel.cc", "immintrin.h"},
      {"pruning/prune.cc", "runtime/session.h"},
      {"pruning/checker.cc", "ops/relu.h"},
      {"serialization/model_file.cc", "espalier/model.pb.h"},
      {"serialization/gzip.cc", "zlib.h"},
      {"tools/train.cc", "CLI/CLI.hpp"},
      {"examples/cosine.cc", "espalier/espalier.h"},
      {"tests/ops/relu_test.cc", "gtest/gtest.h"},
  };
  for (const auto& [file, path] : allowed) {
    EXPECT_EQ(Refusal(file, path), "") << file << " includes " << path;
  }
}

TEST(LayeringTest, WhatTheTableForbids) {
  const std::vector<std::pair<absl::string_view, absl::string_view>> refused = {
      {"graph/a.cc", "ops/relu.h"},
      {"graph/a.cc", "runtime/plan.h"},
      {"graph/a.h", "gtest/gtest.h"},
      {"ops/relu.cc", "runtime/plan.h"},
      {"ops/relu.cc", "transforms/autodiff.h"},
      {"ops/relu.cc", "omp.h"},
      {"runtime/plan.cc", "oneapi/dnnl/dnnl.hpp"},
      {"runtime/plan.cc", "dnnl.hpp"},
      {"runtime/plan.cc", "ops/relu.h"},
      {"runtime/elementwise/kernel.cc", "runtime/plan.h"},
      {"transforms/autodiff.cc", "runtime/lowering.h"},
      {"pruning/checker.cc", "pruning/prover.h"},
      {"pruning/checker.cc", "transforms/rewriter.h"},
      {"pruning/prune.cc", "serialization/model_file.h"},
      {"training/trainer.cc", "google/protobuf/message.h"},
      {"training/trainer.cc", "espalier/model.pb.h"},
      {"training/trainer.cc", "mpi.h"},
      {"training/trainer.cc", "tools/train.h"},
      {"training/trainer.cc", "tests/testing/matchers.h"},
      {"tools/train.cc", "espalier/model.pb.h"},
      {"examples/cosine.cc", "graph/graph.h"},
      {"graph/a.cc", "shape.h"},             // not written from the root
      {"graph/a.cc", "boost/optional.hpp"},  // not known
      {"helpers/a.cc", "vector"},            // no row
  };
  for (const auto& [file, path] : refused) {
    EXPECT_NE(Refusal(file, path), "") << file << " includes " << path;
  }
}

TEST(LayeringTest, FindsAPlantedViolationInFiles) {
  const fs::path root =
      fs::path(::testing::TempDir()) / absl::StrCat("layering_test_", getpid());
  fs::remove_all(root);
  fs::create_directories(root / "graph" / "deep");
  fs::create_directories(root / "build" / "graph");
  std::ofstream(root / "graph" / "clean.h") << "#include <vector>\n";
  std::ofstream(root / "graph" / "deep" / "bad.cc")
      << "// #include \"ops/comment.h\"\n"
      << "#include \"graph/clean.h\"\n"
      << "#  include  \"ops/relu.h\"\n"
      << "#include HEADER\n";
  std::ofstream(root / "build" / "graph" / "ignored.cc")
      << "#include \"ops/relu.h\"\n";
  const TreeCheck check = CheckTree(root);
  EXPECT_EQ(check.files, 2);
  EXPECT_THAT(check.errors,
              ElementsAre(HasSubstr("graph/deep/bad.cc:3: ops/relu.h"),
                          HasSubstr("graph/deep/bad.cc:4: computed include")));
  fs::remove_all(root);
}

}  // namespace
}  // namespace espalier
