// The fuzz targets: what hostile bytes go through, and what has to be true of
// those that are accepted. tools/fuzz.sh runs them under libFuzzer and the
// sanitizers; replay_test.cc runs the files of corpus/ through them in every
// build.
#ifndef ESPALIER_TESTS_FUZZ_TARGETS_H_
#define ESPALIER_TESTS_FUZZ_TARGETS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace espalier {

// Each runs one input and says whether it was accepted (1) or refused (0). A
// broken promise ends the program. Those of files of data read it through a
// path, as users do.

// A .pb file: what is accepted saves and loads to the same bytes.
int FuzzModelBytes(const uint8_t* data, size_t size);
// The same, then bounds, interpreter, and one run in 16 MiB: its results lie in
// the bounds.
int FuzzModelRun(const uint8_t* data, size_t size);
// A .pbtxt file: what is accepted saves and loads to the same text.
int FuzzModelText(const uint8_t* data, size_t size);
// The graph text: what is accepted prints and parses to the same text, and
// runs.
int FuzzGraphText(const uint8_t* data, size_t size);
// An ONNX file: what is accepted is a model that can be saved and run; if it
// can be exported and that imported, the inputs and outputs are the same.
int FuzzOnnx(const uint8_t* data, size_t size);
// Such files whose weights are in a file beside them (folder_input.h): what is
// accepted reached no other file.
int FuzzModelFolder(const uint8_t* data, size_t size);
int FuzzOnnxFolder(const uint8_t* data, size_t size);
// The lowest bits of the first byte choose the target column, the rest is text.
int FuzzCsv(const uint8_t* data, size_t size);
int FuzzIdx(const uint8_t* data, size_t size);
int FuzzNpy(const uint8_t* data, size_t size);
// Arrays by name: what is read is written and read again the same.
int FuzzNpz(const uint8_t* data, size_t size);
int FuzzSafetensors(const uint8_t* data, size_t size);
// Unpacked within 1 MiB.
int FuzzGzip(const uint8_t* data, size_t size);

// How inputs are changed. `bytes` is libFuzzer's own way (LLVMFuzzerMutate): it
// changes up to `size` bytes in place and returns how many there are then.
using MutateBytes = size_t (*)(uint8_t* data, size_t size, size_t max_size);
struct Mutation {
  MutateBytes bytes;
  size_t max_size;
  uint32_t seed;
};
using Mutator = std::string (*)(const std::string& input,
                                const Mutation& mutation);
// Makes one input of two.
using CrossOver = std::string (*)(const std::string& first,
                                  const std::string& second,
                                  const Mutation& mutation);

struct FuzzTarget {
  absl::string_view name;
  absl::string_view corpus;  // its folder in corpus/
  int (*run)(const uint8_t* data, size_t size);
  Mutator mutate;
  CrossOver cross_over;
};

absl::Span<const FuzzTarget> FuzzTargets();

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_TARGETS_H_
