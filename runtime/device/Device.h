//===- Device.h - where a program's memory is and its kernels run ---------===//
//
// All that walking a program, and keeping a model, needs of a machine. One walker
// (Executor) serves every device, so what differs between devices is in the files
// that implement this and nowhere else.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Program.h"

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace roux {

/// A launch of one kernel of a loaded program.
struct KernelLaunch {
  size_t kernel = 0; ///< of Program::kernels
  int64_t extent = 0;
  std::span<const uint64_t> arguments; ///< addresses on the device, or a scalar's bits
  const std::string &location;         ///< the recipe's line, for messages
};

/// A program's kernels, ready on a device.
class LoadedKernels {
public:
  virtual ~LoadedKernels() = default;
  /// Runs all phases of a kernel, one after the other. May return before they are done; what is
  /// asked of the device later finds them done. Throws std::runtime_error.
  virtual void launch(const KernelLaunch &launch) = 0;

  /// Told before an entry's launches where its segments begin (Bindings), and whether each launch
  /// is waited for by itself.
  virtual void begin(std::span<const int32_t> segments, bool each) {}
  /// Told behind them. Until then launches may be held back, unless each is waited for.
  virtual void end() {}
  /// What was chosen by measuring, by what it was chosen for; and to choose the same.
  virtual std::map<std::string, std::string> choices() const { return {}; }
  virtual void useChoices(const std::map<std::string, std::string> &choices) {}
  /// What stands in for some kernels, or why nothing does: a line, or nothing.
  virtual std::string note() const { return ""; }
};

/// What memory holds before anybody writes it.
enum class Fill : uint8_t {
  Zeros,
  Nothing, ///< anything; a device that checks makes it numbers that show
};

/// A device has not as much memory as is asked of it.
struct NoDeviceMemory : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Device {
public:
  virtual ~Device() = default;

  /// "avx512", "simt", "NVIDIA H100": for people.
  virtual std::string name() const = 0;
  /// Whether kernels read any memory of the process, and the process any of the device's: then
  /// nothing is copied.
  virtual bool sharesMemory() const = 0;
  /// Whether each activation is to lie by itself, so that who leaves it is seen; else one arena
  /// holds those of an entry.
  virtual bool keepsBuffersApart() const { return false; }

  /// Memory that lives as long as what is returned; at a multiple of 64. Throws NoDeviceMemory,
  /// or another std::runtime_error, that says for what there is none.
  virtual std::shared_ptr<std::byte> allocate(size_t bytes, const std::string &what, Fill fill) = 0;
  virtual void upload(std::byte *to, std::span<const std::byte> from) = 0;
  virtual void download(std::span<std::byte> to, const std::byte *from) = 0;
  virtual void copy(std::byte *to, const std::byte *from, size_t bytes) = 0;
  virtual void zero(std::byte *memory, size_t bytes) = 0;

  /// Loads the code of `program`, which outlives what is returned. Throws std::runtime_error if it
  /// is for another machine or damaged.
  virtual std::unique_ptr<LoadedKernels> load(const Program &program) = 0;
  /// Returns when all launches are done. Throws std::runtime_error for those that failed.
  virtual void synchronise() {}
};

} // namespace roux
