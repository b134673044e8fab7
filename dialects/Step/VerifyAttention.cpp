//===- VerifyAttention.cpp - heads, positions and caches ------------------===//
//
// That heads share channels evenly, and that what attention keeps has a row for
// each token.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Verify.h"

using namespace mlir;
using namespace roux::step;

LogicalResult RotationOp::verify() {
  if (failed(expectTokens(*this, getPositions(), getCosine())) ||
      (getLengths() && failed(expectTokens(*this, getPositions(), getLengths()))))
    return failure();
  bool differ = getBeyond() || getStretch();
  if (differ != static_cast<bool>(getLengths()) || differ != getLimit().has_value() ||
      (getBeyond() && getStretch()))
    return emitOpError() << "takes lengths, a limit and either beyond or stretch together, or none";
  if (getBeyond() && getBeyond()->size() != getFrequencies().size())
    return emitOpError() << "has " << getFrequencies().size() << " frequencies but "
                         << getBeyond()->size() << " beyond the limit";
  return expectEqual(
      *this, getCosine(), {"cosine", dimension(getCosine(), 1), "columns"},
      {"the list of frequencies", static_cast<int64_t>(getFrequencies().size()), "numbers"});
}

int64_t RopeOp::headChannels() {
  return getHeadChannels().value_or(2 * dimension(getCosine(), 1));
}

LogicalResult RopeOp::verify() {
  if (failed(expectTokens(*this, getInput(), getCosine())))
    return failure();
  int64_t channels = dimension(getInput(), 1), head = headChannels();
  int64_t turned = 2 * dimension(getCosine(), 1);
  if (turned > head)
    return emitOpError() << turned << " channels of a head should turn, which has " << head;
  if (head > 0 && channels % head == 0)
    return success();
  return emitOpError() << "the input's " << channels
                       << " channels are not a whole number of heads of " << head << " channels";
}

/// `Op` is one of the attentions; `keys` are what its queries are compared with.
template <typename Op>
static LogicalResult verifyHeads(Op op, Value keys) {
  int64_t heads = op.getHeads(), keyValueHeads = op.getKeyValueHeads();
  if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0)
    return op.emitOpError() << heads << " heads cannot share " << keyValueHeads
                            << " key-value heads evenly";
  int64_t query = dimension(op.getQuery(), 1), key = dimension(keys, 1);
  if (query % heads != 0 || query / heads * keyValueHeads != key)
    return op.emitOpError() << "query has " << query << " channels for " << heads
                            << " heads but key has " << key << " for " << keyValueHeads;
  if (op.getWindow() && static_cast<int64_t>(*op.getWindow()) < 1)
    return op.emitOpError() << "window is " << static_cast<int64_t>(*op.getWindow())
                            << " but a token sees at least itself";
  if (op.getSoftcap() && !(op.getSoftcap()->convertToDouble() > 0))
    return op.emitOpError() << "softcap is " << op.getSoftcap()->convertToDouble()
                            << " but should be positive";
  return success();
}

/// Attention over the stream's own segments: a row of keys and of logsumexp for every query.
template <typename Op>
static LogicalResult verifySegments(Op op) {
  if (failed(verifyHeads(op, op.getKey())) ||
      failed(expectTokens(op, op.getQuery(), {op.getKey(), op.getLogsumexp()})))
    return failure();
  return expectEqual(op, op.getLogsumexp(),
                     {"logsumexp", dimension(op.getLogsumexp(), 1), "columns"},
                     {"query", static_cast<int64_t>(op.getHeads()), "heads"});
}

LogicalResult AttentionOp::verify() {
  return verifySegments(*this);
}
LogicalResult AttentionGradOp::verify() {
  return verifySegments(*this);
}

LogicalResult CachedAttentionOp::verify() {
  if (elementOf(getQuery()) != elementOf(getKeys()))
    return emitOpError() << "query is in " << elementOf(getQuery()) << " but the cache is in "
                         << elementOf(getKeys());
  if (failed(verifyHeads(*this, getKeys())))
    return failure();
  return expectTokens(*this, getQuery(), {getFirst(), getSlots()});
}

LogicalResult AppendOp::verify() {
  if (elementOf(getCache()) != elementOf(getRows()))
    return emitOpError() << "rows are in " << elementOf(getRows()) << " but the cache is in "
                         << elementOf(getCache());
  if (!getCache().hasOneUse())
    return emitOpError() << "overwrites its cache, which something else reads as well";
  if (failed(expectTokens(*this, getRows(), getSlots())))
    return failure();
  return expectEqual(*this, getCache(), {"the cache", dimension(getCache(), 1), "channels"},
                     {"a row", dimension(getRows(), 1), "channels"});
}
