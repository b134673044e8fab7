//===- CudaKernels.cpp - a program's kernels on an NVIDIA GPU -------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaKernels.h"

#include "runtime/cuda/CudaTensorMap.h"

#include <fmt/format.h>
#include <limits>

namespace roux::cuda {

CudaKernels::CudaKernels(const Program &program, std::shared_ptr<CudaDevice> given)
    : program(program), device(std::move(given)), modules(program, device),
      attention(program, device), products(program, device), graphs(device) {
  for (const std::vector<GridPhase> &phases : program.phases) {
    functions.emplace_back();
    for (const GridPhase &phase : phases) {
      Handle function = modules.function(phase.function);
      if (phase.sharedBytes > device->sharedBytes())
        throw CudaError(fmt::format("kernel '{}' needs {} bytes of shared memory a block, and {} "
                                    "has {}",
                                    phase.function, phase.sharedBytes, device->name(),
                                    device->sharedBytes()));
      // Without being asked a block has 48 KiB, less what its code itself declares.
      if (phase.sharedBytes > 0)
        device->driver().check(device->driver().setFunction(function, dynamicSharedOfFunction,
                                                            static_cast<int>(phase.sharedBytes)),
                               fmt::format("kernel '{}' does not get its {} bytes of shared memory",
                                           phase.function, phase.sharedBytes));
      functions.back().push_back(function);
    }
  }
}

/// What is queued still runs this code, and plans of libraries.
CudaKernels::~CudaKernels() {
  try {
    device->synchronise();
  } catch (const CudaError &) {
    // A GPU that stopped runs nothing.
  }
}

void CudaKernels::begin(std::span<const int32_t> segments, bool each) {
  attention.begin(segments);
  graphs.begin(each);
}

/// The kernel's phases may still have to do it, whose extents then have places that they keep.
template <typename Libraries>
void CudaKernels::gather(Libraries &libraries, const KernelLaunch &launch, LibraryCall call) {
  for (const GridPhase &phase : program.phases[launch.kernel])
    placeOf(extentOf(phase, launch));
  auto alone = [this, &libraries, kernel = launch.kernel, extent = launch.extent,
                arguments = std::vector(launch.arguments.begin(), launch.arguments.end()),
                &location = launch.location] {
    KernelLaunch again{kernel, extent, arguments, location};
    bool isLibrarys = libraries.isSettled(again) && libraries.runLibrary(again);
    if (!isLibrarys)
      runPhases(again);
    graphs.flush();
    return isLibrarys;
  };
  graphs.add(LibraryLaunch{&program.kernels[launch.kernel], &launch.location, std::move(call),
                           std::move(alone)});
}

template <typename Libraries>
void CudaKernels::runEither(Libraries &libraries, const KernelLaunch &launch) {
  if (graphs.takesLibraries() && libraries.isSettled(launch)) {
    std::optional<LibraryCall> call = libraries.callOf(launch);
    if (!call)
      return runPhases(launch);
    if (!ready.insert(call->kind).second)
      return gather(libraries, launch, *std::move(call));
  }
  graphs.flush(); // a library puts into the stream what it likes
  libraries.launch(launch, [&] {
    runPhases(launch);
    graphs.flush();
  });
}

void CudaKernels::launch(const KernelLaunch &launch) {
  if (attention.concerns(launch))
    runEither(attention, launch);
  else if (products.concerns(launch))
    runEither(products, launch);
  else
    runPhases(launch);
}

std::map<std::string, std::string> CudaKernels::choices() const {
  std::map<std::string, std::string> all = attention.choices();
  all.insert(products.choices().begin(), products.choices().end());
  return all;
}

void CudaKernels::useChoices(const std::map<std::string, std::string> &choices) {
  std::map<std::string, std::string> ofProducts, others;
  for (const auto &each : choices)
    (products.isOf(each.first) ? ofProducts : others).insert(each);
  attention.useChoices(others);
  products.useChoices(ofProducts);
}

std::string CudaKernels::note() const {
  if (program.kernels.empty())
    return "";
  std::string launching =
      graphs.whyNone().empty()
          ? "launches as CUDA graphs"
          : fmt::format("launches one by one, for there are no CUDA graphs: {}", graphs.whyNone());
  std::string text;
  for (const std::string &note : {attention.note(), products.note(), launching, modules.note()})
    text += (text.empty() || note.empty() ? "" : "; ") + note;
  return text;
}

void CudaKernels::runPhases(const KernelLaunch &launch) {
  const std::vector<GridPhase> &phases = program.phases[launch.kernel];
  for (size_t i = 0; i < phases.size(); ++i)
    run(phases[i], functions[launch.kernel][i], launch);
}

int64_t CudaKernels::extentOf(const GridPhase &phase, const KernelLaunch &launch) const {
  return phase.extentArgument < 0 ? launch.extent
                                  : static_cast<int64_t>(launch.arguments[phase.extentArgument]);
}

/// Where that is, for a launch that is gathered next.
Address CudaKernels::placeOf(int64_t extent) {
  if (device->forgetsFor(extent))
    graphs.flush();
  return device->placeOf(extent);
}

void CudaKernels::run(const GridPhase &phase, Handle function, const KernelLaunch &launch) {
  int64_t extent = extentOf(phase, launch);
  int64_t blocks = phase.blocks(extent);
  if (blocks <= 0)
    return;
  if (blocks > std::numeric_limits<int32_t>::max())
    throw CudaError(fmt::format("kernel '{}' over {} rows needs {} blocks, more than a grid has",
                                phase.function, extent, blocks));
  Address place = placeOf(extent);
  PhaseLaunch given{.function = function,
                    .phase = &phase.function,
                    .location = &launch.location,
                    .blocks = static_cast<unsigned>(blocks),
                    .threads = static_cast<unsigned>(phase.threads),
                    .sharedBytes = static_cast<unsigned>(phase.sharedBytes),
                    .bits = {launch.arguments.begin(), launch.arguments.end()},
                    .maps = {},
                    .extent = place};
  for (const TensorMap &map : phase.maps)
    given.maps.push_back(
        cudaTensorMap(device->driver(), map, given.bits[map.argument], extent, phase.function));
  graphs.add(std::move(given));
}

} // namespace roux::cuda
