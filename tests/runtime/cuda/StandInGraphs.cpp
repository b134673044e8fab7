//===- StandInGraphs.cpp - graphs of a driver that stands in --------------===//
//
// A graph that is launched launches its nodes, as they are at that moment. What is asked
// is looked at: nodes stand in a chain, changes are of nodes that are there, and a captured graph
// takes the place of one of as many nodes.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/cuda/StandInLaunch.h"
#include "tests/runtime/cuda/StandInStream.h"

#include <algorithm>
#include <memory>
#include <optional>
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

/// A launch, or what was captured.
struct Node {
  std::optional<Launch> launch;
  std::vector<std::function<void()>> actions;
};
struct Graph {
  std::vector<std::unique_ptr<Node>> nodes;
};
struct Executable {
  std::vector<const Node *> names;
  std::vector<Node> nodes;
};

Launch launchOf(const KernelNode &node) {
  return Launch(*static_cast<Function *>(node.function), node.blocks[0], node.threads[0],
                node.sharedBytes, node.parameters);
}

bool isNext(const Graph &graph, const Handle *before, size_t count) {
  return graph.nodes.empty() ? count == 0 : count == 1 && before[0] == graph.nodes.back().get();
}

/// What the nodes of a captured graph do.
std::vector<std::function<void()>> actionsOf(Handle graph) {
  std::vector<std::function<void()>> all;
  for (const auto &node : static_cast<Graph *>(graph)->nodes)
    all.insert(all.end(), node->actions.begin(), node->actions.end());
  return all;
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
  if (!hasContext())
    return noContext;
  auto *node = static_cast<const KernelNode *>(given);
  auto &into = *static_cast<Graph *>(graph);
  if (!isNext(into, before, count) || !isPlain(*node))
    return 1;
  into.nodes.push_back(std::make_unique<Node>(Node{launchOf(*node), {}}));
  *added = into.nodes.back().get();
  return 0;
}
int cuGraphAddChildGraphNode(Handle *added, Handle graph, const Handle *before, size_t count,
                             Handle child) {
  auto &into = *static_cast<Graph *>(graph);
  if (!isNext(into, before, count) || isWrong("no children"))
    return 1;
  into.nodes.push_back(std::make_unique<Node>(Node{std::nullopt, actionsOf(child)}));
  *added = into.nodes.back().get();
  return 0;
}
int cuGraphGetNodes(Handle graph, Handle *nodes, size_t *count) {
  *count = static_cast<Graph *>(graph)->nodes.size();
  return nodes ? 1 : 0;
}
int cuStreamBeginCapture_v2(Handle handle, int mode) {
  if (!hasContext())
    return noContext;
  auto *stream = static_cast<Stream *>(handle);
  if (stream->isCaptured || mode != 2 || isWrong("no capture"))
    return 801;
  *stream = {true, {}};
  return 0;
}
int cuStreamEndCapture(Handle handle, Handle *graph) {
  if (!hasContext())
    return noContext;
  auto *stream = static_cast<Stream *>(handle);
  if (!stream->isCaptured)
    return 1;
  auto *made = new Graph;
  for (auto &action : stream->captured)
    made->nodes.push_back(std::make_unique<Node>(Node{std::nullopt, {std::move(action)}}));
  *stream = {};
  if (isWrong("captures that fail")) {
    delete made;
    *graph = nullptr;
    return 901;
  }
  calls() += "captured " + std::to_string(made->nodes.size()) + "\n";
  *graph = made;
  return 0;
}
int cuGraphInstantiateWithFlags(Handle *made, Handle graph, unsigned long long flags) {
  if (!hasContext())
    return noContext;
  auto &nodes = static_cast<Graph *>(graph)->nodes;
  if (isWrong("no graphs") || (isWrong("graphs of nothing") && !nodes.empty()) || flags != 0)
    return 801;
  auto *executable = new Executable;
  for (const auto &node : nodes) {
    executable->names.push_back(node.get());
    executable->nodes.push_back(*node);
  }
  if (!nodes.empty())
    calls() += "made " + std::to_string(nodes.size()) + "\n";
  *made = executable;
  return 0;
}
int cuGraphExecDestroy(Handle executable) {
  if (!hasContext())
    return noContext;
  delete static_cast<Executable *>(executable);
  return 0;
}
int cuGraphExecKernelNodeSetParams_v2(Handle handle, Handle node, const void *parameters) {
  if (!hasContext())
    return noContext;
  auto *given = static_cast<const KernelNode *>(parameters);
  auto *executable = static_cast<Executable *>(handle);
  auto found = std::ranges::find(executable->names, node);
  if (found == executable->names.end() || !isPlain(*given) || isWrong("graphs that stay"))
    return 1;
  executable->nodes[found - executable->names.begin()].launch = launchOf(*given);
  calls() += "changed " + launchOf(*given).name() + "\n";
  return 0;
}
int cuGraphExecChildGraphNodeSetParams(Handle handle, Handle node, Handle child) {
  if (!hasContext())
    return noContext;
  auto *executable = static_cast<Executable *>(handle);
  auto found = std::ranges::find(executable->names, node);
  if (found == executable->names.end() || isWrong("children that stay"))
    return 1;
  Node &changed = executable->nodes[found - executable->names.begin()];
  std::vector<std::function<void()>> actions = actionsOf(child);
  if (changed.launch || changed.actions.size() != actions.size())
    return 1;
  changed.actions = std::move(actions);
  calls() += "changed a library's\n";
  return 0;
}
int cuGraphLaunch(Handle handle, Handle stream) {
  if (!hasContext())
    return noContext;
  for (const Node &node : static_cast<Executable *>(handle)->nodes) {
    if (node.launch)
      queue(stream, [launch = *node.launch] { launch.run(); });
    for (const auto &action : node.actions)
      queue(stream, action);
  }
  calls() += "launched\n";
  return 0;
}
}
