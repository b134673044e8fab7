//===- Expected.cpp - the reference data's numbers ------------------------===//
//
// The files are described in the reference data's SOURCE.txt.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/Expected.h"

#include <simdjson.h>

#include <cmath>
#include <fstream>

namespace roux::step::reference {

Expected readExpected(const std::filesystem::path &folder) {
  Expected result;
  simdjson::dom::parser parser;
  simdjson::dom::element document = parser.load((folder / "reference.json").string()).value();
  for (int64_t token : document["tokens"].get_array().value())
    result.tokens.push_back(token);
  for (double nll : document["nll"].get_array().value())
    result.nll.push_back(nll);
  for (simdjson::dom::element sample : document["finite_difference_grads"].get_array().value()) {
    SampledGradient gradient{std::string(sample["tensor"].get_string().value()), {}, 0};
    for (int64_t index : sample["index"].get_array().value())
      gradient.index.push_back(index);
    gradient.value = sample["grad"].get_double().value();
    result.gradients.push_back(gradient);
  }
  std::ifstream file(folder / "logits_f32.bin", std::ios::binary);
  result.logits.resize(std::filesystem::file_size(folder / "logits_f32.bin") / sizeof(float));
  file.read(reinterpret_cast<char *>(result.logits.data()), result.logits.size() * sizeof(float));
  return result;
}

Columns wholeSequence(const Expected &expected) {
  Columns columns;
  std::vector<int64_t> ids = expected.tokens;
  ids.push_back(0); // only so that the last token is an input too; it is no target
  columns.append(ids, 1.0 / (expected.tokens.size() - 1),
                 [&](size_t at) { return at < expected.tokens.size(); });
  return columns;
}

double lookUp(const Parameters &stacked, const std::string &name, const std::vector<int64_t> &index,
              int64_t layers) {
  for (const auto &[pattern, array] : stacked)
    for (int64_t layer = 0; layer < layers; ++layer) {
      if (model::nameInLayer(pattern, layer) != name)
        continue;
      bool perLayer = pattern != name;
      size_t at = perLayer ? layer : 0;
      for (size_t i = 0; i < index.size(); ++i)
        at = at * array.shape[i + perLayer] + index[i];
      return array.values[at];
    }
  return NAN;
}

} // namespace roux::step::reference
