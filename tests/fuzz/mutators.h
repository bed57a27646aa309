// How the inputs of each target are changed (targets.h).
#ifndef ESPALIER_TESTS_FUZZ_MUTATORS_H_
#define ESPALIER_TESTS_FUZZ_MUTATORS_H_

#include <google/protobuf/descriptor.h>

#include <string>

#include "espalier/model.pb.h"
#include "tests/fuzz/nasty_values.h"
#include "tests/fuzz/targets.h"

namespace espalier {

// `changed`, or `old` when that has grown too large.
inline std::string Fitting(std::string changed, const std::string& old,
                           const Mutation& mutation) {
  return changed.size() <= mutation.max_size ? changed : old;
}

// A message as its fields stand on the wire: one is repeated, left out, moved
// to the end, given another number or wire type, all lengths mended.
std::string MutateWire(const std::string& bytes,
                       const google::protobuf::Descriptor& type,
                       NastyValues* values);

// A model file without its checksum, with the right one behind it; and the
// message of one that has some.
std::string Sealed(std::string bytes);
bool ParseSealed(const std::string& file, v1::Model* message);

// Bytes or fields of a model file before its checksum, which is mended.
std::string MutateModelBytes(const std::string& input,
                             const Mutation& mutation);
// The message of a model file.
std::string MutateModel(const std::string& input, const Mutation& mutation);
std::string CrossModels(const std::string& first, const std::string& second,
                        const Mutation& mutation);
std::string MutateModelText(const std::string& input, const Mutation& mutation);
std::string CrossModelTexts(const std::string& first, const std::string& second,
                            const Mutation& mutation);

std::string MutateOnnxBytes(const std::string& input, const Mutation& mutation);
std::string MutateOnnx(const std::string& input, const Mutation& mutation);
std::string CrossOnnx(const std::string& first, const std::string& second,
                      const Mutation& mutation);

// Inputs of folder_input.h.
std::string MutateModelFolder(const std::string& input,
                              const Mutation& mutation);
std::string MutateOnnxFolder(const std::string& input,
                             const Mutation& mutation);
std::string CrossFolders(const std::string& first, const std::string& second,
                         const Mutation& mutation);

// Words, lines and bytes of a text.
std::string MutateText(const std::string& input, const Mutation& mutation);
std::string CrossTexts(const std::string& first, const std::string& second,
                       const Mutation& mutation);

// The header of an array, its length mended, or bytes.
std::string MutateIdx(const std::string& input, const Mutation& mutation);
std::string MutateNpy(const std::string& input, const Mutation& mutation);
std::string MutateSafetensors(const std::string& input,
                              const Mutation& mutation);
// The members of an archive, their checksums mended, or bytes.
std::string MutateNpz(const std::string& input, const Mutation& mutation);
// What is packed, or bytes.
std::string MutateGzip(const std::string& input, const Mutation& mutation);

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_MUTATORS_H_
