//===- Uses.cpp - the files of a recipe and the names they define ---------===//
//
// `use "file"` brings in another file's definitions. All files share one set of
// names; a used file's `seed` and `run` are its own and are not read. Values from the
// command line are parsed as if they stood in the recipe.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace roux {

std::optional<std::string> readFile(const std::string &path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored))
    return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  // A read that fails half way ends the stream like the end of the file.
  if (text.view().size() != std::filesystem::file_size(path, ignored))
    return std::nullopt;
  return std::move(text).str();
}

void Checker::load(uint32_t file) {
  mainFile = file;
  std::string path = std::filesystem::path(sources.path(file)).lexically_normal().string();
  loaded.emplace(path, file);
  std::vector<std::string> chain = {path};
  loadFile(file, chain);
  checkSeeds();
  applySets();
  applyRunKeys();
}

void Checker::loadFile(uint32_t file, std::vector<std::string> &chain) {
  size_t before = diagnostics.all().size();
  std::unique_ptr<ast::File> parsed = parse(sources, file, diagnostics);
  for (size_t i = before; i < diagnostics.all().size(); ++i)
    unparsed.push_back(diagnostics.all()[i].where);
  const ast::File &kept = *files.emplace_back(std::move(parsed));
  for (const ast::Use &use : kept.uses)
    follow(use, file, chain);
  for (const ast::Definition &definition : kept.definitions)
    declare(definition);
}

void Checker::follow(const ast::Use &use, uint32_t from, std::vector<std::string> &chain) {
  std::filesystem::path folder = std::filesystem::path(sources.path(from)).parent_path();
  std::string path = (folder / use.path).lexically_normal().string();
  if (std::ranges::find(chain, path) != chain.end()) {
    std::string circle;
    for (auto at = std::ranges::find(chain, path); at != chain.end(); ++at)
      circle += *at + " -> ";
    diagnostics.error(Code::Cycle, use.pathRange,
                      "files use each other in a circle: " + circle + path);
    return;
  }
  if (loaded.contains(path))
    return;
  constexpr size_t deepest = 100;
  std::optional<std::string> text =
      chain.size() < deepest ? options.read(path) : std::optional<std::string>();
  if (!text) {
    diagnostics.error(Code::Use, use.pathRange,
                      chain.size() < deepest ? "cannot read '" + path + "'"
                                             : "files use each other more than 100 deep");
    return;
  }
  uint32_t file = sources.add(path, std::move(*text));
  loaded.emplace(path, file);
  chain.push_back(path);
  loadFile(file, chain);
  chain.pop_back();
}

void Checker::declare(const ast::Definition &definition) {
  bool isRun = definition.kind == ast::Kind::Run;
  if (isRun && definition.kindRange.file != mainFile)
    return;
  std::string_view name = isRun ? std::string_view("run") : definition.name;
  if (name.empty())
    return; // reported by the parser
  if (symbols.size() == mostDefinitions) {
    diagnostics.error(Code::TooMuch, definition.kindRange,
                      "a recipe has at most 200000 definitions");
    return;
  }
  auto [at, isNew] = names.emplace(name, static_cast<uint32_t>(symbols.size()));
  if (!isNew) {
    const ast::Definition &first = *symbols[at->second].written;
    if (isRun)
      diagnostics.error(Code::DefinedTwice, definition.kindRange, "a recipe has one run block")
          .note(first.kindRange, "the first is here");
    else
      diagnostics
          .error(Code::DefinedTwice, definition.nameRange,
                 "'" + std::string(name) + "' is defined twice")
          .note(first.nameRange, "first defined here");
    return;
  }
  symbols.push_back({.written = &definition});
}

void Checker::applySets() {
  for (const auto &[name, value] : options.set) {
    std::string text = "param " + name + " = " + value;
    uint32_t file = sources.add("--set", text);
    const ast::File &parsed = *files.emplace_back(parse(sources, file, diagnostics));
    SourceRange nameRange{file, 6, static_cast<uint32_t>(6 + name.size())};
    auto at = names.find(name);
    if (at == names.end() || symbols[at->second].written->kind != ast::Kind::Param) {
      diagnostics.error(Code::Setting, nameRange,
                        "--set names '" + name + "', which is no param of this recipe" +
                            didYouMean(name, namesOf({ast::Kind::Param})));
      continue;
    }
    bool isOne = parsed.definitions.size() == 1 && parsed.uses.empty() && parsed.seeds.empty();
    if (!isOne || !parsed.definitions[0].value) {
      diagnostics.error(Code::Setting, nameRange,
                        "--set takes one value, as in --set " + name + "=1");
      continue;
    }
    symbols[at->second].set = &parsed.definitions[0];
  }
}

void Checker::applyRunKeys() {
  std::vector<ast::Entry> given;
  for (const auto &[name, value] : options.run) {
    std::string before = "run { " + name + ": ";
    uint32_t file = sources.add("--" + name, before + value + " }");
    const ast::File &parsed = *files.emplace_back(parse(sources, file, diagnostics));
    bool isOne = parsed.definitions.size() == 1 && parsed.uses.empty() && parsed.seeds.empty() &&
                 parsed.definitions[0].block && parsed.definitions[0].block->entries.size() == 1;
    auto begin = static_cast<uint32_t>(before.size());
    SourceRange range{file, begin, begin + static_cast<uint32_t>(value.size())};
    if (!isOne)
      diagnostics.error(Code::Setting, range, "--" + name + " takes one value");
    else
      given.push_back(parsed.definitions[0].block->entries[0]);
  }
  if (given.empty())
    return;
  auto [at, isNew] = names.emplace("run", static_cast<uint32_t>(symbols.size()));
  runWritten = {};
  runWritten.kind = ast::Kind::Run;
  runWritten.kindRange = {mainFile, 0, 0};
  if (isNew)
    symbols.push_back({.written = &runWritten});
  else
    runWritten = *symbols[at->second].written;
  if (runWritten.block)
    for (const ast::Entry &entry : runWritten.block->entries)
      if (std::ranges::find(given, entry.key, &ast::Entry::key) == given.end())
        runEntries.push_back(entry);
  runEntries.insert(runEntries.end(), given.begin(), given.end());
  runBlock = {runWritten.kindRange, runEntries};
  runWritten.block = &runBlock;
  symbols[at->second].written = &runWritten;
}

void Checker::checkSeeds() {
  const ast::File *main = nullptr;
  for (const auto &file : files)
    if (file->file == mainFile)
      main = file.get();
  for (const ast::Seed &written : main->seeds) {
    if (&written != &main->seeds.front()) {
      diagnostics.error(Code::Seed, written.range, "a recipe has one seed")
          .note(main->seeds.front().range, "the first is here");
      continue;
    }
    const auto *number = written.value ? ast::as<ast::Number>(written.value) : nullptr;
    bool isWhole = number && number->unit == ast::Unit::None && number->scaled >= 0 &&
                   number->scaled < 0x1p53 && std::floor(number->scaled) == number->scaled;
    if (!isWhole && (!written.value || written.value->kind != ast::ExprKind::Error))
      diagnostics.error(Code::Seed, written.range, "a seed is a whole number from 0");
    if (isWhole)
      seed = static_cast<uint64_t>(number->scaled);
    seedOrigin = {OriginKind::Line, {}};
    seedRange = written.range;
  }
}

} // namespace roux
