// Model: a graph, the values of its parameters and states, and what is known
// of it. Plain data; serialization/ reads and writes it.
#ifndef ESPALIER_GRAPH_MODEL_H_
#define ESPALIER_GRAPH_MODEL_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "graph/graph.h"
#include "graph/tensor.h"

namespace espalier {

// A box: for each element of one sample of an input (row by row, the batch
// left out) the least and the largest value that users promise to feed.
struct InputDomain {
  std::vector<float> lower;
  std::vector<float> upper;
};

// Whether it has one finite pair lower <= upper per element.
absl::Status Validate(const InputDomain& domain, int64_t elements);

// One thing that was done to the model, such as a prune.
struct HistoryEntry {
  // What was removed from one ReLU: unit numbers of the model before.
  struct Layer {
    std::string node;
    int64_t units_before = 0;
    std::vector<int64_t> removed;
  };

  std::string action;  // "prune"
  std::string grade;   // "all-inputs", "domain" or "data": the weakest used
  std::string reason;  // how it was shown, for people to read
  std::vector<Layer> layers;
};

struct Model {
  Graph graph;
  // By leaf name: exactly the graph's parameters and states.
  std::map<std::string, Tensor> values;
  // By input name; inputs without an entry have no declared domain.
  std::map<std::string, InputDomain> domains;
  // Of a classifier: one per class, or none.
  std::vector<std::string> class_names;
  std::string producer;  // program and version that made it
  std::vector<HistoryEntry> history;
};

// Whether values and domains fit the graph: every parameter and state has a
// value of its type and nothing else has; a domain belongs to an f32 input, has
// one finite pair lower <= upper per element of a sample; where RestsOnDomains,
// every f32 input has one.
absl::Status Validate(const Model& model);
// The two halves of it: values, or values of these types, by name; the domains.
absl::Status ValidateValues(const Model& model);
absl::Status ValidateValues(const Graph& graph,
                            const std::map<std::string, TensorType>& types);
absl::Status ValidateDomains(const Model& model);

// Whether units were removed that are zero in the declared domains and not
// everywhere: an entry of the history has the grade "domain".
bool RestsOnDomains(const Model& model);

// Whether the model is still what it says with `domains` in place of its own:
// where RestsOnDomains, those of every input must lie inside. The errors name
// input, element and both intervals. REQUIRES: Validate(model) is OK, and each
// of `domains` has a pair per element.
absl::Status CheckNewDomains(const Model& model,
                             const std::map<std::string, InputDomain>& domains);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_MODEL_H_
