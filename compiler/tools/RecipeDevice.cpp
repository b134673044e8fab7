//===- RecipeDevice.cpp - where `run` says that a recipe runs -------------===//
//
// A GPU is opened once: its driver takes a while to start, and what a recipe's models
// have there counts together.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RecipeDevice.h"

#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/RecipeProgram.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/CudnnAttention.h"
#include "runtime/simt/SimtDevice.h"

namespace roux {

static std::shared_ptr<cuda::CudaDevice> gpu() {
  try {
    static const auto opened = std::make_shared<cuda::CudaDevice>();
    return opened;
  } catch (const cuda::CudaError &missing) {
    throw NoDevice(missing.what());
  }
}

/// The architecture of the GPU here; none where there is no GPU.
static std::string architectureHere() {
  try {
    return gpu()->architecture();
  } catch (const NoDevice &) {
    return "";
  }
}

/// Whether attention's gradient may be cuDNN's there.
static bool hasLibraryGradient(const CheckedRecipe &recipe, const std::string &architecture) {
  try {
    static const int64_t version = cuda::cudnnVersion();
    return cuda::whyNoGradient(architecture, version, recipe.run()["deterministic"].boolean)
        .empty();
  } catch (const cuda::CudaError &) {
    return false; // a run says why, when it loads its program
  }
}

CodeTarget codeTargetOf(const CheckedRecipe &recipe) {
  const CheckedValue &device = recipe.run()["device"], &arch = recipe.run()["arch"];
  bool isNative = arch.is("native");
  if (device.is("cpu"))
    return {isNative ? "" : arch.text, CodeKind::Processor};
  CodeTarget target{isNative ? "" : arch.text,
                    device.is("cuda") ? CodeKind::PTX : CodeKind::Emulated};
  if (isNative && device.is("cuda"))
    target.machine = architectureHere();
  if (target.machine.empty())
    target.machine = "sm_90a";
  if (target.kind == CodeKind::PTX)
    target.attentionLibrary = hasLibraryGradient(recipe, target.machine);
  return target;
}

std::shared_ptr<Device> deviceOf(const CheckedRecipe &recipe) {
  const CheckedValue &device = recipe.run()["device"];
  if (device.is("cuda")) {
    gpu()->setLibraries({.deterministic = recipe.run()["deterministic"].boolean,
                         .cacheFolder = kernelCacheFolder(),
                         .assembles = true});
    return gpu();
  }
  if (device.is("simt"))
    return std::make_shared<SimtDevice>(EmulatorOptions{.threads = threadsOf(recipe)});
  return std::make_shared<CPUDevice>(threadsOf(recipe));
}

MachineMemory memoryOfDevice(const CheckedRecipe &recipe) {
  if (!recipe.run()["device"].is("cuda"))
    return machineMemory();
  auto [all, free] = gpu()->memory();
  return {all, free};
}

} // namespace roux
