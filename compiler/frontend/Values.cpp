//===- Values.cpp - one value against one parameter -----------------------===//
//
// What a value means depends on what is expected of it: `next` is a way to fit
// where one is expected and the name of a definition elsewhere. So checking
// goes from the parameter to the text, never the other way.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/FormulaChecker.h"
#include "compiler/frontend/Nouns.h"
#include "compiler/frontend/OtherWords.h"

#include <algorithm>
#include <filesystem>

namespace roux {

using namespace type;

static CheckedValue made(ValueKind kind, SourceRange where) {
  CheckedValue value;
  value.kind = kind;
  value.where = where;
  return value;
}

CheckedValue Checker::mismatch(SourceRange where, const std::string &found, const Slot &slot,
                               const std::string &hint, Code code) {
  std::string place = slot.owner.empty() ? "" : " for " + nameOf(slot.parameter, slot.owner);
  diagnostics.error(code, where,
                    "expected " + expected(slot.parameter) + place + ", found " + found + hint);
  return made(ValueKind::Mistaken, where);
}

/// What the tables of other tools' words call the place.
static std::string_view ownerOf(const Parameter &parameter) {
  if (parameter.types & Data)
    return "data";
  if (parameter.types & Model)
    return "model";
  return parameter.types & Tokenizer ? "tokenizer" : parameter.name;
}

/// What stands there where `expr`, which is of another sort, was written.
static std::string shapeHint(const ast::Expr *expr, const Parameter &parameter) {
  const auto *text = ast::as<ast::Text>(expr);
  if (expr->kind == ast::ExprKind::Boolean)
    if (std::string hint = writtenHere(nounFor(expr), parameter.name); !hint.empty())
      return hint;
  if (text && parameter.types & Word &&
      std::ranges::find(parameter.words, text->value, &WordRow::name) != parameter.words.end())
    return "; write " + std::string(text->value) + " without quotes";
  if (text && parameter.types & Model)
    return "; write load(\"…\")";
  if (text && parameter.types & Tokenizer)
    return "; write load(\"…\")";
  if (text && parameter.types & Data)
    return "; write chat(\"…\"), text(…), completion(…) or tokens(…)";
  if (parameter.types & (Data | Model | Tokenizer))
    return "";
  bool isDigits = text && !text->value.empty() && text->value[0] >= '0' && text->value[0] <= '9';
  if (isDigits && parameter.types & Number)
    return "; a number has no quotes";
  if (parameter.types & Call)
    for (const Construct *construct : constructs())
      if (construct->family == parameter.family)
        return "; as in " + std::string(construct->example);
  return "";
}

/// Whether `expr` can only be arithmetic.
static bool isArithmetic(const ast::Expr *expr) {
  if (const auto *binary = ast::as<ast::Binary>(expr))
    return binary->op >= ast::BinaryOp::Add && binary->op <= ast::BinaryOp::Power;
  const auto *unary = ast::as<ast::Unary>(expr);
  return unary && unary->op == ast::UnaryOp::Negate;
}

/// true, false and none, where they are accepted.
static std::optional<CheckedValue> checkLiteral(const ast::Expr *expr, const Slot &slot) {
  const Parameter &parameter = slot.parameter;
  if (const auto *boolean = ast::as<ast::Boolean>(expr); boolean && parameter.types & Boolean) {
    CheckedValue value = made(ValueKind::Boolean, expr->range);
    value.boolean = boolean->value;
    return value;
  }
  if (expr->kind != ast::ExprKind::None)
    return std::nullopt;
  if (parameter.types & None)
    return made(ValueKind::None, expr->range);
  if (std::ranges::find(parameter.words, "none", &WordRow::name) == parameter.words.end())
    return std::nullopt;
  CheckedValue value = made(ValueKind::Word, expr->range);
  value.text = "none";
  return value;
}

CheckedValue Checker::check(const ast::Expr *expr, const Slot &slot) {
  uint32_t types = slot.parameter.types;
  if (const auto *group = ast::as<ast::Group>(expr);
      group && group->unit == ast::Unit::None && !(types & Formula))
    return check(group->inner, slot);
  if (expr->kind == ast::ExprKind::Error)
    return made(ValueKind::Mistaken, expr->range);
  if (const auto *name = ast::as<ast::Name>(expr))
    return checkName(*name, slot);
  if (const auto *call = ast::as<ast::Call>(expr))
    return checkFunction(*call, slot);
  if (const auto *pipe = ast::as<ast::Pipe>(expr); pipe && types & Data)
    return checkPipe(*pipe, slot);
  if (const auto *list = ast::as<ast::List>(expr); list && types & List)
    return checkList(*list, slot);
  if (const auto *text = ast::as<ast::Text>(expr); text && types & (Text | Path | Pattern | Prompt))
    return checkText(*text, slot);
  if (const auto *range = ast::as<ast::Range>(expr); range && types & Range)
    return checkRange(*range, slot);
  if (std::optional<CheckedValue> literal = checkLiteral(expr, slot))
    return *literal;
  if (const auto *override = ast::as<ast::Override>(expr); override && types & Model)
    return checkOverride(check(override->base, slot), override->block, expr->range);
  if (const auto *binary = ast::as<ast::Binary>(expr);
      binary && slot.parameter.family == Family::Policy && isArithmetic(expr))
    return checkMultiple(*binary, slot);
  if (isArithmetic(expr) && types & Model)
    return checkBlend(expr, slot);
  if (types & Formula)
    return checkFormula(expr, slot);
  if (types & Number && (expr->kind == ast::ExprKind::Number || isArithmetic(expr) ||
                         expr->kind == ast::ExprKind::Group))
    return checkNumber(expr, slot);
  return mismatch(expr->range, nounFor(expr), slot, shapeHint(expr, slot.parameter));
}

CheckedValue Checker::checkName(const ast::Name &name, const Slot &slot) {
  const Parameter &parameter = slot.parameter;
  if (auto word = std::ranges::find(parameter.words, name.name, &WordRow::name);
      parameter.types & Word && word != parameter.words.end()) {
    noteState(word->state, std::string(parameter.name) + ": " + std::string(name.name), name.range);
    CheckedValue value = made(ValueKind::Word, name.range);
    value.text = name.name;
    return value;
  }
  if (const Construct *construct = findConstruct(parameter.family, name.name);
      parameter.types & Call && construct) {
    if (construct->bare)
      return checkCall(*construct, name.range, name.range, {}, nullptr);
    return mismatch(name.range, nounFor(&name), slot,
                    "; it takes arguments, as in " + std::string(construct->example));
  }
  if (parameter.types & Field) {
    CheckedValue value = made(ValueKind::Word, name.range);
    value.text = name.name;
    if (formulas.fields.contains(name.name))
      return value;
    std::vector<std::string_view> known(formulas.fields.begin(), formulas.fields.end());
    return mismatch(name.range, nounFor(&name), slot, didYouMean(name.name, known));
  }
  if (parameter.types & Measurement) {
    // Evals read trains, so whether one measures this is asked when all are known.
    CheckedValue value = made(ValueKind::Word, name.range);
    value.text = name.name;
    return value;
  }
  if (parameter.types & Formula)
    return checkFormula(&name, slot);
  if (const CheckedDefinition *definition = read(name.name, name.range))
    return checkReference(*definition, name.range, slot);
  std::vector<std::string_view> known;
  for (const WordRow &word : parameter.words)
    known.push_back(word.name);
  std::vector<std::string_view> defined =
      parameter.types & Model       ? namesOf({ast::Kind::Model, ast::Kind::Train})
      : parameter.types & Data      ? namesOf({ast::Kind::Data})
      : parameter.types & Tokenizer ? namesOf({ast::Kind::Tokenizer})
      : parameter.types & Prompt    ? namesOf({ast::Kind::Prompt})
                                    : namesOf({ast::Kind::Param});
  known.insert(known.end(), defined.begin(), defined.end());
  std::string hint = writtenHere(name.name, ownerOf(parameter));
  if (hint.empty())
    hint = didYouMean(name.name, known);
  if (hint.empty() && parameter.types & Path)
    hint = "; write \"" + std::string(name.name) + "\"";
  if (hint.empty() && parameter.types & Model)
    hint = "; a model on disk is load(\"folder\")";
  bool isName = !(parameter.types & Word);
  return mismatch(name.range, nounFor(&name) + (isName ? ", which is not defined" : ""), slot, hint,
                  isName ? Code::UnknownName : Code::WrongValue);
}

CheckedValue Checker::checkReference(const CheckedDefinition &definition, SourceRange where,
                                     const Slot &slot) {
  struct Row {
    ast::Kind kind;
    Bits type;
  };
  static constexpr Row rows[] = {
      {ast::Kind::Prompt, Prompt}, {ast::Kind::Tokenizer, Tokenizer}, {ast::Kind::Model, Model},
      {ast::Kind::Train, Model},   {ast::Kind::Data, Data},
  };
  if (definition.name.empty())
    return made(ValueKind::Mistaken, where); // a cycle, which is reported
  if (definition.kind == ast::Kind::Param)
    return checkParamUse(definition, where, slot);
  for (const Row &row : rows) {
    if (row.kind != definition.kind || !(slot.parameter.types & row.type))
      continue;
    CheckedValue value = made(ValueKind::Reference, where);
    value.text = definition.name;
    value.definition = symbols[names.at(definition.name)].index;
    return value;
  }
  bool isMass = definition.kind == ast::Kind::Data;
  CheckedValue mistaken = mismatch(
      where, (isMass ? "the data '" : nounFor(definition.kind) + " '") + definition.name + "'",
      slot);
  return mistaken;
}

CheckedValue Checker::checkParamUse(const CheckedDefinition &param, SourceRange where,
                                    const Slot &slot) {
  CheckedValue value = param.value;
  uint32_t types = slot.parameter.types;
  struct Row {
    ValueKind kind;
    uint32_t types;
  };
  static constexpr Row rows[] = {{ValueKind::Boolean, Boolean},
                                 {ValueKind::Range, Range},
                                 {ValueKind::Text, Text | Path | Pattern},
                                 {ValueKind::Number, Number},
                                 {ValueKind::List, List}};
  if (value.kind == ValueKind::Mistaken)
    return value;
  bool fits = std::ranges::any_of(
      rows, [&](const Row &row) { return row.kind == value.kind && types & row.types; });
  if (!fits)
    return mismatch(where, "the param '" + param.name + "', " + nounFor(value), slot);
  if (value.kind == ValueKind::Number || value.kind == ValueKind::Range) {
    Quantity low{value.number, value.measure, {}, {}};
    Quantity high{value.high, value.measure, {}, {}};
    if (!settle(low, where, slot) || (value.kind == ValueKind::Range && !settle(high, where, slot)))
      return made(ValueKind::Mistaken, where);
    value.measure = low.measure;
  }
  if (value.kind == ValueKind::List)
    for (CheckedValue &item : value.items) {
      Quantity number{item.number, item.measure, {}, {}};
      bool isText = item.kind == ValueKind::Text && types & Text;
      if (!isText && (item.kind != ValueKind::Number || !(types & Number)))
        return mismatch(where, "the param '" + param.name + "'", slot);
      if (!isText && !settle(number, where, slot))
        return made(ValueKind::Mistaken, where);
      item.measure = number.measure;
    }
  if (value.kind == ValueKind::Text)
    checkFile(value, slot);
  return value;
}

CheckedValue Checker::checkFormula(const ast::Expr *expr, const Slot &slot) {
  FormulaChecker formula(*this, placeOf(slot.parameter.place));
  std::optional<Expression> expression = formula.check(expr);
  CheckedValue value = made(expression ? ValueKind::Expression : ValueKind::Mistaken, expr->range);
  if (expression)
    value.expression = std::move(*expression);
  return value;
}

CheckedValue Checker::checkText(const ast::Text &text, const Slot &slot) {
  if (slot.parameter.types & Prompt)
    return checkPrompt(text);
  CheckedValue value = made(ValueKind::Text, text.range);
  if (text.value.size() > longestText) {
    diagnostics.error(Code::TooMuch, text.range,
                      "a text that is no prompt has at most 1000 bytes; found " +
                          std::to_string(text.value.size()));
    return made(ValueKind::Mistaken, text.range);
  }
  value.text = text.value;
  checkFile(value, slot);
  return value;
}

/// A brace that was escaped keeps its backslash, so that it is told from a hole's.
CheckedValue Checker::checkPrompt(const ast::Text &text) {
  CheckedValue value = made(ValueKind::Prompt, text.range);
  size_t brace = 0, open = std::string_view::npos;
  for (size_t i = 0; i < text.value.size(); ++i) {
    char c = text.value[i];
    bool isHole = brace < text.braces.size() && text.braces[brace] == i;
    brace += isHole;
    if ((c == '{' || c == '}') && !isHole)
      value.text += '\\';
    value.text += c;
    if (!isHole)
      continue;
    if ((c == '{') != (open == std::string_view::npos)) {
      diagnostics.error(Code::Prompt, text.range,
                        "a brace in a prompt opens or closes a {field}; write \\{ or "
                        "\\} for the character");
      return value;
    }
    bool isEmpty = c == '}' && open + 1 == i;
    if (isEmpty)
      diagnostics.error(Code::Prompt, text.range,
                        "a hole in a prompt needs the name of a field: {document}");
    std::string_view hole =
        c == '}' ? std::string_view(text.value).substr(open + 1, i - open - 1) : "";
    if (hole.find_first_of(" \t\n\"") != hole.npos)
      diagnostics.error(Code::Prompt, text.range,
                        "a hole in a prompt is the name of a field, as in {document}; "
                        "write \\{ or \\} for the character");
    open = c == '{' ? i : std::string_view::npos;
  }
  if (open != std::string_view::npos)
    diagnostics.error(Code::Prompt, text.range,
                      "a hole in a prompt is not closed; write \\{ for the character");
  return value;
}

void Checker::checkFile(const CheckedValue &value, const Slot &slot) {
  bool isFile = slot.parameter.types & (Path | Pattern);
  if (isFile && value.text.empty())
    diagnostics.error(Code::WrongValue, value.where,
                      nameOf(slot.parameter, slot.owner) + " is an empty path");
  if (isFile && (value.text.starts_with("hf:") || value.text.find("://") != std::string::npos)) {
    diagnostics.error(Code::NoFile, value.where,
                      "'" + value.text + "' is no path of this machine; nothing is fetched");
    return;
  }
  bool isPattern = value.text.find_first_of("*?[") != std::string::npos;
  if (!options.files || !isFile || value.text.empty() || isPattern)
    return;
  std::string path = resolvePath(sources, value);
  std::error_code ignored;
  bool isModel = slot.owner == "load" && slot.parameter.name == "path";
  if (!std::filesystem::exists(path, ignored))
    diagnostics.error(Code::NoFile, value.where,
                      "there is no file or folder '" + path + "'" +
                          (isModel ? "; a model is a folder on disk, nothing is fetched" : ""));
}

CheckedValue Checker::checkList(const ast::List &list, const Slot &slot) {
  CheckedValue value = made(ValueKind::List, list.range);
  if (list.items.size() > mostItems) {
    diagnostics.error(Code::TooMuch, list.range,
                      "a list has at most 1000 values; found " + std::to_string(list.items.size()));
    return made(ValueKind::Mistaken, list.range);
  }
  Parameter item = slot.parameter;
  item.types &= ~static_cast<uint32_t>(List | None);
  for (const ast::Expr *expr : list.items)
    value.items.push_back(check(expr, {item, slot.owner}));
  if (list.items.empty())
    diagnostics.error(Code::WrongValue, list.range,
                      nameOf(slot.parameter, slot.owner) + " is an empty list");
  return value;
}

/// The families whose calls `types` admits.
static std::vector<Family> familiesOf(const Parameter &parameter) {
  std::vector<Family> families;
  if (parameter.types & Call)
    families.push_back(parameter.family);
  if (parameter.types & Data)
    families.insert(families.end(), {Family::Source, Family::Record});
  if (parameter.types & Model)
    families.push_back(Family::Model);
  if (parameter.types & Tokenizer)
    families.push_back(Family::Tokenizer);
  return families;
}

CheckedValue Checker::checkFunction(const ast::Call &call, const Slot &slot) {
  std::vector<Family> families = familiesOf(slot.parameter);
  for (Family family : families)
    if (const Construct *construct = findConstruct(family, call.callee); construct && !call.object)
      return checkCall(*construct, call.calleeRange, call.range, call.arguments, nullptr);
  if (slot.parameter.types & Formula)
    return checkFormula(&call, slot);
  if (slot.parameter.types & Number && families.empty())
    return checkNumber(&call, slot);
  std::string callee(call.callee);
  if (call.object && slot.parameter.types & Data && findConstruct(Family::Record, call.callee))
    return mismatch(call.calleeRange, "'." + callee + "'", slot,
                    "; operations stand behind '|', as in " +
                        std::string(findConstruct(Family::Record, call.callee)->example));
  if (const Construct *other = findConstruct(call.callee); other && !call.object)
    return mismatch(call.calleeRange,
                    "'" + callee + "', which is " + std::string(spelling(other->family)), slot,
                    writtenHere(callee, ownerOf(slot.parameter)));
  std::vector<std::string_view> known;
  for (const Construct *construct : constructs())
    if (std::ranges::find(families, construct->family) != families.end())
      known.push_back(construct->name);
  std::string hint = writtenHere(callee, ownerOf(slot.parameter));
  if (hint.empty())
    hint = didYouMean(callee, known);
  if (hint.empty())
    hint = nearlyWrittenHere(callee, ownerOf(slot.parameter));
  constexpr size_t few = 12;
  bool isListed = slot.parameter.types & (Data | Model | Tokenizer | Call) && known.size() <= few;
  for (size_t i = 0; i < known.size() && isListed && (i > 0 || hint.empty()); ++i)
    hint += (i == 0                  ? "; there is "
             : i + 1 == known.size() ? " and "
                                     : ", ") +
            std::string(known[i]);
  return mismatch(call.calleeRange, "'" + callee + "'", slot, hint);
}

} // namespace roux
