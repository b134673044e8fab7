//===- ImportRecipe.cpp - from a checked recipe to the recipe dialect -----===//
//
// A construct of the table is an operation of the same name with attributes of
// the same names, so this file knows the kinds of definition and no construct.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/ImportRecipe.h"
#include "compiler/frontend/Constructs.h"
#include "compiler/frontend/SplitWeight.h"
#include "compiler/import/ImportExpression.h"
#include "compiler/import/ImportValue.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace roux {

namespace {
class Importer {
public:
  Importer(MLIRContext &context, const SourceManager &sources, const CheckedRecipe &recipe)
      : recipe(recipe), values(context, sources, recipe), builder(&context) {}

  OwningOpRef<ModuleOp> module();

private:
  void seed();
  void definition(const CheckedDefinition &made);
  void named(const CheckedDefinition &made);
  void train(const CheckedDefinition &made);
  void score(const CheckedDefinition &made);
  void eval(const CheckedDefinition &made);
  void formula(const CheckedValue &value, bool truth, Region &region);
  void objective(const CheckedDefinition &made, recipe::TrainOp train);

  mlir::Operation *create(OperationState &state, const CheckedDefinition &made, unsigned regions);
  void keys(const CheckedDefinition &made, OperationState &state);
  void inputs(const CheckedDefinition &made, ArrayRef<StringRef> keys, Region &region);
  void task(const CheckedArgument &task);

  mlir::Value value(const CheckedValue &value);
  mlir::Value blend(const CheckedValue &value);
  mlir::Operation *call(const CheckedValue &value, StringAttr measurement = {});
  void argument(const Construct &construct, const CheckedArgument &argument, OperationState &state);
  mlir::Type typeOf(const CheckedDefinition &definition) const;
  mlir::Type resultOf(Family family) const;

  const CheckedRecipe &recipe;
  ValueImporter values;
  OpBuilder builder;
};
} // namespace

//===----------------------------------------------------------------------===//
// What flows: data, models, tokenizers, policies
//===----------------------------------------------------------------------===//

mlir::Type Importer::typeOf(const CheckedDefinition &definition) const {
  MLIRContext *context = builder.getContext();
  if (definition.kind == ast::Kind::Data)
    return recipe::DataType::get(context);
  if (definition.kind == ast::Kind::Tokenizer)
    return recipe::TokenizerType::get(context);
  return recipe::ModelType::get(context); // a train is the model it makes
}

mlir::Type Importer::resultOf(Family family) const {
  MLIRContext *context = builder.getContext();
  switch (family) {
  case Family::Tokenizer:
    return recipe::TokenizerType::get(context);
  case Family::Model:
    return recipe::ModelType::get(context);
  case Family::Policy:
    return recipe::PolicyType::get(context);
  case Family::Position:
    return recipe::PositionsType::get(context);
  case Family::Task:
    return {};
  default:
    return recipe::DataType::get(context);
  }
}

static StringRef groupOf(Family family) {
  switch (family) {
  case Family::Source:
    return "source";
  case Family::Tokenizer:
    return "tokenizer";
  case Family::Model:
    return "model";
  case Family::Policy:
    return "policy";
  case Family::Position:
    return "position";
  case Family::Task:
    return "task";
  default:
    return "record";
  }
}

mlir::Value Importer::value(const CheckedValue &value) {
  if (value.kind == ValueKind::Reference)
    return recipe::GetOp::create(builder, values.location(value.where),
                                 typeOf(recipe.definitions[value.definition]), value.text);
  if (value.kind == ValueKind::Blend)
    return blend(value);
  return call(value)->getResult(0);
}

mlir::Value Importer::blend(const CheckedValue &blend) {
  SmallVector<mlir::Value> models;
  SmallVector<mlir::Attribute> coefficients;
  for (const CheckedValue &item : blend.items) {
    models.push_back(value(item));
    coefficients.push_back(recipe::NumberAttr::get(builder.getContext(),
                                                   builder.getF64FloatAttr(item.number),
                                                   recipe::Measure::plain, values.origin(item)));
  }
  auto list = recipe::ListAttr::get(builder.getContext(), builder.getArrayAttr(coefficients),
                                    values.origin(blend));
  return recipe::BlendOp::create(builder, values.location(blend.where),
                                 recipe::ModelType::get(builder.getContext()), models, list);
}

