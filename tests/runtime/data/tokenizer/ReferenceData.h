//===- ReferenceData.h - texts and ids that Roux did not make -------------===//
//
// Reads the reference texts and encodings; tests skip where they are absent.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"
#include "tests/Paths.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <simdjson.h>

namespace roux::data {

inline const std::filesystem::path reference = referenceData();

inline std::string readBytes(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// Calls `visit(record)` for each line of a JSONL file.
template <typename Visit>
void forEachRecord(const std::filesystem::path &path, Visit visit) {
  simdjson::dom::parser parser;
  std::string bytes = readBytes(path);
  for (simdjson::dom::element record : parser.parse_many(bytes, bytes.size() + 1))
    visit(record);
}

inline std::vector<std::string> referenceTexts() {
  std::vector<std::string> texts;
  forEachRecord(reference / "tokenizers/vectors/texts.jsonl", [&](simdjson::dom::element record) {
    texts.emplace_back(std::string_view(record["text"]));
  });
  return texts;
}

#define SKIP_WITHOUT_REFERENCE_DATA()                                                              \
  if (!std::filesystem::exists(reference))                                                         \
  GTEST_SKIP() << "no reference data at " << reference

} // namespace roux::data
