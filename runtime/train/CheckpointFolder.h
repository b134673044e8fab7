//===- CheckpointFolder.h - the checkpoints of one training ---------------===//
//
// Names, order and retention. A newer checkpoint that is damaged costs the work
// since the one before it, not the run; so what counts as kept is what was seen whole.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/Checkpoint.h"

#include <map>
#include <optional>

namespace roux::train {

class CheckpointFolder {
public:
  /// `keep`: how many stay; 0: all. The folder must exist and be held by a RunLock.
  CheckpointFolder(std::filesystem::path folder, uint64_t keep)
      : folder(std::move(folder)), keep(keep) {}

  /// Writes the checkpoint of state.step. Throws FileError where it cannot be written; those that
  /// were there stay.
  void save(const CheckpointState &state, const std::vector<TensorBytes> &tensors);

  /// Removes the damaged ones, and of those up to `step`, which is whole, all but the newest
  /// `keep` and that of step `best`. What could not be removed, to be said.
  std::vector<std::string> retain(uint64_t step, std::optional<uint64_t> best = {});

  /// The newest checkpoint that is whole; none where there is none at all. `skipped` gets the
  /// message of each newer one that is not. Throws CheckpointError where all are damaged.
  std::optional<Checkpoint> latest(std::vector<std::string> &skipped);

  /// Where the checkpoint of a step is.
  std::filesystem::path file(uint64_t step) const;

  /// Steps that have one, ascending.
  std::vector<uint64_t> steps() const;

private:
  bool isWhole(uint64_t step);

  std::filesystem::path folder;
  uint64_t keep;
  std::map<uint64_t, bool> seen; ///< step: whole; what was written or read here
};

/// Throws FileError, with what is missing, unless `bytes` can be written below `folder` now. Asked
/// before step 1, so that a full or read-only disk costs nobody a night.
void checkRoom(const std::filesystem::path &folder, uint64_t bytes);

} // namespace roux::train
