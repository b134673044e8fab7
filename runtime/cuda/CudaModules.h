//===- CudaModules.h - a program's code in the driver ---------------------===//
//
// As cubins where somebody assembles them, else as PTX, which the driver compiles
// itself.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDevice.h"

#include <map>
#include <vector>

namespace roux::cuda {

class CudaModules {
public:
  /// Throws CudaError with the driver's words where it does not take the PTX either.
  CudaModules(const Program &program, std::shared_ptr<CudaDevice> device);

  /// Throws CudaError where there is none of that name.
  Handle function(const std::string &name) const;
  /// Who made the code; empty where nobody but the driver was to.
  std::string note() const { return whoMade; }

private:
  Handle load(const std::string &code, const std::string &what);
  /// False, with the reason as a note, where there are none.
  bool loadCubins(const std::string &text);

  std::shared_ptr<CudaDevice> device;
  std::string target, whoMade;
  std::vector<std::shared_ptr<void>> modules; ///< unloaded with their last owner
  std::map<std::string, Handle> cubins;       ///< modules of one function
};

} // namespace roux::cuda
