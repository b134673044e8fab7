//===- CudaKernels.cpp - a program's kernels on an NVIDIA GPU -------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaKernels.h"

#include "runtime/Seal.h"
#include "runtime/cuda/CudaTensorMap.h"

#include <fmt/format.h>
#include <limits>

namespace roux::cuda {

/// The text of the PTX in `program`, with the zero that the driver looks for.
static std::string textOf(const Program &program) {
  if (program.kind != CodeKind::PTX)
    throw CudaError("the program is not for an NVIDIA GPU; compile it with --device cuda");
  if (program.kernels.empty())
    return "";
  std::optional<std::string_view> text = unsealed(program.code);
  if (!text)
    throw CudaError("the program's PTX is damaged: its checksum does not match its contents");
  return std::string(*text);
}

/// A block may have so much shared memory without being asked; more is opted into.
static constexpr int64_t freelyShared = 48 * 1024;

CudaKernels::CudaKernels(const Program &program, std::shared_ptr<CudaDevice> given)
    : program(program), device(std::move(given)), attention(program, device),
      products(program, device), graphs(device) {
  std::string text = textOf(program);
  if (text.empty())
    return;
  const CudaDriver &driver = device->driver();
  std::string log(8192, '\0');
  int options[] = {errorLog, errorLogBytes};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  Handle handle = nullptr;
  Result loaded = driver.loadModule(&handle, text.c_str(), 2, options, values);
  log.resize(log.find('\0') == log.npos ? log.size() : log.find('\0'));
  if (loaded != success)
    throw CudaError(fmt::format("the driver does not take the PTX for {}: {}{}{}",
                                program.target.name, driver.describe(loaded),
                                log.empty() ? "" : "\n", log));
  module = {handle, [device = device](Handle it) { device->unload(it); }};
  for (const std::vector<GridPhase> &phases : program.phases) {
    functions.emplace_back();
    for (const GridPhase &phase : phases) {
      Handle function = nullptr;
      device->check(driver.function(&function, module.get(), phase.function.c_str()),
                    fmt::format("the program's code has no '{}'", phase.function));
      if (phase.sharedBytes > device->sharedBytes())
        throw CudaError(fmt::format("kernel '{}' needs {} bytes of shared memory a block, and {} "
                                    "has {}",
                                    phase.function, phase.sharedBytes, device->name(),
                                    device->sharedBytes()));
      if (phase.sharedBytes > freelyShared)
        device->check(driver.setFunction(function, dynamicSharedOfFunction,
                                         static_cast<int>(phase.sharedBytes)),
                      fmt::format("kernel '{}' does not get its {} bytes of shared memory",
                                  phase.function, phase.sharedBytes));
      functions.back().push_back(function);
    }
  }
}

void CudaKernels::begin(std::span<const int32_t> segments, bool each) {
  attention.begin(segments);
  graphs.begin(each);
}

template <typename Libraries>
void CudaKernels::runEither(Libraries &libraries, const KernelLaunch &launch) {
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
  std::string text;
  for (const std::string &note : {attention.note(), products.note()})
    text += note + (note.empty() ? "" : "; ");
  return text + (graphs.whyNone().empty()
                     ? "launches as CUDA graphs"
                     : fmt::format("launches one by one, for there are no CUDA graphs: {}",
                                   graphs.whyNone()));
}

void CudaKernels::runPhases(const KernelLaunch &launch) {
  const std::vector<GridPhase> &phases = program.phases[launch.kernel];
  for (size_t i = 0; i < phases.size(); ++i)
    run(phases[i], functions[launch.kernel][i], launch);
}

void CudaKernels::run(const GridPhase &phase, Handle function, const KernelLaunch &launch) {
  int64_t extent = phase.extentArgument < 0
                       ? launch.extent
                       : static_cast<int64_t>(launch.arguments[phase.extentArgument]);
  int64_t blocks = phase.blocks(extent);
  if (blocks <= 0)
    return;
  if (blocks > std::numeric_limits<int32_t>::max())
    throw CudaError(fmt::format("kernel '{}' over {} rows needs {} blocks, more than a grid has",
                                phase.function, extent, blocks));
  if (device->forgetsFor(extent))
    graphs.flush();
  PhaseLaunch given{.function = function,
                    .phase = &phase.function,
                    .location = &launch.location,
                    .blocks = static_cast<unsigned>(blocks),
                    .threads = static_cast<unsigned>(phase.threads),
                    .sharedBytes = static_cast<unsigned>(phase.sharedBytes),
                    .bits = {launch.arguments.begin(), launch.arguments.end()},
                    .maps = {},
                    .extent = device->placeOf(extent)};
  for (const TensorMap &map : phase.maps)
    given.maps.push_back(
        cudaTensorMap(device->driver(), map, given.bits[map.argument], extent, phase.function));
  graphs.add(std::move(given));
}

} // namespace roux::cuda
