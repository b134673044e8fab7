//===- CheckpointFolder.h - the checkpoints of one training ---------------===//
//
// Names, order and retention. A newer checkpoint that is damaged costs the work
// since the one before it, not the run.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/Checkpoint.h"

#include <optional>

namespace roux::train {

class CheckpointFolder {
public:
  /// `keep`: how many stay; 0: all. The folder must exist and be held by a RunLock.
  CheckpointFolder(std::filesystem::path folder, uint64_t keep)
      : folder(std::move(folder)), keep(keep) {}

  /// Writes the checkpoint of state.step, then removes those beyond `keep`. Throws FileError where
  /// it cannot be written; those that were there stay.
  void save(const CheckpointState &state, const std::vector<TensorBytes> &tensors) const;

  /// The newest checkpoint that is whole; none where there is none at all. `skipped` gets the
  /// message of each newer one that is not. Throws CheckpointError where all are damaged.
  std::optional<Checkpoint> latest(std::vector<std::string> &skipped) const;

  /// Where the checkpoint of a step is.
  std::filesystem::path file(uint64_t step) const;

  /// Steps that have one, ascending.
  std::vector<uint64_t> steps() const;

private:
  std::filesystem::path folder;
  uint64_t keep;
};

/// Throws FileError, with what is missing, unless `bytes` can be written below `folder` now. Asked
/// before step 1, so that a full or read-only disk costs nobody a night.
void checkRoom(const std::filesystem::path &folder, uint64_t bytes);

} // namespace roux::train
