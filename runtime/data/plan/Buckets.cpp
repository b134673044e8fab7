//===- Buckets.cpp - steps of one length, drawn by odds -------------------===//
//
// Dataset Decomposition's curriculum (Algorithm 1): every step has one length and
// about the same number of tokens; which length comes next is drawn by odds among
// those that still have steps in this cycle. The draw names the cycle and the step
// in it, so every rank makes the same one.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/DataPass.h"
#include "runtime/data/plan/KeyOrder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace roux::data {

namespace {

struct Bucket {
  uint32_t length = 0;
  std::vector<uint32_t> members; ///< in the order in which they are taken
  uint64_t wanted = 0;           ///< sequences of an epoch; more than members: again from the front
  uint64_t rows = 0;             ///< sequences of a step
  uint64_t steps = 0;
  uint64_t stepsTaken = 0;
  uint64_t taken = 0; ///< sequences
  double odds = 0;
};

/// What `odds` and `quota` may read: the bucket before them.
class BucketScope : public Environment {
public:
  BucketScope(const Bucket &bucket, size_t index) : bucket(bucket), index(index) {}

  Value read(const Expression::Node &node) const override {
    switch (node.attribute) {
    case Attribute::Index:
      return static_cast<double>(index);
    case Attribute::Length:
      return static_cast<double>(bucket.length);
    case Attribute::Tokens:
      return static_cast<double>(bucket.members.size()) * bucket.length;
    case Attribute::Sequences:
      return static_cast<double>(bucket.members.size());
    default:
      throw PlanError(
          fmt::format("odds cannot read {}.{}", spelling(node.scope), spelling(node.attribute)));
    }
  }
  void forEach(Scope, Scope, bool,
               const std::function<void(const Environment &)> &) const override {
    throw PlanError("odds cannot reduce over rows; they see one bucket");
  }
  double draw(Scope, uint32_t) const override {
    throw PlanError("odds cannot be random; the bucket is drawn by them");
  }

private:
  const Bucket &bucket;
  size_t index;
};

std::vector<Bucket> sortIntoBuckets(const DataPass &pass) {
  SequenceDraws draws(pass.draws / "bucket", pass.input.sources);
  std::vector<uint64_t> keys;
  keys.reserve(pass.pieces.size());
  for (size_t piece = 0; piece < pass.pieces.size(); ++piece)
    keys.push_back((draws.of(pass.pieces.entry(piece)) / pass.pieces[piece].begin).bits());
  std::map<std::pair<uint32_t, uint32_t>, Bucket> found;
  for (uint32_t index : orderByKey(keys)) {
    PlacedSequence piece = pass.pieces[index];
    uint32_t source = pass.spec.batch.withinSource ? pass.pieces.entry(index).source : 0;
    Bucket &bucket = found[{piece.positions, source}];
    bucket.length = piece.positions;
    bucket.members.push_back(index);
  }
  std::vector<Bucket> buckets;
  for (auto &[place, bucket] : found)
    buckets.push_back(std::move(bucket));
  return buckets;
}

void applyQuota(const BatchSpec &batch, Bucket &bucket, size_t index) {
  bucket.wanted = bucket.members.size();
  if (batch.quota.empty())
    return;
  double tokens = evaluateNumber(batch.quota, BucketScope(bucket, index));
  if (!(tokens >= 0 && tokens < 0x1p53))
    throw PlanError(fmt::format("the quota of the bucket of length {} is {} tokens, expected a "
                                "number from 0",
                                bucket.length, tokens));
  bucket.wanted = static_cast<uint64_t>(tokens) / bucket.length;
  if (bucket.wanted > bucket.members.size() && batch.exhausted == Exhausted::Error)
    throw PlanError(fmt::format("the bucket of length {} has {} sequences, but its quota of {} "
                                "tokens needs {}; lower it or say that the bucket repeats",
                                bucket.length, bucket.members.size(), tokens, bucket.wanted));
}

/// Rows, steps and odds of a bucket, and what of it is never laid down.
void settle(DataPass &pass, Bucket &bucket, size_t index) {
  const BatchSpec &batch = pass.spec.batch;
  applyQuota(batch, bucket, index);
  for (size_t i = bucket.wanted; i < bucket.members.size(); ++i)
    pass.drop("bucket: over its quota", pass.pieces[bucket.members[i]]);
  bucket.rows = batch.tokens / bucket.length;
  bucket.steps = bucket.wanted / bucket.rows;
  if (bucket.wanted % bucket.rows && batch.last == Last::Keep)
    ++bucket.steps;
  for (uint64_t i = bucket.steps * bucket.rows; i < bucket.wanted; ++i)
    pass.drop("last: drop", pass.pieces[bucket.members[i % bucket.members.size()]]);
  bucket.wanted = std::min(bucket.wanted, bucket.steps * bucket.rows);
  bucket.odds = evaluateNumber(batch.odds, BucketScope(bucket, index));
  if (bucket.steps && !(bucket.odds > 0 && std::isfinite(bucket.odds)))
    throw PlanError(fmt::format("the odds of the bucket of length {} are {}, expected a number "
                                "above 0",
                                bucket.length, bucket.odds));
}

/// The bucket of the next step, by odds among those with steps left; null when there is none.
Bucket *drawBucket(std::vector<Bucket> &buckets, std::span<const uint64_t> stepsLeft,
                   double uniform) {
  double sum = 0;
  for (size_t i = 0; i < buckets.size(); ++i)
    sum += stepsLeft[i] ? buckets[i].odds : 0;
  double at = uniform * sum;
  Bucket *drawn = nullptr;
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (!stepsLeft[i])
      continue;
    drawn = &buckets[i];
    at -= buckets[i].odds;
    if (at < 0)
      break;
  }
  return drawn;
}

void takeStep(Bucket &bucket, Units &steps) {
  uint64_t count = std::min(bucket.rows, bucket.wanted - bucket.taken);
  for (uint64_t i = 0; i < count; ++i)
    steps.members.push_back(bucket.members[(bucket.taken + i) % bucket.members.size()]);
  steps.close();
  bucket.taken += count;
  ++bucket.stepsTaken;
}

} // namespace

Units drawBuckets(DataPass &pass) {
  std::vector<Bucket> buckets = sortIntoBuckets(pass);
  for (size_t i = 0; i < buckets.size(); ++i)
    settle(pass, buckets[i], i);
  Units steps;
  uint32_t cycles = pass.spec.batch.cycles, without = 0;
  for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
    std::vector<uint64_t> stepsLeft;
    for (const Bucket &bucket : buckets)
      stepsLeft.push_back((cycle + 1) * bucket.steps / cycles - bucket.stepsTaken);
    SeedTree draws = pass.draws / "cycle" / cycle;
    size_t before = steps.size();
    for (uint64_t step = 0;; ++step) {
      Bucket *bucket = drawBucket(buckets, stepsLeft, draws.uniform(step));
      if (!bucket)
        break;
      takeStep(*bucket, steps);
      --stepsLeft[static_cast<size_t>(bucket - buckets.data())];
    }
    pass.cycleEnds.push_back(steps.size());
    without += steps.size() == before;
  }
  if (without > 0)
    pass.losses.add(Fate::Warned,
                    fmt::format("bucket: {} of {} cycles have no step", without, cycles), 0, 0, 0);
  return steps;
}

} // namespace roux::data
