//===- CheckpointFolder.cpp - the checkpoints of one training -------------===//
//
// The step is in the name with leading zeros, so that a listing is in order.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/CheckpointFolder.h"

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

void CheckpointFolder::save(const CheckpointState &state, const std::vector<TensorBytes> &tensors) {
  writeCheckpoint(file(state.step), state, tensors);
  seen[state.step] = true;
}

bool CheckpointFolder::isWhole(uint64_t step) {
  auto [known, isNew] = seen.try_emplace(step, false);
  if (isNew)
    try {
      Checkpoint whole(file(step));
      known->second = true;
    } catch (const CheckpointError &) {
    }
  return known->second;
}

std::vector<std::string> CheckpointFolder::retain(uint64_t step, std::optional<uint64_t> best) {
  std::vector<std::string> failures;
  if (keep == 0)
    return failures;
  std::vector<uint64_t> all = steps();
  uint64_t kept = 0;
  for (auto each = all.rbegin(); each != all.rend(); ++each) {
    if (isWhole(*each) && (*each > step || kept++ < keep || *each == best))
      continue;
    std::error_code error;
    fs::remove(file(*each), error);
    if (error)
      failures.push_back(
          fmt::format("{}: cannot remove it: {}", file(*each).string(), error.message()));
  }
  return failures;
}

std::optional<Checkpoint> CheckpointFolder::latest(std::vector<std::string> &skipped) {
  std::vector<uint64_t> all = steps();
  for (auto step = all.rbegin(); step != all.rend(); ++step)
    try {
      Checkpoint whole(file(*step));
      seen[*step] = true;
      return whole;
    } catch (const CheckpointError &error) {
      skipped.push_back(error.what());
    }
  if (!all.empty())
    throw CheckpointError(fmt::format("{}: none of {} checkpoints is whole; without that folder it "
                                      "is trained from its start; the newest: {}",
                                      folder.string(), all.size(), skipped.front()));
  return std::nullopt;
}

void checkRoom(const fs::path &folder, uint64_t bytes) {
  // A read-only folder is found by writing, because permission bits do not tell root anything.
  data::probeFolder(folder);
  std::error_code error;
  fs::space_info space = fs::space(folder, error);
  if (!error && space.available < bytes)
    throw data::FileError(fmt::format("{}: a checkpoint needs {:.1f} MB, but only {:.1f} MB are "
                                      "free",
                                      folder.string(), bytes / 1e6, space.available / 1e6));
}

} // namespace roux::train
