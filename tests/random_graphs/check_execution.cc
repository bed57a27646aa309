#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "tests/random_graphs/checks.h"
#include "tests/testing/execution.h"

namespace espalier {
namespace {

// An executable with a store of its own.
class Runner {
 public:
  static absl::StatusOr<Runner> Create(
      const Graph& graph, std::shared_ptr<const Executable> executable,
      const LeafValues& leaves) {
    auto store = ParameterStore::FromValues(graph, StoredValues(graph, leaves));
    if (!store.ok()) return store.status();
    auto session = Session::Create(std::move(executable), *store);
    if (!session.ok()) return session.status();
    return Runner(graph, *std::move(store), *std::move(session));
  }

  // Puts what the store holds in place of the leaves' own values.
  void ReadStore(LeafValues& leaves) const {
    for (const auto& [name, value] : store_->Values()) {
      leaves[name] = DoubleTensor(value);
    }
  }

  absl::Status Run(const LeafValues& leaves) {
    std::vector<Tensor> inputs;
    for (NodeId id : graph_.inputs()) {
      const Node& node = graph_.node(id);
      inputs.push_back(leaves.at(node.name).ToTensor(node.type.dtype));
    }
    return session_.Run(std::vector<TensorView>(inputs.begin(), inputs.end()));
  }

  // Of the last run, named as by ResultsOf.
  LeafValues Results() const {
    LeafValues results;
    for (size_t i = 0; i < graph_.outputs().size(); ++i) {
      results[graph_.outputs()[i].name] =
          DoubleTensor(session_.output(static_cast<int>(i)));
    }
    const std::map<std::string, Tensor> values = store_->Values();
    for (const GraphUpdate& update : graph_.updates()) {
      const std::string& name = graph_.node(update.leaf).name;
      results[absl::StrCat("update ", name)] = DoubleTensor(values.at(name));
    }
    return results;
  }

 private:
  Runner(const Graph& graph, std::shared_ptr<ParameterStore> store,
         Session session)
      : graph_(graph), store_(std::move(store)), session_(std::move(session)) {}

  Graph graph_;
  std::shared_ptr<ParameterStore> store_;
  Session session_;
};

// Leaves that no update has keep their bits.
std::string CompareLeaves(const Graph& graph, const Runner& runner,
                          const LeafValues& before) {
  LeafValues after;
  runner.ReadStore(after);
  for (const GraphUpdate& update : graph.updates()) {
    after.erase(graph.node(update.leaf).name);
  }
  return CompareExactly(after, before);
}

}  // namespace

Outcome CheckExecution(const TestGraph& test, CheckStatistics* statistics) {
  const Graph& graph = test.graph;
  TestRandom random = RandomFor(test.seed, "execution", 0);
  CompileOptions options;
  options.threads = random.Below(4) == 0 ? 2 : 1;
  options.max_programs = 2;
  const auto executable = Executable::Compile(graph, options);
  if (!executable.ok()) {
    return {Verdict::kFailed,
            absl::StrCat("compile: ", executable.status().ToString())};
  }
  const std::vector<int64_t> batches = {
      3, 1, test.largest_batch - random.Below(28), 3};
  const LeafValues start = DrawLeaves(test, batches[0], 0);
  absl::StatusOr<Runner> runner = Runner::Create(graph, *executable, start);
  absl::StatusOr<Runner> again = Runner::Create(graph, *executable, start);
  if (!runner.ok() || !again.ok()) {
    return {Verdict::kFailed, runner.status().ToString()};
  }
  for (size_t round = 0; round < batches.size(); ++round) {
    LeafValues leaves = DrawLeaves(test, batches[round], round);
    runner->ReadStore(leaves);
    Expectation expectation(graph, leaves, test.seed);
    if (!expectation.usable()) {
      // Later rounds start from what updates made of the leaves.
      if (round > 0) break;
      return {Verdict::kDiscarded, "results not finite"};
    }
    const std::string where =
        absl::StrCat("run ", round, ", batch ", batches[round], ": ");
    const absl::Status run = runner->Run(leaves);
    if (absl::IsOutOfRange(run) && expectation.MayBeInfinite()) {
      return {Verdict::kDiscarded, "updates not finite once rounded"};
    }
    if (!run.ok()) {
      return {Verdict::kFailed, absl::StrCat(where, run.ToString())};
    }
    const LeafValues results = runner->Results();
    std::string wrong = expectation.Compare(results, &statistics->comparisons);
    if (wrong.empty()) wrong = CompareLeaves(graph, *runner, leaves);
    if (wrong.empty() && round == 0) {
      const absl::Status second = again->Run(leaves);
      wrong = second.ok() ? CompareExactly(again->Results(), results)
                          : second.ToString();
    }
    if (!wrong.empty()) {
      return {Verdict::kFailed, absl::StrCat(where, wrong)};
    }
  }
  return {};
}

}  // namespace espalier
