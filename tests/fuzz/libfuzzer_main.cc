// libFuzzer's side: one program for all targets. The variable
// ESPALIER_FUZZ_TARGET names the one to run, ESPALIER_FUZZ_SEEDS the folder of
// inputs to come back to, ESPALIER_FUZZ_SECONDS limits its CPU time; at the end
// it prints how many inputs were accepted.
#include <google/protobuf/stubs/logging.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/targets.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using espalier::FuzzTarget;

struct Counts {
  uint64_t runs = 0;
  uint64_t accepted = 0;
};

Counts& TheCounts() {
  static Counts counts;
  return counts;
}

// The seeds, and the latest inputs that were accepted.
// The corpus is full of inputs that the first checks refuse; what is one
// mistake away from these gets past them.
class AcceptedInputs {
 public:
  void AddSeeds(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      seeds_.emplace_back(std::istreambuf_iterator<char>(file),
                          std::istreambuf_iterator<char>());
    }
  }

  void Add(std::string input) {
    constexpr size_t kMost = 256;
    if (latest_.size() < kMost) {
      latest_.push_back(std::move(input));
    } else {
      latest_[next_++ % kMost] = std::move(input);
    }
  }

  // One time in four a seed, one in four one of the latest, else `input`.
  std::string InPlaceOf(std::string input, unsigned int seed) const {
    const unsigned int which = seed % 4;
    const std::vector<std::string>& inputs = which == 0 ? seeds_ : latest_;
    if (which > 1 || inputs.empty()) return input;
    return inputs[seed / 4 % inputs.size()];
  }

 private:
  std::vector<std::string> seeds_;
  std::vector<std::string> latest_;
  size_t next_ = 0;
};

AcceptedInputs& Accepted() {
  static auto* const accepted = new AcceptedInputs;
  return *accepted;
}

const char* Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void PrintCounts() {
  std::fprintf(stderr, "accepted %llu of %llu inputs\n",
               static_cast<unsigned long long>(TheCounts().accepted),
               static_cast<unsigned long long>(TheCounts().runs));
}

// Ends the campaign in order when its CPU time is spent.
void StopInTime() {
  static const double seconds = std::atof(Variable("ESPALIER_FUZZ_SECONDS"));
  static bool stopped = false;
  const double spent = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  if (stopped || seconds <= 0 || spent < seconds) return;
  stopped = true;
  PrintCounts();
  std::raise(SIGUSR1);
}

// Without one prints all, each with the folder of its corpus.
const FuzzTarget& ChosenTarget() {
  for (const FuzzTarget& target : espalier::FuzzTargets()) {
    if (target.name == Variable("ESPALIER_FUZZ_TARGET")) return target;
  }
  for (const FuzzTarget& target : espalier::FuzzTargets()) {
    std::printf("%s %s\n", std::string(target.name).c_str(),
                std::string(target.corpus).c_str());
  }
  std::exit(2);
}

const FuzzTarget& Target() {
  static const FuzzTarget& target = ChosenTarget();
  return target;
}

size_t Store(const std::string& input, uint8_t* data, size_t max_size) {
  const size_t size = input.size() < max_size ? input.size() : max_size;
  if (size > 0) std::memcpy(data, input.data(), size);
  return size;
}

std::string AsString(const uint8_t* data, size_t size) {
  return std::string(reinterpret_cast<const char*>(data), size);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  Target();
  google::protobuf::SetLogHandler(nullptr);
  const std::string seeds = Variable("ESPALIER_FUZZ_SEEDS");
  if (!seeds.empty()) Accepted().AddSeeds(seeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ++TheCounts().runs;
  if (Target().run(data, size) == 1) {
    ++TheCounts().accepted;
    Accepted().Add(AsString(data, size));
  }
  if (TheCounts().runs % 16 == 0) StopInTime();
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned int seed) {
  return Store(Target().mutate(Accepted().InPlaceOf(AsString(data, size), seed),
                               {LLVMFuzzerMutate, max_size, seed}),
               data, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(
    const uint8_t* first, size_t first_size, const uint8_t* second,
    size_t second_size, uint8_t* out, size_t max_size, unsigned int seed) {
  return Store(Target().cross_over(AsString(first, first_size),
                                   AsString(second, second_size),
                                   {LLVMFuzzerMutate, max_size, seed}),
               out, max_size);
}
