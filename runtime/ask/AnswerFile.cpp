//===- AnswerFile.cpp - what a model wrote for each record, kept ----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/ask/AnswerFile.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/JsonText.h"

#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <simdjson.h>
#include <xxhash.h>

namespace roux::ask {

using data::jsonText;
using simdjson::dom::element;

std::string lineOf(const RecordQuestions &asked, std::span<const std::string> keys,
                   std::string_view model, const data::AskedRecord &found) {
  std::string line = fmt::format(R"({{"record": {}, "key": "{:016x}", "model": {})",
                                 jsonText(asked.name), asked.key, jsonText(model));
  if (!asked.chunkText.empty())
    line += fmt::format(R"(, "chunk": [{}, {}])", asked.chunk.begin, asked.chunk.end);
  line += R"(, "asked": [)";
  for (size_t i = 0; i < asked.questions.size(); ++i) {
    const RecordQuestion &question = asked.questions[i];
    line += fmt::format(R"({}{{"field": {}, "prompt": {}, "answer": "{}"}})", i ? ", " : "",
                        jsonText(question.field), jsonText(question.promptName), keys[i]);
  }
  line += R"(], "fields": {)";
  for (const data::WrittenField &field : found.fields) {
    line += (&field == &found.fields.front() ? "" : ", ") + jsonText(field.name) + ": ";
    std::string values;
    for (const std::string &value : field.values)
      values += (values.empty() ? "" : ", ") + jsonText(value);
    line += field.isList ? "[" + values + "]" : values;
  }
  line += "}";
  if (!found.missing.empty())
    line += fmt::format(R"(, "missing": {})", jsonText(found.missing));
  return line + "}\n";
}

static std::string sumLine(std::string_view lines) {
  return fmt::format("{{\"format\": {}, \"sum\": \"{:016x}\"}}\n", answerFormat,
                     XXH3_64bits(lines.data(), lines.size()));
}

void writeAnswers(const std::filesystem::path &file, const std::string &lines) {
  data::writeWhole(file, lines + sumLine(lines));
}

/// False where the line is none of lineOf().
static bool take(std::string_view line, simdjson::dom::parser &parser, data::AnswerTable &table) {
  element root;
  std::string_view key;
  simdjson::dom::object fields;
  if (parser.parse(simdjson::padded_string(line)).get(root) != simdjson::SUCCESS ||
      root["key"].get(key) != simdjson::SUCCESS || root["fields"].get(fields) != simdjson::SUCCESS)
    return false;
  uint64_t number = 0;
  std::from_chars(key.data(), key.data() + key.size(), number, 16);
  data::AskedRecord &record = table.records[number];
  for (auto [name, value] : fields) {
    data::WrittenField &field = record.fields.emplace_back();
    field.name = name;
    field.isList = value.is_array();
    std::string_view text;
    if (field.isList)
      for (element each : value.get_array())
        field.values.emplace_back(each.get(text) == simdjson::SUCCESS ? text : "");
    else if (value.get(text) == simdjson::SUCCESS)
      field.values.emplace_back(text);
    if (field.values.empty() && !field.isList)
      return false;
  }
  std::string_view missing;
  if (root["missing"].get(missing) == simdjson::SUCCESS)
    record.missing = missing;
  return true;
}

std::shared_ptr<data::AnswerTable> readAnswers(const std::filesystem::path &file) {
  std::ifstream in(file, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (content.empty())
    return nullptr;
  size_t last = content.rfind('\n', content.size() - 2) + 1; // 0 where there is one line
  std::string_view lines = std::string_view(content).substr(0, last);
  if (std::string_view(content).substr(last) != sumLine(lines))
    return nullptr;
  auto table = std::make_shared<data::AnswerTable>();
  simdjson::dom::parser parser;
  while (!lines.empty()) {
    size_t end = lines.find('\n');
    if (!take(lines.substr(0, end), parser, *table))
      return nullptr;
    lines.remove_prefix(end + 1);
  }
  return table;
}

} // namespace roux::ask
