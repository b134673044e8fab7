//===- WriteModel.cpp - Hugging Face's folder -----------------------------===//
//
// Everything is written into a temporary folder first, so a killed process leaves
// either the model that was there or the new one.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/WriteModel.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/AtomicFolder.h"
#include "runtime/data/Sums.h"
#include "runtime/model/Adapter.h"
#include "runtime/model/Family.h"
#include "runtime/model/RotaryStyle.h"
#include "runtime/model/StoredType.h"
#include "runtime/model/WriteConfig.h"

#include <fmt/format.h>

#include <algorithm>

namespace roux::model {

/// The files in which transformers keeps tokenizers and templates.
static constexpr std::string_view tokenizerFiles[] = {
    "added_tokens.json",    "chat_template.jinja", "chat_template.json",      "merges.txt",
    "tokenizer.json",       "tokenizer.model",     "special_tokens_map.json", "vocab.json",
    "tokenizer_config.json"};

/// A link may lead around in its cache, where Hugging Face keeps the files of snapshots/REVISION,
/// but not out of it: what is copied goes wherever the model goes.
static void refuseForeignLink(const std::filesystem::path &file) {
  if (!std::filesystem::is_symlink(file))
    return;
  std::filesystem::path folder = std::filesystem::canonical(file.parent_path());
  std::filesystem::path target = std::filesystem::canonical(file);
  if (folder.parent_path().filename() == "snapshots")
    folder = folder.parent_path().parent_path();
  if (target.lexically_relative(folder).string().starts_with(".."))
    throw ModelError(fmt::format("{}: is a link to {}, outside the model, and would be copied into "
                                 "the trained one; put the file itself there, or remove the link",
                                 file.string(), target.string()));
}

static void copyFile(const std::filesystem::path &from, const std::filesystem::path &to) {
  refuseForeignLink(from);
  MappedFile file(from);
  data::AtomicFile out(to, 0);
  out.write(file.bytes());
  out.commit({});
}

static void writeCompanions(const std::filesystem::path &folder, const ModelCompanions &more) {
  if (!more.tokenizerFolder.empty())
    for (std::string_view name : tokenizerFiles)
      if (std::filesystem::exists(more.tokenizerFolder / name))
        copyFile(more.tokenizerFolder / name, folder / name);
  for (const auto &[name, contents] : more.files) {
    std::filesystem::create_directories((folder / name).parent_path());
    data::writeWhole(folder / name, contents);
  }
  // Without a class's name transformers guesses one from the model, which need not read
  // tokenizer.json.
  bool unnamed = std::filesystem::exists(folder / "tokenizer.json") &&
                 !std::filesystem::exists(folder / "tokenizer_config.json");
  if (unnamed)
    data::writeWhole(folder / "tokenizer_config.json",
                     "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\"\n}\n");
}

std::filesystem::path sumsOf(const std::filesystem::path &folder) {
  std::filesystem::path list = folder;
  return list += ".sums";
}

std::vector<std::filesystem::path> checkModelFolder(const std::filesystem::path &folder,
                                                    data::KnownFiles &known) {
  std::vector<std::filesystem::path> changed = data::changedSince(sumsOf(folder), folder, known);
  for (const std::filesystem::path &file : changed) {
    std::string name = file.filename().string();
    if (name == "config.json" || name.find(".safetensors") != name.npos)
      throw ModelError(fmt::format("{}: damaged: it is not what was written; delete {}, and it is "
                                   "written again from the last checkpoint",
                                   file.string(), folder.string()));
  }
  return changed;
}

void writeModelFolder(const std::filesystem::path &folder, const Model &model,
                      const ModelCompanions &companions, uint64_t shardBytes) {
  bind(model.config, model.weights);
  ModelConfig config = model.config;
  Weights weights = withRotaryStyle(config, model.weights, familyOf(config).rotary.style);
  data::AtomicFolder out(folder);
  writeSafetensorsFolder(out.path(), weights, shardBytes);
  data::writeWhole(out.path() / "config.json", configText(config, mainType(weights)));
  for (int64_t id : companions.endTokens)
    if (std::ranges::find(config.endTokens, id) == config.endTokens.end())
      config.endTokens.push_back(id);
  data::writeWhole(out.path() / "generation_config.json", generationConfigText(config));
  writeCompanions(out.path(), companions);
  std::map<std::string, uint64_t> files;
  for (const auto &entry : std::filesystem::directory_iterator(out.path()))
    files[entry.path().filename().string()] = data::contentHash(entry.path());
  data::writeSums(sumsOf(folder), files);
  out.commit();
}

void writeAdapterFolder(const std::filesystem::path &folder, const ModelConfig &config,
                        const Weights &adapter, const std::filesystem::path &base,
                        const ModelCompanions &companions) {
  data::AtomicFolder out(folder);
  writeAdapter(out.path(), config, adapter, base);
  writeCompanions(out.path(), companions);
  out.commit();
}

} // namespace roux::model
