//===- Score.cpp - `roux score` -------------------------------------------===//
//
// What a model makes of texts, token by token: JSONL in, JSONL out. The smallest
// whole use of a compiled model, and how it is compared with other tools.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/NamedModel.h"
#include "compiler/tools/RunnableRecipe.h"
#include "compiler/tools/Settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iostream>
#include <simdjson.h>

namespace roux {

namespace {

/// A model ready to score, and the tokenizer that `text` lines need.
class Scorer {
public:
  Scorer(const SourceManager &sources, const CheckedRecipe &recipe,
         const std::filesystem::path &path, const std::string &tokenizerPath);
  /// The output line for one input line. Throws std::runtime_error saying what is wrong with it.
  std::string score(std::string_view line);

private:
  std::vector<int32_t> idsOf(simdjson::dom::element record);
  std::vector<int32_t> idsOf(simdjson::dom::array tokens) const;
  std::vector<int32_t> idsOf(std::string_view text);
  const data::Tokenizer &tokenizer();

  std::filesystem::path path;
  std::string tokenizerPath;
  model::Model model;
  std::shared_ptr<const data::Tokenizer> loaded;
  std::unique_ptr<train::ModelProgram> program;
  simdjson::dom::parser parser;
};

} // namespace

Scorer::Scorer(const SourceManager &sources, const CheckedRecipe &recipe,
               const std::filesystem::path &path, const std::string &tokenizerPath)
    : path(path), tokenizerPath(tokenizerPath), model(openNamedModel(path)),
      program(compileNamedModel(sources, recipe, model, /*generates=*/false)) {}

const data::Tokenizer &Scorer::tokenizer() {
  if (!loaded)
    loaded = tokenizerOfModel(path, tokenizerPath);
  return *loaded;
}

std::vector<int32_t> Scorer::idsOf(simdjson::dom::array tokens) const {
  std::vector<int32_t> ids;
  for (simdjson::dom::element token : tokens) {
    int64_t id;
    if (token.get(id) != simdjson::SUCCESS || id < 0 || id >= model.config.vocabulary)
      throw std::runtime_error(fmt::format("token {} of 'tokens' is {}, expected an id below {}",
                                           ids.size(), simdjson::minify(token),
                                           model.config.vocabulary));
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

std::vector<int32_t> Scorer::idsOf(std::string_view text) {
  std::vector<int32_t> ids;
  for (data::TokenId id : tokenizer().encode(text, {.surround = true})) {
    if (static_cast<int64_t>(id) >= model.config.vocabulary)
      throw std::runtime_error(
          fmt::format("the tokenizer makes id {} of 'text', and the model's vocabulary is {}", id,
                      model.config.vocabulary));
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

std::vector<int32_t> Scorer::idsOf(simdjson::dom::element record) {
  simdjson::dom::array tokens;
  std::string_view text;
  if (record["tokens"].get(tokens) == simdjson::SUCCESS)
    return idsOf(tokens);
  if (record["text"].get(text) == simdjson::SUCCESS)
    return idsOf(text);
  throw std::runtime_error("expected an object with a list \"tokens\" or a string \"text\"");
}

std::string Scorer::score(std::string_view line) {
  simdjson::dom::element record;
  if (simdjson::error_code error = parser.parse(line).get(record))
    throw std::runtime_error(fmt::format("is not JSON: {}", simdjson::error_message(error)));
  std::vector<int32_t> ids = idsOf(record);
  if (ids.size() < 2)
    return "{\"nll\": []}";
  if (static_cast<int64_t>(ids.size()) - 1 > model.config.context)
    throw std::runtime_error(fmt::format("{} tokens are longer than the model's context of {}",
                                         ids.size(), model.config.context));
  std::vector<int32_t> inputs(ids.begin(), ids.end() - 1), labels(ids.begin() + 1, ids.end());
  std::vector<int32_t> positions(inputs.size());
  for (size_t i = 0; i < positions.size(); ++i)
    positions[i] = static_cast<int32_t>(i);
  std::vector<double> nll =
      program->nll({inputs, labels, positions, {0, static_cast<int32_t>(inputs.size())}});
  return fmt::format("{{\"nll\": [{:.7g}]}}", fmt::join(nll, ", "));
}

static int scoreLines(Scorer &scorer) {
  std::string line;
  for (uint64_t number = 1; std::getline(std::cin, line); ++number)
    try {
      fmt::print("{}\n", scorer.score(line));
    } catch (const std::runtime_error &error) {
      return refuse(fmt::format("<stdin>:{}: {}", number, error.what()));
    }
  return 0;
}

int runScore(int argc, char **argv) {
  CLI::App app("what a model makes of texts: JSONL {\"tokens\"} or {\"text\"} in, {\"nll\"} out",
               "roux score");
  std::string path, tokenizer;
  app.add_option("model", path, "a Hugging Face folder, a GGUF or a llama2.c file")->required();
  app.add_option("--tokenizer", tokenizer, "for texts; otherwise the model's own");
  CheckOptions options;
  addModelKeys(app, options);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  auto score = [&](const SourceManager &sources, const CheckedRecipe &recipe) {
    Scorer scorer(sources, recipe, path, tokenizer);
    return scoreLines(scorer);
  };
  return guarded([&] { return withRunKeys(options, score); });
}

} // namespace roux
