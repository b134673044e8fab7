//===- CheckpointFolder.cpp - the checkpoints of one training -------------===//
//
// The step is in the name with leading zeros, so that a listing is in order.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/CheckpointFolder.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/AtomicFolder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace roux::train {

namespace fs = std::filesystem;

static constexpr std::string_view prefix = "step-", suffix = ".checkpoint";

fs::path CheckpointFolder::file(uint64_t step) const {
  return folder / fmt::format("{}{:09}{}", prefix, step, suffix);
}

std::vector<uint64_t> CheckpointFolder::steps() const {
  std::vector<uint64_t> found;
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix))
      continue;
    const char *first = name.data() + prefix.size(),
               *last = name.data() + name.size() - suffix.size();
    uint64_t step = 0;
    if (auto [end, bad] = std::from_chars(first, last, step); bad == std::errc() && end == last)
      found.push_back(step);
  }
  if (error)
    throw data::FileError(fmt::format("{}: cannot list it: {}", folder.string(), error.message()));
  std::ranges::sort(found);
  return found;
}

void CheckpointFolder::save(const CheckpointState &state,
                            const std::vector<TensorBytes> &tensors) const {
  writeCheckpoint(file(state.step), state, tensors);
  data::syncFolder(folder);
  std::vector<uint64_t> all = steps();
  if (keep == 0 || all.size() <= keep)
    return;
  for (size_t i = 0; i + keep < all.size(); ++i)
    fs::remove(file(all[i]));
}

std::optional<Checkpoint> CheckpointFolder::latest(std::vector<std::string> &skipped) const {
  std::vector<uint64_t> all = steps();
  for (auto step = all.rbegin(); step != all.rend(); ++step)
    try {
      return Checkpoint(file(*step));
    } catch (const CheckpointError &error) {
      skipped.push_back(error.what());
    }
  if (!all.empty())
    throw CheckpointError(fmt::format("{}: none of {} checkpoints is whole; the newest: {}",
                                      folder.string(), all.size(), skipped.front()));
  return std::nullopt;
}

void checkRoom(const fs::path &folder, uint64_t bytes) {
  // A read-only folder is found by writing, because permission bits do not tell root anything.
  data::writeWhole(folder / "probe.tmp", "");
  fs::remove(folder / "probe.tmp");
  std::error_code error;
  fs::space_info space = fs::space(folder, error);
  if (!error && space.available < bytes)
    throw data::FileError(fmt::format("{}: a checkpoint needs {:.1f} MB, but only {:.1f} MB are "
                                      "free",
                                      folder.string(), bytes / 1e6, space.available / 1e6));
}

} // namespace roux::train
