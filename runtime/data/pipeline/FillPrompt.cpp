//===- FillPrompt.cpp - prompts with the fields of a record ---------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/FillPrompt.h"

#include "runtime/data/records/RecordError.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <simdjson.h>

namespace roux::data {

std::string filledPrompt(std::string_view prompt,
                         const std::function<std::string(std::string_view hole)> &valueOf) {
  std::string out;
  for (size_t at = 0; at < prompt.size(); ++at) {
    if (prompt[at] == '\\' && at + 1 < prompt.size() &&
        (prompt[at + 1] == '{' || prompt[at + 1] == '}')) {
      out += prompt[++at];
    } else if (size_t end = prompt.find('}', at); prompt[at] == '{' && end != prompt.npos) {
      out += valueOf(prompt.substr(at + 1, end - at - 1));
      at = end;
    } else {
      out += prompt[at];
    }
  }
  return out;
}

std::vector<std::string> holesOf(std::string_view prompt) {
  std::vector<std::string> holes;
  filledPrompt(prompt, [&](std::string_view hole) {
    holes.emplace_back(hole);
    return std::string();
  });
  return holes;
}

/// Adds the texts of a JSON list; what is wrong with it, or nothing.
static std::string_view readTexts(std::string_view json, std::vector<std::string> &texts) {
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(simdjson::padded_string(json)).get(list) != simdjson::SUCCESS)
    return "is neither a text nor a list of texts";
  for (simdjson::dom::element each : list)
    if (std::string_view text; each.get(text) == simdjson::SUCCESS)
      texts.emplace_back(text);
    else if (each.is_number())
      texts.push_back(simdjson::minify(each));
    else
      return "holds something that is no text";
  return {};
}

std::vector<std::string> textsOf(const Field &field) {
  std::vector<std::string> texts;
  if (std::string_view wrong = readTexts(field.text, texts); !wrong.empty())
    throw RecordError(fmt::format("'{}' {}", field.name, wrong));
  return texts;
}

std::string valueOfHole(const Record &record, std::string_view hole) {
  if (const Field *field = record.read(hole)) {
    std::vector<std::string> texts;
    if (field->kind == Field::Kind::Json && readTexts(field->text, texts).empty())
      return fmt::format("{}", fmt::join(texts, "\n"));
    return std::string(field->text);
  }
  if ((hole == "document" || hole == "text") && record.layout == Layout::Text)
    return std::string(record.document);
  auto asked = std::ranges::find(record.messages, "user", &Message::role);
  if ((hole == "prompt" || hole == "document") && asked != record.messages.end())
    return std::string(asked->content);
  throw RecordError(fmt::format("the record has no '{}', which the prompt asks for", hole));
}

std::string filledPrompt(std::string_view prompt, const Record &record) {
  return filledPrompt(prompt, [&](std::string_view hole) { return valueOfHole(record, hole); });
}

} // namespace roux::data
