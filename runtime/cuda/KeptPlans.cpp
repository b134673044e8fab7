//===- KeptPlans.cpp - a library's plans, made once -----------------------===//
//
// See the header. A file appears under its name only when it is whole, as those of
// kernels do.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/KeptPlans.h"

#include "runtime/Seal.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace roux::cuda {

std::string KeptPlans::pathOf(const AttentionForm &form, const SegmentClass &segments) const {
  std::string made =
      fmt::format("{}\n{} {} {}\n{}\n{}\n{}", form.text(), segments.segments, segments.longest,
                  segments.tokens, deterministic, library.version(), library.device());
  XXH128_hash_t hash = XXH3_128bits(made.data(), made.size());
  return fmt::format("{}/{:016x}{:016x}.cudnn", folder, hash.high64, hash.low64);
}

std::unique_ptr<AttentionPlan> KeptPlans::load(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return nullptr;
  std::string bytes = std::move(text).str();
  std::optional<std::string_view> whole = unsealed(bytes);
  if (!whole)
    return nullptr;
  try {
    return library.load(std::string(*whole));
  } catch (const CudaError &) {
    return nullptr; // of another build of the library: it is made anew
  }
}

void KeptPlans::keep(const std::string &path, const std::string &bytes) {
  std::error_code failed;
  fs::create_directories(fs::path(path).parent_path(), failed);
  std::string temporary = path + ".XXXXXX";
  int descriptor = failed ? -1 : mkstemp(temporary.data());
  if (descriptor < 0)
    return;
  std::string whole = sealed(bytes);
  bool isWritten = write(descriptor, whole.data(), whole.size()) == ssize_t(whole.size());
  isWritten = close(descriptor) == 0 && isWritten;
  if (isWritten)
    fs::rename(temporary, path, failed);
  if (!isWritten || failed)
    fs::remove(temporary, failed);
}

AttentionPlan &KeptPlans::find(const AttentionForm &form, const SegmentClass &segments) {
  std::unique_ptr<AttentionPlan> &plan = plans[{form.text(), segments}];
  if (plan)
    return *plan;
  std::string path = folder.empty() ? "" : pathOf(form, segments);
  if (!path.empty())
    plan = load(path);
  if (plan)
    return *plan;
  plan = library.plan(form, segments, form.isGradient && deterministic);
  if (!path.empty())
    keep(path, plan->bytes());
  return *plan;
}

} // namespace roux::cuda
