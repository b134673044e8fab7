//===- PlanInput.cpp - what planning reads of the data --------------------===//
//
// The usual input: a token store.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/PlanInput.h"

namespace roux::data {

PlanInput::PlanInput(const TokenStore &store)
    : sequences(store.sequences()), sources(store.sources()), storeHash(store.hash()),
      losses(&store.ledger()), store(&store) {
  countLabels = [&store](uint32_t sequence, TokenRange tokens) {
    return store.view(sequence).labels.count(tokens);
  };
}

SequenceDraws::SequenceDraws(SeedTree construct, const std::vector<std::string> &sources) {
  for (const std::string &source : sources)
    bySource.push_back(construct / source);
}

} // namespace roux::data
