// What has to be true of everything that is accepted. A broken promise is
// printed and ends the program.
#ifndef ESPALIER_TESTS_FUZZ_PROMISES_H_
#define ESPALIER_TESTS_FUZZ_PROMISES_H_

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "graph/model.h"

namespace espalier {

void Require(bool kept, absl::string_view promise);
// The error is one of the input's, not one of our own.
void RequireRefusal(const absl::Status& status);

inline std::string AsString(const uint8_t* data, size_t size) {
  return std::string(reinterpret_cast<const char*>(data), size);
}

// Names are unique, inputs come before the nodes that read them, shapes are
// within their limits, outputs and updates are of the graph.
void RequireGraph(const Graph& graph);
// And values, domains, class names and history fit it.
void RequireModel(const Model& model);

// What protobuf would let pass in silence: a field that the schema does not
// know (where they are refused), a singular one that stands twice, two of a
// oneof, a wrong wire type.
void RequireWireForm(absl::string_view bytes,
                     const google::protobuf::Descriptor& type,
                     bool unknown_fields);

// The model saves as binary and as text, and loads to the same bytes.
void RequireRoundTrips(const Model& model);

// Where the model asks for little memory: bounds, interpreter and a session
// give results, of the right shapes, those of the session within the bounds for
// a box around its inputs. They depend on `seed`. More memory than there is to
// spend is refused.
void RequireRun(const Model& model, uint64_t seed);

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_PROMISES_H_
