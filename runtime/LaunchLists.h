//===- LaunchLists.h - the index columns kernels read for a micro-batch ---===//
//
// Kernels know no segments: attention is given a list of work items, the
// embedding's gradient the tokens of each id. Both follow from a micro-batch
// and are made anew for each.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace roux {

/// Names of the lists of attention work as programs ask for them, and of the extents that count
/// their rows. The lists of ids are named after their column: token.ids, token.starts and
/// token.members, with the extents token.distinct and token.starts counting ids and starts.
inline constexpr const char *queryWorkName = "attention.queries";
inline constexpr const char *gradientWorkName = "attention.gradients";
inline constexpr const char *querySumsName = "attention.sums";
inline constexpr const char *partialRowsName = "attention.partials"; ///< an extent only
/// An extent only: the steps of the workspace that a library's gradient is given (AttentionForm.h).
inline constexpr const char *workspaceName = "attention.workspace";
inline constexpr const char *cachedWorkName = "attention.cached";

/// The name of the list of rows that have a label, which is the column of that name, and of the
/// extent that counts them; `target.place` is, for each token, its place among them, or -1.
inline constexpr const char *targetName = "target";
inline constexpr const char *targetPlaceName = "target.place";
inline constexpr const char *targetCountName = "targets";

/// The names of the columns that say of each target which answer of a pair is its, and of each
/// answer which targets are its, and of the extent that counts pairs, which have two answers each.
inline constexpr const char *answerName = "answer";
inline constexpr const char *answerBeginName = "answer_begin";
inline constexpr const char *answerEndName = "answer_end";
inline constexpr const char *pairCountName = "pairs";

/// The name of the column that says of each token how many its sequence has.
inline constexpr const char *lengthName = "length";
/// 32 bits of each token, by which adapters leave out some of what they read; and the numbers of
/// the layers, as f32.
inline constexpr const char *noiseName = "noise", *layerNumbersName = "layer.numbers";

/// One row of kernel.attention's `work`, in the order of its columns.
struct AttentionWork {
  int32_t firstRow, rows, streamBegin, streamEnd, position, head;
};
static_assert(sizeof(AttentionWork) == 6 * sizeof(int32_t));

/// Of each token of segments [offsets[i], offsets[i + 1]) how many its sequence has: one more than
/// the segment where its last token has a label, which is the sequence's last.
std::vector<int32_t> sequenceLengths(std::span<const int32_t> offsets,
                                     std::span<const int32_t> labels);

/// Items for segments [offsets[i], offsets[i + 1]), `heads` each, in blocks of `block` rows; those
/// with most to do first. Throws std::invalid_argument unless offsets begin at 0 and do not fall.
std::vector<AttentionWork> attentionWork(std::span<const int32_t> offsets, int32_t heads,
                                         int32_t block);

/// One row of kernel.attention_gradient's `work`: keys of a segment and a key head. `shift` and a
/// query's row are its row of the partial sums.
struct GradientWork {
  int32_t firstRow, rows, streamBegin, streamEnd, position, head, shift;
};

/// One row of its `sums`: the parts that are added, in order, to the gradients of some queries.
struct QuerySums {
  static constexpr int32_t mostParts = 8;
  int32_t firstRow, rows, parts, partialRow[mostParts];
};

struct GradientLists {
  std::vector<GradientWork> work; ///< those with most to do first
  std::vector<QuerySums> sums;
  int64_t partialRows = 0;
};

/// The lists of attention's gradient for such segments. The keys of a segment are one part, or so
/// many of them that a long one keeps some threads busy: a part has `partKeys` keys or more, and
/// where there are enough parts for `items` items a segment it is not cut further. Throws as
/// attentionWork.
GradientLists gradientLists(std::span<const int32_t> offsets, int32_t keyHeads, int32_t partKeys,
                            int32_t items);

/// The most partial rows that segments of so many tokens together can need.
int64_t mostPartialRows(int64_t tokens, int32_t keyHeads, int32_t partKeys, int32_t items);

/// Items for the new tokens [offsets[i], offsets[i + 1]) of sequences whose keys lie in a cache
/// from row begins[i] on: lengths[i] of tokens before, then those of the new ones.
std::vector<AttentionWork> cachedWork(std::span<const int32_t> offsets,
                                      std::span<const int32_t> begins,
                                      std::span<const int32_t> lengths, int32_t heads,
                                      int32_t block);

/// The tokens of each id that occurs: those of ids[i] are members[starts[i]] … members[starts[i +
/// 1]
/// - 1], in order.
struct TokenGroups {
  std::vector<int32_t> ids, starts, members;
};
TokenGroups groupTokens(std::span<const int32_t> tokens);

/// The tokens whose label is not negative, in order, and the place of each token among them.
struct TargetRows {
  std::vector<int32_t> rows, places;
};
TargetRows targetRows(std::span<const int32_t> labels);

/// Of segments [offsets[i], offsets[i + 1]), each an answer behind its prompt: the targets of each
/// answer, counted as targetRows() does, and the answer of each target.
struct AnswerRows {
  std::vector<int32_t> begins, ends, answers;
};
AnswerRows answerRows(std::span<const int32_t> offsets, std::span<const int32_t> labels);

} // namespace roux
