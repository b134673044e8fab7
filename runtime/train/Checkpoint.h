//===- Checkpoint.h - everything a run needs to go on ---------------------===//
//
// One file, whole or not at all, with a checksum over all of it. It says what it
// was made from, so that a resume under another recipe or plan is refused with the
// difference instead of training something else.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/MappedFile.h"
#include "runtime/train/TensorBytes.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roux::train {

/// What a run was made from. Hashes are of content.
struct RunIdentity {
  uint64_t recipe = 0; ///< the definition's slice of the recipe
  uint64_t plan = 0;
  uint64_t run = 0; ///< the `run` block: may differ, but then results are equal to rounding only
  std::string recipeText; ///< the slice itself, to show a difference
};

/// The best measurement so far, of a training that keeps the best weights.
struct BestSoFar {
  double measured = 0;
  uint64_t step = 0;  ///< after which it was measured, and is saved
  uint64_t worse = 0; ///< measurements since that were no better
};

/// A checkpoint, apart from its tensors.
struct CheckpointState {
  RunIdentity identity;
  uint64_t step = 0;         ///< the next one to be made; also the position in the plan
  uint64_t updates = 0;      ///< of the optimizer, those carried over included
  uint64_t seed = 0;         ///< of the seed tree, which is all the random state there is
  double usefulTokens = 0;   ///< trained so far
  double secondsTrained = 0; ///< so far, over all resumes
  std::map<std::string, std::string> kernelChoices; ///< what was chosen by measuring
  std::optional<BestSoFar> best;                    ///< of who keeps the best alone
};

/// A checkpoint on disk that is not whole, or is of something else.
struct CheckpointError : data::FileError {
  using data::FileError::FileError;
};

/// Throws FileError where it cannot be written; nothing is left behind then.
void writeCheckpoint(const std::filesystem::path &file, const CheckpointState &state,
                     const std::vector<TensorBytes> &tensors);

class Checkpoint {
public:
  /// Maps `file` and checks its sum. Throws CheckpointError.
  explicit Checkpoint(const std::filesystem::path &file);
  ~Checkpoint();
  Checkpoint(Checkpoint &&) noexcept;

  const CheckpointState &state() const { return saved; }
  /// What is frozen is in no checkpoint.
  bool holds(const std::string &tensor) const { return entries.contains(tensor); }
  /// Copies the tensors of these names into the program's, between f32 and f64 where they differ.
  /// Throws CheckpointError where one is not here or has another shape or element type.
  void restore(std::span<const TensorBytes> tensors) const;
  /// Throws CheckpointError where a tensor here is none of these.
  void checkAllUsed(std::span<const TensorBytes> tensors) const;

private:
  struct Entry {
    std::string element;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
  };
  void readTail(std::span<const std::byte> tail);

  std::unique_ptr<data::MappedFile> file;
  CheckpointState saved;
  std::map<std::string, Entry> entries;
};

/// Throws CheckpointError, naming `file` and what differs, where `saved` is of another recipe or
/// plan than `now`. Returns false where only the `run` block differs.
bool checkIdentity(const std::filesystem::path &file, const RunIdentity &saved,
                   const RunIdentity &now);

} // namespace roux::train