/// True if the parameter is an operand wherever it is given; then none is no attribute.
static bool maybeOperand(const Parameter &parameter) {
  return parameter.types & (type::Model | type::Data | type::Tokenizer);
}

static bool isTruth(Place place) {
  return place == Place::Where || place == Place::KeepSpans || place == Place::Target;
}

void Importer::argument(const Construct &construct, const CheckedArgument &argument,
                        OperationState &state) {
  const CheckedValue &given = argument.value;
  const Parameter *parameter = construct.find(argument.name);
  if (values.isOperand(given)) {
    state.addOperands(value(given));
  } else if (given.kind == ValueKind::List && !given.items.empty() &&
             values.isOperand(given.items[0])) {
    for (const CheckedValue &item : given.items)
      state.addOperands(value(item));
  } else if (given.kind == ValueKind::Expression) {
    formula(given, parameter && isTruth(parameter->place), *state.addRegion());
  } else if (!given.isNone() || !maybeOperand(*parameter)) {
    state.addAttribute(dialectKey(argument.name), values.attribute(given));
  }
}

/// A construct as the operation of its name.
mlir::Operation *Importer::call(const CheckedValue &given, StringAttr measurement) {
  const Construct &construct = *given.construct;
  OperationState state(values.location(given.where),
                       (Twine("recipe.") + groupOf(construct.family) + "." + construct.name).str());
  if (measurement)
    state.addAttribute("measurement", measurement);
  NamedAttrList own;
  for (const CheckedArgument &each : given.arguments) {
    if (!each.named) {
      argument(construct, each, state);
      continue;
    }
    own.set(each.name, values.attribute(each.value));
    if (const CheckedDefinition *data = recipe.find(each.name);
        data && std::string_view(construct.name) == "mix")
      state.addOperands(
          recipe::GetOp::create(builder, values.location(each.nameRange), typeOf(*data), each.name)
              .getResult());
  }
  if (construct.named && construct.family == Family::Record)
    state.addAttribute(std::string_view(construct.name) == "mix" ? "shares" : "fields",
                       own.getDictionary(builder.getContext()));
  if (mlir::Type type = resultOf(construct.family))
    state.addTypes(type);
  return builder.create(state);
}

//===----------------------------------------------------------------------===//
// Definitions
//===----------------------------------------------------------------------===//

void Importer::formula(const CheckedValue &value, bool truth, Region &region) {
  importExpression(*builder.getContext(), value.expression, truth, region,
                   [&](const Expression::Node &node) {
                     return values.location({node.where[0], node.where[1], node.where[2]});
                   });
}

mlir::Operation *Importer::create(OperationState &state, const CheckedDefinition &made,
                                  unsigned regions) {
  if (!made.name.empty())
    state.addAttribute(SymbolTable::getSymbolAttrName(), builder.getStringAttr(made.name));
  for (unsigned i = 0; i < regions; ++i)
    state.addRegion();
  return builder.create(state);
}

/// The keys that are plain values, as attributes.
void Importer::keys(const CheckedDefinition &made, OperationState &state) {
  for (const CheckedArgument &key : made.keys)
    if (mlir::Attribute attribute = values.attribute(key.value))
      if (std::string_view name = key.name;
          name != "model" && name != "target" && name != "reference")
        state.addAttribute(dialectKey(name), attribute);
}

/// Weight and loss, with what their kernel is given as inputs. A loss that nobody wrote is at its
/// train.
void Importer::objective(const CheckedDefinition &made, recipe::TrainOp train) {
  const CheckedValue &loss = made["loss"];
  auto locate = [&](const Expression::Node &node) {
    return values.location({node.where[0], node.where[1], node.where[2]});
  };
  auto locateLoss = [&](const Expression::Node &node) {
    return loss.origin.kind == OriginKind::Default ? values.location(made.where) : locate(node);
  };
  mlir::Location whole = train.getLoc();
  importWeight(whole, splitWeight(made["weight"].expression), train.getWeight(), locate);
  if (loss.expression.readsPairs())
    importWeight(whole, splitWeight(loss.expression), train.getLoss(), locateLoss);
  else
    importExpression(*builder.getContext(), loss.expression, /*truth=*/false, train.getLoss(),
                     locateLoss);
}

