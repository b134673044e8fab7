//===- FamilyReference.cpp - reading reference.json of families -----------===//
//
// The file is described in the reference data's SOURCE.txt.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/FamilyReference.h"

#include "tests/Paths.h"

#include <simdjson.h>

#include <algorithm>

namespace roux::reference {

namespace fs = std::filesystem;

static constexpr const char *own = "tests";

fs::path familyFolder(const std::string &name) {
  if (name.starts_with(std::string(own) + "/"))
    return fs::path(sourceFolder()) / "tests" / "compiler" / "train" / "families" /
           name.substr(name.find('/') + 1);
  return fs::path(referenceData()) / "models" / "families" / name;
}

std::vector<std::string> familyNames() {
  std::vector<std::string> names;
  for (const char *group : {"A", "E", own}) {
    std::error_code none;
    for (const auto &entry : fs::directory_iterator(familyFolder(std::string(group) + "/"), none))
      if (fs::exists(entry.path() / "reference.json"))
        names.push_back(std::string(group) + "/" + entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

template <typename T>
static std::vector<T> numbersOf(simdjson::dom::element list) {
  std::vector<T> numbers;
  for (simdjson::dom::element each : list.get_array().value())
    numbers.push_back(static_cast<T>(each.get_double().value()));
  return numbers;
}

FamilyReference readFamilyReference(const fs::path &file) {
  simdjson::dom::parser parser;
  simdjson::dom::element root = parser.load(file.string()).value();
  FamilyReference expected;
  for (simdjson::dom::element each : root["sequences"].get_array().value())
    expected.sequences.push_back({numbersOf<int32_t>(each["tokens"]),
                                  numbersOf<double>(each["nll"]),
                                  numbersOf<double>(each["last_logits"])});
  simdjson::dom::element gradient = root["gradient"];
  expected.differentiated = gradient["sequence"].get_uint64().value();
  for (auto [name, each] : gradient["tensors"].get_object().value()) {
    ReferenceGradient &tensor = expected.gradients[std::string(name)];
    tensor.shape = numbersOf<int64_t>(each["shape"]);
    tensor.length = each["l2"].get_double().value();
    std::vector<double> values = numbersOf<double>(each["value"]);
    size_t at = 0;
    for (simdjson::dom::element index : each["index"].get_array().value())
      tensor.samples.push_back({numbersOf<int64_t>(index), values[at++]});
  }
  return expected;
}

} // namespace roux::reference
