//===- DataSummaryJson.cpp - what a plan will train on, for programs -------===//
//
// The numbers of DataSummary::text() as the keys of one object.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/JsonText.h"
#include "runtime/data/view/DataSummary.h"

#include <fmt/format.h>

namespace roux::data {

static std::string spreadJson(const Spread &spread) {
  return fmt::format(R"({{"least": {}, "mean": {}, "most": {}}})", jsonNumber(spread.least),
                     jsonNumber(spread.mean), jsonNumber(spread.most));
}

std::string DataSummary::json() const {
  std::string all, bars;
  for (const SourceCount &source : sources)
    all += fmt::format(R"({}{{"name": {}, "sequences": {}, "tokens": {}, "targets": {}}})",
                       all.empty() ? "" : ", ", jsonText(source.name), source.sequences,
                       source.tokens, source.targets);
  for (size_t i = 0; i < lengths.size(); ++i)
    if (lengths[i].sequences > 0)
      bars += fmt::format(R"({}{{"from": {}, "sequences": {}, "tokens": {}}})",
                          bars.empty() ? "" : ", ", uint64_t(1) << i, lengths[i].sequences,
                          lengths[i].tokens);
  std::string out =
      fmt::format(R"("steps": {}, "epochs": {}, "sequences": {}, "tokens": {}, "targets": {}, )"
                  R"("packs_full": {}, "sources": [{}], "lengths": [{}])",
                  steps, epochs, spreadJson(sequences), spreadJson(positions), spreadJson(targets),
                  occupancy > 0 ? jsonNumber(occupancy) : "null", all, bars);
  if (stepsWeighed > 0)
    out += fmt::format(R"(, "weights": {{"steps": {}, "sum": {}, "lightest": {}, "heaviest": {}, )"
                       R"("targets_of_no_weight": {}}})",
                       stepsWeighed, spreadJson(weightSums), jsonNumber(lightest),
                       jsonNumber(heaviest), zeroWeights);
  return "{" + out + "}";
}

} // namespace roux::data
