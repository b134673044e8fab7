//===- CudaGraphs.cpp - an entry's launches, handed over together ---------===//
//
// A graph is of a run of functions, one after the other. What an entry launches is the same
// functions every time, with other addresses and extents: those are what changes. A library's
// kernels are not known; where its plan or an address is another, it is captured again, or was
// before, and its node becomes that. All of this is tested against a stand-in for the driver; on a
// GPU it has not run yet.
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

static void noteLast(CudaDevice &device, const PhaseLaunch &launch) {
  device.noteLaunch(*launch.phase, *launch.location);
}
static void noteLast(CudaDevice &device, const LibraryLaunch &launch) {
  device.noteLaunch(*launch.kernel + " of a library", *launch.location);
}

CudaGraphs::CudaGraphs(std::shared_ptr<CudaDevice> given)
    : device(std::move(given)), capture(device) {
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
    gathered.emplace_back(std::move(launch));
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

/// Behind the one before: what runs one after the other in a stream does so here.
Result CudaGraphs::addNode(Made &made, Launch &launch) {
  const CudaDriver &driver = device->driver();
  const Handle *before = made.nodes.empty() ? nullptr : &made.nodes.back();
  size_t count = made.nodes.empty() ? 0 : 1;
  Handle added = nullptr;
  if (auto *phase = std::get_if<PhaseLaunch>(&launch)) {
    std::vector<void *> parameters = phase->parameters();
    KernelNode node = nodeOf(*phase, parameters);
    if (Result result = driver.addKernelNode(&added, made.graph, before, count, &node);
        result != success)
      return result;
  } else {
    Handle graph = capture.graphOf(std::get<LibraryLaunch>(launch).call);
    driver.check(driver.addChildNode(&added, made.graph, before, count, graph),
                 "what a library does is no node");
  }
  made.nodes.push_back(added);
  return success;
}

/// Of a launch what the next one is compared with.
static std::variant<PhaseLaunch, LibraryLaunch>
remembered(std::variant<PhaseLaunch, LibraryLaunch> launch) {
  if (auto *library = std::get_if<LibraryLaunch>(&launch))
    library->call.put = nullptr, library->alone = nullptr;
  return launch;
}

Result CudaGraphs::make(Made &made, std::vector<Launch> launches) {
  const CudaDriver &driver = device->driver();
  if (Result result = driver.createGraph(&made.graph, 0); result != success)
    return result;
  for (Launch &launch : launches) {
    if (Result result = addNode(made, launch); result != success)
      return result;
    made.launches.push_back(remembered(std::move(launch)));
  }
  return driver.instantiateGraph(&made.executable, made.graph, 0);
}

/// What is queued already runs as it was.
std::optional<Result> CudaGraphs::change(Made &made, const std::vector<Launch> &launches) {
  const CudaDriver &driver = device->driver();
  for (size_t i = 0; i < launches.size(); ++i) {
    bool isSame = std::visit(
        [&](const auto &launch) {
          return launch.isSame(std::get<std::decay_t<decltype(launch)>>(made.launches[i]));
        },
        launches[i]);
    if (isSame)
      continue;
    Launch launch = launches[i];
    if (auto *phase = std::get_if<PhaseLaunch>(&launch)) {
      std::vector<void *> parameters = phase->parameters();
      KernelNode node = nodeOf(*phase, parameters);
      if (Result result = driver.setKernelNode(made.executable, made.nodes[i], &node);
          result != success)
        return result;
    } else {
      Handle graph = capture.graphOf(std::get<LibraryLaunch>(launch).call);
      if (driver.setChildNode(made.executable, made.nodes[i], graph) != success)
        return std::nullopt; // a library does other things for other sizes
    }
    made.launches[i] = remembered(std::move(launch));
  }
  return success;
}

Result CudaGraphs::prepare(Made &made, const std::vector<Launch> &launches) {
  if (made.executable)
    if (std::optional<Result> changed = change(made, launches))
      return *changed;
  release(made);
  return make(made, launches);
}

void CudaGraphs::launchAlone(Launch &launch) {
  if (auto *phase = std::get_if<PhaseLaunch>(&launch))
    launchAlone(*phase);
  else
    std::get<LibraryLaunch>(launch).alone();
}

/// A capture that failed says nothing of the library, until it does its part by itself.
void CudaGraphs::launchApart(std::vector<Launch> launches, const std::string &reason) {
  bool areLibrarys = true;
  std::vector<Launch> between;
  for (Launch &launch : launches) {
    auto *library = std::get_if<LibraryLaunch>(&launch);
    if (!library) {
      between.push_back(std::move(launch));
      continue;
    }
    launchAll(std::exchange(between, {}));
    areLibrarys = library->alone() && areLibrarys;
  }
  launchAll(std::move(between));
  if (!areLibrarys || !why.empty())
    return;
  whyApart = reason;
  say(stderr, "note: what libraries do is between CUDA graphs from here on, not in them: {}\n",
      whyApart);
}

void CudaGraphs::launchEach(std::vector<Launch> launches, Result result) {
  why = device->driver().describe(result);
  say(stderr, "note: kernels are launched one by one from here on: {}\n", why);
  isGathering = false;
  forget();
  for (Launch &launch : launches)
    launchAlone(launch);
}

void CudaGraphs::launchAll(std::vector<Launch> launches) {
  if (launches.size() < 2 || !why.empty()) {
    for (Launch &launch : launches)
      launchAlone(launch);
    return;
  }
  Kinds kinds;
  bool hasLibraries = false;
  for (const Launch &launch : launches) {
    auto *library = std::get_if<LibraryLaunch>(&launch);
    hasLibraries = hasLibraries || library;
    kinds.push_back(library ? static_cast<const void *>(library->kernel)
                            : std::get<PhaseLaunch>(launch).function);
  }
  if (graphs.size() >= mostGraphs && !graphs.contains(kinds))
    forget();
  Made &made = graphs[kinds];
  try {
    if (Result result = prepare(made, launches); result != success) {
      if (!hasLibraries)
        return launchEach(std::move(launches), result);
      device->driver().check(result, "there is no graph with what they do");
    }
  } catch (const std::runtime_error &error) { // of a library, or of the driver
    release(made);
    return launchApart(std::move(launches), error.what());
  }
  std::visit([&](const auto &last) { noteLast(*device, last); }, launches.back());
  device->check(device->driver().launchGraph(made.executable, device->ownStream()),
                fmt::format("the graph of {} launches cannot be launched", launches.size()));
}

void CudaGraphs::flush() {
  launchAll(std::exchange(gathered, {}));
}

} // namespace roux::cuda
