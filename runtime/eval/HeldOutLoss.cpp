//===- HeldOutLoss.cpp - the loss of data a model was not trained on ------===//
//
// Sequences are laid end to end until a stream is worth a launch.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/HeldOutLoss.h"

namespace roux::eval {

namespace {

/// Some sequences on their way through the model together.
class Stream {
public:
  Stream(NllProgram &program, const data::TokenStore &store) : program(program), store(store) {}

  size_t size() const { return batch.size(); }
  void append(uint32_t sequence);
  /// Measures what was appended and forgets it.
  void flush(LossGroups &groups);

private:
  NllProgram &program;
  const data::TokenStore &store;
  data::MicroBatch batch;
  std::vector<uint32_t> origins; ///< the sequence of each row
  std::vector<double> nll;
};

} // namespace

void Stream::append(uint32_t sequence) {
  data::SequenceView view = store.view(sequence);
  if (view.ids.size() < 2)
    return;
  if (batch.segmentOffsets.empty())
    batch.segmentOffsets.push_back(0);
  // Row t - 1 reads token t - 1 and predicts token t.
  for (uint32_t t = 1; t < view.ids.size(); ++t) {
    batch.tokens.push_back(view.ids[t - 1]);
    batch.labels.push_back(view.labels[t]);
    batch.positions.push_back(static_cast<int32_t>(t - 1));
    origins.push_back(sequence);
  }
  batch.segmentOffsets.push_back(static_cast<int64_t>(batch.size()));
}

void Stream::flush(LossGroups &groups) {
  if (batch.size() == 0)
    return;
  nll.assign(batch.size(), 0);
  program.nll(batch, nll);
  for (size_t row = 0; row < batch.size(); ++row)
    if (batch.labels[row] != data::noLabel)
      groups.add(static_cast<uint32_t>(batch.positions[row]) + 1,
                 store.sources()[store.sequences()[origins[row]].source], nll[row]);
  batch = {};
  origins.clear();
}

LossGroups heldOutLoss(NllProgram &program, const data::TokenStore &store, uint64_t streamTokens) {
  LossGroups groups;
  Stream stream(program, store);
  for (uint32_t sequence = 0; sequence < store.sequences().size(); ++sequence) {
    if (stream.size() + store.sequences()[sequence].tokens > streamTokens)
      stream.flush(groups);
    stream.append(sequence);
  }
  stream.flush(groups);
  return groups;
}

} // namespace roux::eval
