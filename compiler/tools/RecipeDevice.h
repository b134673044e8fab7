//===- RecipeDevice.h - where `run` says that a recipe runs ---------------===//
//
// `device:` and `arch:` together say what code is made and what it is run on.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/tools/MachineMemory.h"
#include "runtime/device/Device.h"

#include <memory>
#include <stdexcept>
#include <string>

namespace roux {

/// What `run` names is not in this machine; the text says what is missing.
struct NoDevice : std::runtime_error {
  using std::runtime_error::runtime_error;
  /// For who only plans for it.
  std::string withRemedy() const {
    return what() + std::string("; --memory says how much there will be");
  }
};

/// What programs are compiled for.
struct CodeTarget {
  std::string machine; ///< of StepSource; empty: this processor
  CodeKind kind = CodeKind::Processor;
  bool attentionLibrary = false; ///< of StepSource
};

/// `arch: native` is the best this machine has; of GPUs, where there is none, an H100.
CodeTarget codeTargetOf(const CheckedRecipe &recipe);

/// The device that `run` names, ready. Throws NoDevice.
std::shared_ptr<Device> deviceOf(const CheckedRecipe &recipe);

/// Of the device that `run` names. Throws NoDevice.
MachineMemory memoryOfDevice(const CheckedRecipe &recipe);

} // namespace roux
