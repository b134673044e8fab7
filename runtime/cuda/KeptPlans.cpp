//===- KeptPlans.cpp - a library's plans, made once -----------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/KeptPlans.h"

#include "runtime/KeptFile.h"

#include <fmt/format.h>

namespace roux::cuda {

std::string KeptPlans::pathOf(const AttentionForm &form, const SegmentClass &segments) const {
  std::string made =
      fmt::format("{}\n{} {} {}\n{}\n{}\n{}", form.text(), segments.segments, segments.longest,
                  segments.tokens, deterministic, library.version(), library.device());
  return fmt::format("{}/{}.cudnn", folder, digestOf(made));
}

std::unique_ptr<AttentionPlan> KeptPlans::load(const std::string &path) {
  std::optional<std::string> bytes = readKept(path);
  if (!bytes)
    return nullptr;
  try {
    return library.load(*bytes);
  } catch (const CudaError &) {
    return nullptr; // of another build of the library: it is made anew
  }
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
