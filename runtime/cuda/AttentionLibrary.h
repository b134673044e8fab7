//===- AttentionLibrary.h - attention that somebody else wrote ------------===//
//
// What is asked of cuDNN, so that what asks can be tested without it, and so that one
// file alone includes its headers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/AttentionForm.h"
#include "runtime/cuda/CudaDriver.h"

#include <memory>
#include <span>
#include <string>

namespace roux::cuda {

/// The least step of the root of 2 that is not below `count`: sizes between two are of a class.
int64_t stepUp(int64_t count);
/// A class as a person reads it: "513 to 724 rows" of 724, "1 row" of 1.
std::string classText(int64_t step);

/// Segments that one plan serves: so many at most, none longer, and no more tokens together.
struct SegmentClass {
  int64_t segments = 1, longest = 1, tokens = 1;

  /// The class of segments [offsets[i], offsets[i + 1]): numbers and lengths in steps of the root
  /// of 2, tokens in whole steps of a workspace's.
  static SegmentClass of(std::span<const int32_t> offsets);
  /// "at most 3 segments of at most 128 tokens, together at most 1024".
  std::string text() const;
  auto operator<=>(const SegmentClass &) const = default;
};

/// Where the numbers of one launch are on the device.
struct AttentionBuffers {
  std::array<Address, AttentionForm::argumentKinds> arguments = {};
  /// int32_t of each segment, and int64_t of each and the end: where it begins among the elements
  /// of queries, of keys, and of sums. Segments that a class has beyond those that there are have
  /// no length and begin at the end.
  Address lengths = 0, queryOffsets = 0, keyOffsets = 0, sumOffsets = 0;
};

/// A form for a class, compiled.
class AttentionPlan {
public:
  virtual ~AttentionPlan() = default;
  /// What the library calls what runs: "eng6_k24=26".
  virtual std::string engine() const = 0;
  virtual int64_t workspaceBytes() const = 0;
  /// What AttentionLibrary::load() makes the same plan of.
  virtual std::string bytes() const = 0;
  /// Throws CudaError.
  virtual void run(const AttentionBuffers &buffers, Handle stream) = 0;
};

class AttentionLibrary {
public:
  virtual ~AttentionLibrary() = default;
  /// As cuDNN counts: 91900 is 9.19.0.
  virtual int64_t version() const = 0;
  /// All that a plan depends on of the GPU, as text.
  virtual std::string device() const = 0;
  /// Throws CudaError with the library's words.
  virtual std::unique_ptr<AttentionPlan> plan(const AttentionForm &form,
                                              const SegmentClass &segments, bool deterministic) = 0;
  virtual std::unique_ptr<AttentionPlan> load(const std::string &bytes) = 0;
};

/// A forward plan may need so much, whatever it is of.
inline constexpr int64_t forwardWorkspaceBytes = 1 << 20;

/// "9.19".
std::string versionText(int64_t version);

/// Why the library's attention cannot be this form's on such a GPU ("sm_90a"); empty: it can.
std::string whyNotLibrary(const AttentionForm &form, const std::string &architecture,
                          int64_t version, bool deterministic);

/// The same of every gradient there.
std::string whyNoGradient(const std::string &architecture, int64_t version, bool deterministic);

} // namespace roux::cuda
