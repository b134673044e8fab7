// The table of constructs and the recipe dialect are two lists of one language; the import goes by
// names, so they must agree.
#include "compiler/frontend/Constructs.h"
#include "compiler/import/ImportValue.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace roux;

static std::string operationName(const Construct &construct) {
  const char *group = "record";
  if (construct.family == Family::Source)
    group = "source";
  else if (construct.family == Family::Tokenizer)
    group = "tokenizer";
  else if (construct.family == Family::Model)
    group = "model";
  else if (construct.family == Family::Policy)
    group = "policy";
  else if (construct.family == Family::Position)
    group = "position";
  else if (construct.family == Family::Task)
    group = "task";
  return "recipe." + std::string(group) + "." + std::string(construct.name);
}

/// True if the operation has every plain parameter as an attribute.
static void expectAttributes(mlir::RegisteredOperationName operation,
                             std::span<const Parameter> parameters) {
  for (const Parameter &parameter : parameters) {
    bool flows = parameter.types & (type::Data | type::Model | type::Tokenizer | type::Formula);
    if (flows && !(parameter.types & type::Word))
      continue;
    bool found = llvm::any_of(operation.getAttributeNames(), [&](mlir::StringAttr name) {
      return name.getValue() == dialectKey(parameter.name);
    });
    EXPECT_TRUE(found) << operation.getStringRef().str() << " lacks " << parameter.name;
  }
}

TEST(RecipeDialect, HasAnOperationForEveryConstructThatFlows) {
  mlir::MLIRContext context;
  context.loadDialect<recipe::RecipeDialect>();
  size_t operations = 0;
  for (const Construct *construct : constructs()) {
    if (!isOperation(*construct))
      continue;
    auto operation = mlir::RegisteredOperationName::lookup(operationName(*construct), &context);
    ASSERT_TRUE(operation) << operationName(*construct);
    expectAttributes(*operation, construct->parameters);
    expectAttributes(*operation, construct->options);
    ++operations;
  }
  EXPECT_GT(operations, 35u);
}

TEST(RecipeDialect, HasTheKeysOfEveryDefinition) {
  mlir::MLIRContext context;
  context.loadDialect<recipe::RecipeDialect>();
  for (ast::Kind kind : {ast::Kind::Score, ast::Kind::Eval, ast::Kind::Run}) {
    std::string name = "recipe." + std::string(spelling(kind));
    auto operation = mlir::RegisteredOperationName::lookup(name, &context);
    ASSERT_TRUE(operation) << name;
    expectAttributes(*operation, constructOf(kind).parameters);
  }
}

TEST(RecipeDialect, SpellsItsWordsAsTheFrontEndDoes) {
  for (int i = 1; i <= static_cast<int>(Measure::Epochs); ++i)
    if (static_cast<Measure>(i) != Measure::Percent)
      EXPECT_EQ(recipe::stringifyMeasure(static_cast<recipe::Measure>(i)).str(),
                spelling(static_cast<Measure>(i)));
  for (int i = 1; i <= static_cast<int>(Scope::Pairs); ++i)
    EXPECT_EQ(recipe::stringifyScope(static_cast<recipe::Scope>(i)).str(),
              spelling(static_cast<Scope>(i)));
  for (int i = 0; i <= static_cast<int>(Attribute::Packs); ++i)
    EXPECT_EQ(recipe::stringifyAttribute_(static_cast<recipe::Attribute_>(i)).str(),
              spelling(static_cast<Attribute>(i)));
}
