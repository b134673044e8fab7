//===- TargetDescription.h - what code is made for ------------------------===//
//
// Everything that passes and the runtime must know of a machine, in one place and
// as data: a program carries the description it was compiled for, kernels are
// cached under it, and a number in it is the only thing that a pass may depend on
// beside shapes. So the order of a sum is a function of shapes and target: never
// of the extent, of neighbours or of threads.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roux {

struct TargetDescription {
  std::string name; ///< "avx512", …; a GPU's as its assembler knows it, "sm_90a"
  bool isGPU() const { return name.starts_with("sm_"); }

  // A processor. Accumulators, a broadcast and the vectors of a row fill its registers.
  int64_t vectorBits = 128;
  int64_t tileRows = 6;    ///< rows of a register tile
  int64_t tileVectors = 2; ///< vectors in a row of that tile
  int64_t wideRows = 6;    ///< the same two where columns are many: a matmul's
  int64_t wideVectors = 2;
  bool pairs = false;  ///< multiplies bf16 pairs and adds them to f32 (vdpbf16ps)
  bool blocks = false; ///< the same for blocks: of 16 by 16 words (AMX), or a warpgroup's (wgmma)

  /// Terms of a product, at least, whose operands a GPU's copy engine brings, ahead of the threads
  /// that multiply; of one that has `blocks`.
  int64_t pipelineTerms = 32;

  // Matmuls. What is laid out of an operand at one time stays in the second-level cache.
  int64_t itemRows = 64;           ///< few, so that threads end together
  int64_t rightWords = 192 * 1024; ///< of the right operand, laid out at one time
  int64_t shortColumns = 192;      ///< of an item; more share what is laid out of the left operand,
  int64_t longColumns = 384;       ///< fewer make more items; of sums in scratch
  int64_t longestSum = 1024;       ///< words of the longest sum kept in registers
  int64_t stretch = 256;           ///< words of a longer one that are laid out at one time
  int64_t groupRows = 256;         ///< whose sums are in scratch while those go by

  // Attention.
  int64_t attentionRows = 256;  ///< of an item
  int64_t attentionStream = 64; ///< rows of the other side in a block, in order: part of the sums
  /// Keys in a part of a long segment, at least, and items a segment where it has enough of them:
  /// so a gradient keeps threads busy, and needs memory for each part's share of the queries.
  int64_t attentionPart = 2048, attentionItems = 16;

  /// An item of a single query over a cache is of all the heads that share keys, so that each key
  /// is read once: a processor has few threads, a GPU needs as many items as there are.
  bool attentionGroups() const { return !isGPU(); }

  /// A library's gradient of attention may stand in the kernel's place (runtime/AttentionForm.h):
  /// it is given the output and a workspace, and no rows are taken from it.
  bool attentionLibrary = false;

  // The loss. Logits exist for a chunk of tokens: a multiple of `lossBlock`, `lossTokens` at most,
  // and no more than `lossNumbers` of them where that makes a block.
  int64_t lossBlock = 128, lossTokens = 512, lossNumbers = 16 << 20;

  /// Rows per block of a fold: a block's rows are added in order, then the blocks. Error grows with
  /// the block and with the number of blocks, not with their product.
  int64_t foldBlock = 256;

  int64_t lanes(unsigned elementBits) const { return vectorBits / elementBits; }

  /// All of it, as one object of JSON.
  std::string json() const;
  /// The inverse. Throws std::runtime_error that names `origin` for what json() does not make.
  static TargetDescription parse(const std::string &json, const std::string &origin);
  bool operator==(const TargetDescription &) const = default;
};

/// The kinds of processor there is code for, best first; each has all that those after it have.
const std::vector<TargetDescription> &knownTargets();
/// The kinds of GPU there is code for.
const std::vector<TargetDescription> &gpuTargets();
/// Of a processor or a GPU; null if there is none of that name.
const TargetDescription *targetNamed(std::string_view name);
/// The best of them that runs on this processor.
const TargetDescription &hostTarget();

} // namespace roux
