//===- CudaCapture.cpp - what a library does, as a graph ------------------===//
//
// See the header. Tested against a stand-in for the driver; with a library of NVIDIA's it
// has not been on a GPU yet.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaCapture.h"

#include <exception>

namespace roux::cuda {

/// Some kilobytes each. Sizes come again in every layer, and from step to step where those of
/// micro-batches do; then all are forgotten.
static constexpr size_t mostGraphs = 4096;

CudaCapture::~CudaCapture() {
  try {
    forget();
    if (stream)
      device->driver().destroyStream(stream);
  } catch (const CudaError &) {
    // A GPU that stopped refuses; there is nobody to tell.
  }
}

void CudaCapture::forget() {
  const CudaDriver &driver = device->driver();
  for (const auto &[asked, graph] : graphs)
    driver.destroyGraph(graph);
  graphs.clear();
}

Handle CudaCapture::captured(const LibraryCall &call) {
  const CudaDriver &driver = device->driver();
  if (!stream)
    driver.check(driver.createStream(&stream, ownStream), "there is no stream to capture");
  // A library may make room for itself when it is first asked; other threads are not its concern.
  driver.check(driver.beginCapture(stream, relaxedCapture), "a stream cannot be captured");
  std::exception_ptr failed;
  try {
    call.put(stream);
  } catch (...) {
    failed = std::current_exception();
  }
  Handle graph = nullptr;
  Result ended = driver.endCapture(stream, &graph);
  size_t nodes = 0;
  if (!failed && ended == success && graph)
    ended = driver.graphNodes(graph, nullptr, &nodes);
  if (!failed && nodes > 0)
    return graph;
  if (graph)
    driver.destroyGraph(graph);
  if (failed)
    std::rethrow_exception(failed);
  driver.check(ended, "what a library does cannot be captured");
  throw CudaError("a library puts nothing into the stream that it is given");
}

Handle CudaCapture::graphOf(const LibraryCall &call) {
  if (auto found = graphs.find(call.asked); found != graphs.end())
    return found->second;
  if (graphs.size() >= mostGraphs)
    forget();
  return graphs[call.asked] = captured(call);
}

} // namespace roux::cuda
