//===- ModelExport.cpp - what a trained model is left with ----------------===//
//
// Files come from where the tokenizer came from: trained here, a file that the
// recipe names, or the folder of the model.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/ModelExport.h"

#include "compiler/tools/EvalTasks.h"
#include "runtime/Say.h"
#include "runtime/data/tokenizer/WholeFile.h"
#include "runtime/data/tokenizer/WriteBytePair.h"
#include "runtime/model/StoredType.h"

#include <fmt/format.h>

namespace roux {

/// A SentencePiece model, and beside it, where that can be, the file that leaves nothing to guess.
static void addModelFile(const data::Tokenizer &tokenizer, const std::filesystem::path &path,
                         model::ModelCompanions &companions) {
  std::string model = data::readWholeFile(path);
  if (std::optional<std::string> json = data::bytePairJson(tokenizer, model)) {
    companions.files.emplace_back("tokenizer.json", std::move(*json));
    companions.files.emplace_back("tokenizer_config.json", data::tokenizerConfigJson(tokenizer));
  }
  companions.files.emplace_back("tokenizer.model", std::move(model));
}

static void addTokenizer(const data::Tokenizer &tokenizer, const std::filesystem::path &from,
                         model::ModelCompanions &companions) {
  std::string name = from.filename().string();
  if (std::filesystem::is_directory(from)) {
    companions.tokenizerFolder = from;
  } else if (name.ends_with(".json")) {
    companions.files.emplace_back("tokenizer.json", data::readWholeFile(from));
    companions.files.emplace_back("tokenizer_config.json", data::tokenizerConfigJson(tokenizer));
  } else if (name.find(".model") != name.npos) {
    addModelFile(tokenizer, from, companions);
  } else {
    say(stdout,
        "{}: Hugging Face's layout has no such tokenizer, so the model is left without one\n",
        from.string());
  }
}

model::ModelCompanions companionsOf(const ModelFacts &facts, const DataBuilder &builder) {
  model::ModelCompanions companions;
  if (std::filesystem::path from =
          facts.tokenizer ? builder.tokenizerFile(*facts.tokenizer) : std::filesystem::path();
      !from.empty())
    addTokenizer(*facts.tokenizer, from, companions);
  else if (std::filesystem::is_directory(facts.weights))
    companions.tokenizerFolder = facts.weights;
  if (facts.chat)
    companions.files.emplace_back("chat_template.jinja", facts.chat->source());
  if (facts.chat && !facts.chat->toolSource().empty())
    companions.files.emplace_back("additional_chat_templates/tool_use.jinja",
                                  facts.chat->toolSource());
  for (int32_t id : answerEndsOf(facts))
    companions.endTokens.push_back(id);
  return companions;
}

void exportModel(const std::filesystem::path &folder, const model::Model &model,
                 model::DataType type, const model::ModelCompanions &companions) {
  model::writeModelFolder(folder, {model.config, model::storedAs(model.weights, type)}, companions);
}

} // namespace roux