/// Fills `region` with what `keys` are, in that order; those that are none or a formula are left
/// out.
void Importer::inputs(const CheckedDefinition &made, ArrayRef<StringRef> keys, Region &region) {
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&region);
  SmallVector<mlir::Value> yielded;
  for (StringRef key : keys)
    if (const CheckedValue *given = made.find(key); given && values.isOperand(*given))
      yielded.push_back(value(*given));
  for (const CheckedArgument &each : made.tasks)
    task(each);
  recipe::YieldOp::create(builder, values.location(made.where), yielded);
}

void Importer::task(const CheckedArgument &task) {
  call(task.value, builder.getStringAttr(task.name));
}

void Importer::train(const CheckedDefinition &made) {
  OperationState state(values.location(made.where), recipe::TrainOp::getOperationName());
  keys(made, state);
  auto train = cast<recipe::TrainOp>(create(state, made, 5));
  inputs(made, {"model", "data", "batch", "position", "reference"}, train.getInputs());
  formula(made["target"], true, train.getTarget());
  objective(made, train);
  if (made["position"].kind == ValueKind::Expression)
    formula(made["position"], false, train.getPosition());
}

void Importer::score(const CheckedDefinition &made) {
  OperationState state(values.location(made.where), recipe::ScoreOp::getOperationName());
  keys(made, state);
  state.addAttribute("scope", recipe::ScopeAttr::get(builder.getContext(),
                                                     static_cast<recipe::Scope>(made.scores)));
  auto score = cast<recipe::ScoreOp>(create(state, made, 3));
  inputs(made, {"data", "model"}, score.getInputs());
  formula(made["value"], false, score.getValue());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&score.getLets());
  for (const CheckedArgument &each : made.lets) {
    auto let = recipe::LetOp::create(builder, values.location(each.value.where), each.name);
    formula(each.value, false, let.getValue());
  }
  recipe::YieldOp::create(builder, values.location(made.where), ValueRange());
}

void Importer::eval(const CheckedDefinition &made) {
  OperationState state(values.location(made.where), recipe::EvalOp::getOperationName());
  keys(made, state);
  auto eval = cast<recipe::EvalOp>(create(state, made, 2));
  inputs(made, {"model"}, eval.getBody());
  if (made["target"].kind == ValueKind::Expression)
    formula(made["target"], true, eval.getTarget());
}

/// A definition that is only a value.
void Importer::named(const CheckedDefinition &made) {
  OperationState state(values.location(made.where),
                       (Twine("recipe.") + llvm::StringRef(spelling(made.kind))).str());
  if (!values.isOperand(made.value)) {
    // A param that is a formula has its place in the expressions that read it.
    mlir::Attribute attribute = values.attribute(made.value);
    if (!attribute)
      return;
    state.addAttribute("value", attribute);
    create(state, made, 0);
    return;
  }
  mlir::Operation *definition = create(state, made, 1);
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&definition->getRegion(0));
  mlir::Value whole = value(made.value);
  recipe::YieldOp::create(builder, values.location(made.value.where), whole);
}

void Importer::definition(const CheckedDefinition &made) {
  switch (made.kind) {
  case ast::Kind::Train:
    return train(made);
  case ast::Kind::Score:
    return score(made);
  case ast::Kind::Eval:
    return eval(made);
  case ast::Kind::Run: {
    OperationState state(values.location(made.where), recipe::RunOp::getOperationName());
    keys(made, state);
    create(state, made, 0);
    return;
  }
  default:
    return named(made);
  }
}

void Importer::seed() {
  CheckedValue seed;
  seed.kind = ValueKind::Number;
  seed.number = static_cast<double>(recipe.seed);
  seed.where = recipe.seedRange;
  seed.origin = recipe.seedOrigin;
  recipe::SeedOp::create(builder, values.location(seed.where), values.attribute(seed));
}

OwningOpRef<ModuleOp> Importer::module() {
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(builder, values.location({recipe.mainFile, 0, 0}));
  builder.setInsertionPointToEnd(module->getBody());
  seed();
  for (const CheckedDefinition &made : recipe.definitions)
    definition(made);
  return module;
}

OwningOpRef<ModuleOp> importRecipe(MLIRContext &context, const SourceManager &sources,
                                   const CheckedRecipe &recipe) {
  context.loadDialect<recipe::RecipeDialect>();
  return Importer(context, sources, recipe).module();
}

} // namespace roux
