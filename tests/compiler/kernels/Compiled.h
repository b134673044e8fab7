//===- Compiled.h - kernels written as text, compiled and run in a test ---===//
//
// The tests of the kernel lowerings write kernels as IR and compare what they
// do with plain loops in double; this is everything between the text and the
// numbers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Kernel.h"
#include "runtime/ZeroedMemory.h"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roux {
class SharedCode;
}

namespace roux::test {

/// A number in the memory of a kernel's buffers: f32, f64 or bf16.
enum class Element { F32, F64, BF16, I32 };
const char *spelling(Element element);

/// A buffer of a test: doubles outside, `element` inside. It ends where memory does: a kernel that
/// goes beyond it on the CPU ends the process.
class Buffer {
public:
  Buffer(Element element, std::vector<double> values);
  Buffer(const Buffer &other) : Buffer(other.element, other.values()) {}
  void *data() { return first; }
  double operator[](size_t i) const;
  std::vector<double> values() const;
  size_t size() const { return count; }
  int64_t sizeInBytes() const;

private:
  Element element;
  size_t count;
  ZeroedMemory memory;
  std::byte *first = nullptr;
};

/// Numbers in [-1, 1) as `element` holds them, the same for the same seed.
std::vector<double> randomNumbers(size_t count, uint64_t seed, Element element = Element::F64);

/// A kernel or scalar argument: a buffer or a scalar's bits.
struct Argument {
  Argument(Buffer &buffer) : bits(buffer.data()), bytes(buffer.sizeInBytes()) {}
  Argument(float value);
  Argument(double value);
  Argument(int64_t value);
  void *bits = nullptr;
  int64_t bytes = 0; ///< of a buffer
};

class Emulated;
class OnCPU;
class OnGPU;

/// The kernels of one module compiled for one machine ("avx512", "avx2", "portable"; "" is the
/// host's), as threads of a GPU that is emulated, with all checks on ("simt": with what every GPU
/// has; "simt_hopper": as for an H100), or for the GPU of this machine ("cuda"; "cublas":
/// with its library for products that are only that).
class Compiled {
public:
  explicit Compiled(const std::string &text, const std::string &machine = "");
  ~Compiled();
  /// Runs `kernel` on `threads` threads.
  void run(const std::string &kernel, int64_t extent, std::vector<Argument> arguments,
           unsigned threads = 1);

private:
  std::unique_ptr<OnCPU> onCPU;
  std::unique_ptr<Emulated> emulated;
  std::unique_ptr<OnGPU> onGPU;
};

/// True if this processor, or a GPU beside it, runs code for `machine`.
bool runs(const std::string &machine);
/// True if `machine` is a GPU or stands for one.
bool isGPU(const std::string &machine);

/// `cases`, and those of the emulator for a GPU as well.
template <typename Case>
std::vector<Case> andOnGPU(std::vector<Case> cases) {
  for (size_t i = 0, count = cases.size(); i < count; ++i)
    if (std::string_view(cases[i].machine).starts_with("simt"))
      cases.push_back(cases[i]), cases.back().machine = "cuda";
  return cases;
}

/// Names a case after its machine, "simt_12": what a filter can ask for.
struct MachineAndNumber {
  template <typename Info>
  std::string operator()(const Info &info) const {
    if constexpr (requires { info.param.machine; })
      return std::string(info.param.machine) + "_" + std::to_string(info.index);
    else
      return std::string(info.param) + "_" + std::to_string(info.index);
  }
};

/// `text` with every `{name}` replaced; the names are given in pairs with what to put there.
std::string substitute(std::string text,
                       const std::vector<std::pair<std::string, std::string>> &names);

/// Largest difference divided by the largest expected number.
double normalizedError(const std::vector<double> &actual, const std::vector<double> &expected);

} // namespace roux::test
