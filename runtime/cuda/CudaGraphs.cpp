//===- CudaGraphs.cpp - an entry's launches, handed over together ---------===//
//
// A graph is of a run of functions, one after the other. What an entry launches is the same
// functions every time, with other addresses and extents: those are what changes. All of this
// is tested against a stand-in for the driver; on a GPU it has not run yet.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaGraphs.h"

#include "runtime/Say.h"

#include <fmt/format.h>

namespace roux::cuda {

/// Entries are few, and some of their kernels have no blocks now and then.
static constexpr size_t mostGraphs = 64;

std::vector<void *> PhaseLaunch::parameters() {
  std::vector<void *> pointers;
  for (uint64_t &each : bits)
    pointers.push_back(&each);
  for (CudaTensorMap &map : maps)
    pointers.push_back(&map);
  pointers.push_back(&extent);
  return pointers;
}

bool PhaseLaunch::isSame(const PhaseLaunch &other) const {
  return function == other.function && blocks == other.blocks && threads == other.threads &&
         sharedBytes == other.sharedBytes && bits == other.bits && maps == other.maps &&
         extent == other.extent;
}

CudaGraphs::CudaGraphs(std::shared_ptr<CudaDevice> given) : device(std::move(given)) {
  Made none;
  if (Result result = make(none, {}); result != success)
    why = device->driver().describe(result);
  release(none);
}

CudaGraphs::~CudaGraphs() {
  try {
    forget();
  } catch (const CudaError &) {
    // A GPU that stopped refuses; there is nobody to tell.
  }
}

void CudaGraphs::release(Made &made) {
  const CudaDriver &driver = device->driver();
  if (made.executable)
    driver.destroyExecutable(made.executable);
  if (made.graph)
    driver.destroyGraph(made.graph);
  made = {};
}

void CudaGraphs::forget() {
  for (auto &[functions, made] : graphs)
    release(made);
  graphs.clear();
}

void CudaGraphs::begin(bool each) {
  gathered.clear(); // of a run that failed
  isGathering = !each && why.empty();
}

void CudaGraphs::add(PhaseLaunch launch) {
  if (isGathering)
    gathered.push_back(std::move(launch));
  else
    launchAlone(launch);
}

void CudaGraphs::launchAlone(PhaseLaunch &launch) {
  device->noteLaunch(*launch.phase, *launch.location);
  device->check(device->driver().launch(launch.function, launch.blocks, 1, 1, launch.threads, 1, 1,
                                        launch.sharedBytes, device->ownStream(),
                                        launch.parameters().data(), nullptr),
                fmt::format("kernel '{}' cannot be launched", *launch.phase));
}

/// As a node of a graph; `parameters` are those of `launch`.
static KernelNode nodeOf(const PhaseLaunch &launch, std::vector<void *> &parameters) {
  KernelNode node;
  node.function = launch.function;
  node.blocks[0] = launch.blocks, node.threads[0] = launch.threads;
  node.sharedBytes = launch.sharedBytes;
  node.parameters = parameters.data();
  return node;
}

/// A chain: what runs one after the other in a stream does so here.
Result CudaGraphs::make(Made &made, std::vector<PhaseLaunch> launches) {
  const CudaDriver &driver = device->driver();
  if (Result result = driver.createGraph(&made.graph, 0); result != success)
    return result;
  for (PhaseLaunch &launch : launches) {
    std::vector<void *> parameters = launch.parameters();
    KernelNode node = nodeOf(launch, parameters);
    Handle added = nullptr;
    const Handle *before = made.nodes.empty() ? nullptr : &made.nodes.back();
    if (Result result =
            driver.addKernelNode(&added, made.graph, before, made.nodes.empty() ? 0 : 1, &node);
        result != success)
      return result;
    made.nodes.push_back(added);
  }
  made.launches = std::move(launches);
  return driver.instantiateGraph(&made.executable, made.graph, 0);
}

/// What is queued already runs as it was.
Result CudaGraphs::change(Made &made, std::vector<PhaseLaunch> launches) {
  const CudaDriver &driver = device->driver();
  for (size_t i = 0; i < launches.size(); ++i) {
    if (launches[i].isSame(made.launches[i]))
      continue;
    std::vector<void *> parameters = launches[i].parameters();
    KernelNode node = nodeOf(launches[i], parameters);
    if (Result result = driver.setKernelNode(made.executable, made.nodes[i], &node);
        result != success)
      return result;
    made.launches[i] = std::move(launches[i]);
  }
  return success;
}

Result CudaGraphs::prepare(Made &made, const std::vector<PhaseLaunch> &launches) {
  return made.executable ? change(made, launches) : make(made, launches);
}

void CudaGraphs::flush() {
  std::vector<PhaseLaunch> launches = std::exchange(gathered, {});
  if (launches.size() < 2) {
    for (PhaseLaunch &launch : launches)
      launchAlone(launch);
    return;
  }
  Functions functions;
  for (const PhaseLaunch &launch : launches)
    functions.push_back(launch.function);
  if (graphs.size() >= mostGraphs && !graphs.contains(functions))
    forget();
  Made &made = graphs[functions];
  if (Result result = prepare(made, launches); result != success) {
    why = device->driver().describe(result);
    say(stderr, "note: kernels are launched one by one from here on: {}\n", why);
    isGathering = false;
    forget();
    for (PhaseLaunch &launch : launches)
      launchAlone(launch);
    return;
  }
  device->noteLaunch(*launches.back().phase, *launches.back().location);
  device->check(device->driver().launchGraph(made.executable, device->ownStream()),
                fmt::format("the graph of {} launches cannot be launched", launches.size()));
}

} // namespace roux::cuda
