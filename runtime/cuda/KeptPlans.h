//===- KeptPlans.h - a library's plans, made once -------------------------===//
//
// A plan takes a third of a second to make and a fiftieth to load, and a run has one
// for each class of segments. They are kept beside compiled kernels.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/AttentionLibrary.h"

#include <map>

namespace roux::cuda {

class KeptPlans {
public:
  /// `library` must outlive it. Nothing is kept on disk where `folder` is empty; one that cannot be
  /// written is used as far as it can.
  KeptPlans(AttentionLibrary &library, std::string folder, bool deterministic)
      : library(library), folder(std::move(folder)), deterministic(deterministic) {}

  /// The plan of `form` for such segments. Throws CudaError where the library has none.
  AttentionPlan &find(const AttentionForm &form, const SegmentClass &segments);

  /// The file in which that plan is kept.
  std::string pathOf(const AttentionForm &form, const SegmentClass &segments) const;

private:
  std::unique_ptr<AttentionPlan> load(const std::string &path);

  AttentionLibrary &library;
  std::string folder;
  bool deterministic;
  std::map<std::pair<std::string, SegmentClass>, std::unique_ptr<AttentionPlan>> plans;
};

} // namespace roux::cuda
