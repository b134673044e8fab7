// A checkpoint with any of its bytes changed and its sums made right again: it is refused, or its
// tensors are copied from inside the file.
#include "runtime/train/Checkpoint.h"
#include "tests/runtime/fuzz/Edits.h"
#include "tests/runtime/golden/Artefacts.h"

#include <span>
#include <xxhash.h>

using namespace roux;
using namespace roux::train;

static std::string madeCheckpoint() {
  fuzz::FolderInMemory folder;
  golden::makeCheckpoint(folder / "checkpoint");
  return golden::bytesOf(folder / "checkpoint");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static golden::Tensors own;
  static std::vector<double> wide(6);
  static const std::string made = madeCheckpoint();
  static const std::vector<TensorBytes> tensors = own.bytes(),
                                        asDouble{{"weight",
                                                  "f64",
                                                  {2, 3},
                                                  std::as_writable_bytes(std::span(wide))}};
  std::string bytes = fuzz::edited(made, data, size);
  // Magic, format, place and size of the tail, then the two sums (Checkpoint.cpp).
  constexpr size_t sums = 32, headerBytes = 48;
  if (bytes.size() < headerBytes)
    return 0;
  uint64_t body = XXH3_64bits(bytes.data() + headerBytes, bytes.size() - headerBytes);
  std::memcpy(bytes.data(), made.data(), 16);
  std::memcpy(bytes.data() + sums, &body, sizeof body);
  uint64_t head = XXH3_64bits(bytes.data(), sums + sizeof body);
  std::memcpy(bytes.data() + sums + sizeof body, &head, sizeof head);
  fuzz::FileInMemory file(bytes);
  try {
    Checkpoint checkpoint(file.path());
    for (const auto &wanted : {tensors, asDouble})
      try {
        checkpoint.checkAllUsed(wanted);
        checkpoint.restore(wanted);
      } catch (const CheckpointError &) {
      }
    checkIdentity(file.path(), checkpoint.state().identity, {});
  } catch (const CheckpointError &) {
  }
  return 0;
}
