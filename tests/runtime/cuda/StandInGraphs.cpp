//===- StandInGraphs.cpp - graphs of a driver that stands in --------------===//
//
// A graph that is launched launches its nodes, as they are at that moment. What is asked
// is looked at: nodes stand in a chain, changes are of nodes that are there.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/cuda/StandInLaunch.h"
#include "tests/runtime/cuda/StandInStream.h"

#include <algorithm>
#include <memory>
#include <utility>

using namespace stand_in;

namespace {

/// As the driver's interface has it.
struct KernelNode {
  void *function;
  unsigned blocks[3], threads[3], sharedBytes;
  void **parameters, **extra;
  void *kernel, *context;
};

struct Graph {
  std::vector<std::unique_ptr<Launch>> nodes;
};
struct Executable {
  std::vector<const Launch *> nodes; ///< by which they are named
  std::vector<Launch> launches;
};

Launch launchOf(const KernelNode &node) {
  return Launch(*static_cast<Function *>(node.function), node.blocks[0], node.threads[0],
                node.sharedBytes, node.parameters);
}

bool isPlain(const KernelNode &node) {
  return node.blocks[0] > 0 && node.blocks[1] == 1 && node.blocks[2] == 1 && node.threads[0] > 0 &&
         node.threads[1] == 1 && node.threads[2] == 1 && !node.extra && launchOf(node).isAllowed();
}

std::string &calls() {
  static auto &text = *new std::string; // who is done with it last is not known
  return text;
}

} // namespace

extern "C" {

/// What was asked of graphs since the last call.
const char *roux_stand_in_graphs() {
  static auto &text = *new std::string;
  text = std::exchange(calls(), "");
  return text.c_str();
}

int cuGraphCreate(Handle *graph, unsigned flags) {
  if (flags != 0)
    return 1;
  *graph = new Graph;
  return 0;
}
int cuGraphDestroy(Handle graph) {
  delete static_cast<Graph *>(graph);
  return 0;
}
int cuGraphAddKernelNode_v2(Handle *added, Handle graph, const Handle *before, size_t count,
                            const void *given) {
  auto *node = static_cast<const KernelNode *>(given);
  auto &nodes = static_cast<Graph *>(graph)->nodes;
  bool isChain = nodes.empty() ? count == 0 : count == 1 && before[0] == nodes.back().get();
  if (!isChain || !isPlain(*node))
    return 1;
  nodes.push_back(std::make_unique<Launch>(launchOf(*node)));
  *added = nodes.back().get();
  return 0;
}
int cuGraphInstantiateWithFlags(Handle *made, Handle graph, unsigned long long flags) {
  auto &nodes = static_cast<Graph *>(graph)->nodes;
  if (isWrong("no graphs") || (isWrong("graphs of nothing") && !nodes.empty()) || flags != 0)
    return 801;
  auto *executable = new Executable;
  for (const auto &node : nodes) {
    executable->nodes.push_back(node.get());
    executable->launches.push_back(*node);
  }
  if (!nodes.empty())
    calls() += "made " + std::to_string(nodes.size()) + "\n";
  *made = executable;
  return 0;
}
int cuGraphExecDestroy(Handle executable) {
  delete static_cast<Executable *>(executable);
  return 0;
}
int cuGraphExecKernelNodeSetParams_v2(Handle handle, Handle node, const void *parameters) {
  auto *given = static_cast<const KernelNode *>(parameters);
  auto *executable = static_cast<Executable *>(handle);
  auto found = std::ranges::find(executable->nodes, node);
  if (found == executable->nodes.end() || !isPlain(*given) || isWrong("graphs that stay"))
    return 1;
  executable->launches[found - executable->nodes.begin()] = launchOf(*given);
  calls() += "changed " + launchOf(*given).name() + "\n";
  return 0;
}
int cuGraphLaunch(Handle handle, Handle) {
  for (const Launch &launch : static_cast<Executable *>(handle)->launches)
    queue([launch] { launch.run(); });
  calls() += "launched\n";
  return 0;
}
}
