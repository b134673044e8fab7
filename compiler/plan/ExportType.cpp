//===- ExportType.cpp - back to the files that a model began with ---------===//
//
// Only headers are read: what type tensors have stands there.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/ExportType.h"

#include "runtime/model/Adapter.h"
#include "runtime/model/Model.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/StoredType.h"

#include <fmt/format.h>

namespace roux {

using model::DataType;

std::string_view wordOf(DataType type) {
  constexpr std::string_view words[] = {"f32", "f16", "bf16"};
  return words[static_cast<size_t>(type)];
}

static DataType typeOfFiles(const std::filesystem::path &path) {
  if (model::isAdapterFolder(path))
    return typeOfFiles(model::baseOfAdapter(path));
  return model::mainType(std::filesystem::is_directory(path) ? model::readSafetensorsFolder(path)
                                                             : model::openModel(path).weights);
}

static DataType baseType(const SourceManager &sources, const CheckedRecipe &recipe,
                         const CheckedValue &value) {
  auto of = [&](const CheckedValue &part) { return baseType(sources, recipe, part); };
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    return of(named.kind == ast::Kind::Train ? named["model"] : named.value);
  }
  if (value.calls("override"))
    return of(value["base"]);
  if (value.calls("average") || value.calls("saved"))
    return of(value["model"]);
  if (value.calls("load"))
    return typeOfFiles(resolvePath(sources, value["path"]));
  if (value.kind != ValueKind::Blend)
    return DataType::F32;
  DataType first = of(value.items.front());
  for (const CheckedValue &item : value.items)
    if (of(item) != first)
      return DataType::F32;
  return first;
}

DataType exportType(const SourceManager &sources, const CheckedRecipe &recipe,
                    const CheckedValue &value) {
  const CheckedValue &asked = recipe.run()["export_dtype"];
  for (DataType type : {DataType::F32, DataType::F16, DataType::BF16})
    if (asked.is(wordOf(type)))
      return type;
  return baseType(sources, recipe, value);
}

std::string exportText(const SourceManager &sources, const CheckedRecipe &recipe,
                       const CheckedDefinition &train) {
  std::string_view word = wordOf(exportType(sources, recipe, train["model"]));
  return fmt::format("{}, {}", word,
                     recipe.run()["export_dtype"].is("base") ? "as the model it starts from"
                                                             : "as export_dtype: says");
}

} // namespace roux
