//===- EvalItems.cpp - the records of a task as items to ask --------------===//
//
// `{document}` is a text record's text, `{prompt}` a completion's; every other hole is
// a key of the record.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalItems.h"

#include "compiler/plan/RefusedRecipe.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/records/RecordError.h"

#include <algorithm>
#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

namespace roux {

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

namespace {

/// One record and what is asked of it.
struct ItemRecord {
  const data::Record &record;
  const std::string &name;

  [[noreturn]] void fail(std::string_view what) const {
    throw data::RecordError(fmt::format("{}: {}", name, what));
  }

  std::string_view said(std::string_view role) const {
    auto found = std::ranges::find(record.messages, role, &data::Message::role);
    return found == record.messages.end() ? std::string_view() : found->content;
  }

  std::string valueOf(std::string_view hole) const {
    if (const data::Field *field = record.find(hole))
      return std::string(field->text);
    if (hole == "document" && !record.document.empty())
      return std::string(record.document);
    if ((hole == "prompt" || hole == "document") && !record.messages.empty())
      return std::string(said("user"));
    fail(fmt::format("the record has no '{}', which the prompt asks for", hole));
  }

  /// The texts of a JSON list.
  std::vector<std::string> listOf(const data::Field &field) const {
    simdjson::dom::parser parser;
    simdjson::dom::array list;
    std::vector<std::string> texts;
    if (parser.parse(simdjson::padded_string(field.text)).get(list) != simdjson::SUCCESS)
      fail(fmt::format("'{}' is neither a text nor a list of texts", field.name));
    for (simdjson::dom::element each : list)
      if (std::string_view text; each.get(text) == simdjson::SUCCESS)
        texts.emplace_back(text);
      else if (each.is_number())
        texts.push_back(simdjson::minify(each));
      else
        fail(fmt::format("'{}' holds something that is no text", field.name));
    return texts;
  }

  std::vector<std::string> answers() const {
    for (std::string_view key : {"answers", "answer"})
      if (const data::Field *field = record.find(key))
        return field->kind == data::Field::Kind::Json ? listOf(*field)
                                                      : std::vector{std::string(field->text)};
    if (std::string_view answer = said("assistant"); !answer.empty())
      return {std::string(answer)};
    fail("the record has no 'answers' to compare an answer with");
  }

  eval::AskedItem item(std::string_view prompt) const {
    eval::AskedItem made;
    made.prompt = filledPrompt(prompt, [&](std::string_view hole) { return valueOf(hole); });
    made.expected.answers = answers();
    if (const data::Field *classes = record.find("all_classes");
        classes && classes->kind == data::Field::Kind::Json)
      made.expected.classes = listOf(*classes);
    if (const data::Field *length = record.find("length");
        length && length->kind == data::Field::Kind::Number)
      made.expected.length = std::stod(std::string(length->text));
    return made;
  }
};

} // namespace

/// The text of a prompt that is written or named.
static const std::string &promptText(const CheckedRecipe &recipe, const CheckedValue &prompt) {
  return prompt.kind == ValueKind::Reference
             ? promptText(recipe, recipe.definitions[prompt.definition].value)
             : prompt.text;
}

eval::AskedSet askedSetOf(const SourceManager &sources, const CheckedRecipe &recipe,
                          DataBuilder &builder, const CheckedValue &task, const ModelFacts &model) {
  data::Consumer consumer{model.tokenizer, model.chat, {}, false};
  data::Ledger ledger;
  data::PipelineRunner runner(builder.pipelineFor(task["data"], {}), consumer, ledger, 0,
                              &builder.sourceLibrary());
  runner.runSteps();
  const std::string &prompt = promptText(recipe, task["prompt"]);
  eval::AskedSet set;
  set.tokens = static_cast<uint64_t>(task["tokens"].number);
  std::string all;
  runner.visitRecords([&](const data::Record &record, const std::string &name) {
    set.items.push_back(ItemRecord{record, name}.item(prompt));
    all += set.items.back().prompt + eval::lineOf(set.items.back().expected);
  });
  if (set.items.empty())
    throw RefusedRecipe(sources, task["data"].where,
                        "it has no records, so there is nothing to ask");
  set.contentHash = XXH3_64bits(all.data(), all.size());
  return set;
}

} // namespace roux
