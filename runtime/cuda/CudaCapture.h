//===- CudaCapture.h - what a library does, as a graph --------------------===//
//
// A library puts into a stream what it likes and does not say what. A stream that is
// captured makes a graph of it, to be a node of the graph of an entry's launches, which
// would else be cut there.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDevice.h"

#include <functional>
#include <map>
#include <vector>

namespace roux::cuda {

/// Something for a library to do.
struct LibraryCall {
  /// What a library makes ready when it first does one of these: memory, modules, which a capture
  /// may not be in the midst of.
  uint64_t kind = 0;
  /// All that it hangs on: whose plan it is, and every address. Calls that ask the same do the
  /// same.
  std::vector<uint64_t> asked;
  /// Puts it into a stream. Throws std::runtime_error.
  std::function<void(Handle stream)> put;
};

class CudaCapture {
public:
  explicit CudaCapture(std::shared_ptr<CudaDevice> device) : device(std::move(device)) {}
  ~CudaCapture();
  CudaCapture(const CudaCapture &) = delete;
  CudaCapture &operator=(const CudaCapture &) = delete;

  /// What `call` does, which is captured when it is first asked for; it is this one's, until the
  /// next is asked for. Throws std::runtime_error: the library's, or CudaError.
  Handle graphOf(const LibraryCall &call);

private:
  Handle captured(const LibraryCall &call);
  void forget();

  std::shared_ptr<CudaDevice> device;
  Handle stream = nullptr; ///< in which nothing ever runs
  std::map<std::vector<uint64_t>, Handle> graphs;
};

} // namespace roux::cuda
