//===- StepOutputs.h - what a step's runs give, until it is looked at -----===//
//
// Who reads a number waits for all that is queued before it. So outputs of a step stay
// on the device, and are brought here together when the step needs them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/device/DeviceMemory.h"

#include <vector>

namespace roux::train {

class StepOutputs {
public:
  explicit StepOutputs(std::shared_ptr<Device> device) : device(std::move(device)) {}

  /// So many bytes on the device, for a run that is queued. They stay until take() or clear().
  std::span<std::byte> place(size_t bytes);
  /// The bytes of all places, in order, and there are none from here on. Waits for what writes
  /// them: one copy, unless the device keeps buffers apart.
  std::vector<std::vector<std::byte>> take();
  void clear();

private:
  struct Place {
    size_t block = 0, begin = 0, bytes = 0;
  };
  /// A block with room for so many bytes.
  void makeRoom(size_t bytes);

  std::shared_ptr<Device> device;
  std::vector<DeviceMemory> blocks;
  std::vector<Place> places;
  size_t block = 0, used = 0; ///< where the next one goes
};

} // namespace roux::train
