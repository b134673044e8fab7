//===- AttributeSensitivityTest.cpp - no attribute is lost on the way -----===//
//
// Kernels are shared, and what is shared wrongly computes the wrong numbers in
// silence. So of every operation of the step dialect and every attribute that it
// is defined with, two copies that differ in nothing else must come to launch
// different kernels, or give them different operands. The operations and their
// attributes are asked of the dialect: what is added later has to be added here.
//
//===----------------------------------------------------------------------===//
#include "StepSamples.h"
#include "compiler/conversion/Passes.h"
#include "dialects/Step/Step.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

using namespace mlir;
using namespace roux;

namespace {

/// What a kernel cannot depend on, and why.
const std::map<std::string, std::string> exempt = {
    {"step.layers activations", "step-grad reads it: it says what the callees keep"},
    {"step.layers_grad activations", "as step.layers"},
    {"step.layers again", "the same"},
};

std::string numbered(std::string text, char number) {
  std::replace(text.begin(), text.end(), '~', number);
  return text;
}

std::string changed(std::string text, const Change &change) {
  for (const auto &[from, to] : change) {
    EXPECT_NE(text.find(from), std::string::npos) << "nothing to change: " << from;
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  }
  return text;
}

class Sensitivity : public ::testing::Test {
protected:
  Sensitivity() : context(MLIRContext::Threading::DISABLED) {
    context.loadDialect<step::StepDialect, func::FuncDialect, arith::ArithDialect,
                        math::MathDialect>();
  }

  /// Two copies of the sample, the second changed.
  OwningOpRef<ModuleOp> parse(const Sample &sample, const Change &change) {
    std::string lines = changed(sample.lines, change);
    std::string text = sample.functions + "func.func @f(" + numbered(sample.arguments, '1') + ", " +
                       numbered(sample.arguments, '2') + ") -> (" + numbered(sample.results, '1') +
                       ", " + numbered(sample.results, '2') + ") {\n" +
                       numbered(sample.lines, '1') + "\n" + numbered(lines, '2') + "\nreturn " +
                       numbered(sample.returned, '1') + ", " + numbered(sample.returned, '2') +
                       " : " + typeOf(sample.results) + ", " + typeOf(sample.results) + "\n}";
    auto module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    return module;
  }

  static std::string typeOf(const std::string &result) {
    return result.substr(0, result.find(" {"));
  }

  /// The copies of `name` in the entry.
  static SmallVector<Operation *> copies(ModuleOp module, StringRef name) {
    SmallVector<Operation *> found;
    for (Operation &op : module.lookupSymbol<func::FuncOp>("f").front())
      if (op.getName().getStringRef() == name)
        found.push_back(&op);
    return found;
  }

  /// What the two copies launch; destroys the module.
  std::pair<std::string, std::string> launches(ModuleOp module, StringRef name) {
    SmallVector<Operation *> both = copies(module, name);
    EXPECT_EQ(both.size(), 2u);
    module->walk([&](Operation *op) { op->setLoc(UnknownLoc::get(&context)); });
    for (auto [index, op] : llvm::enumerate(both))
      op->setLoc(NameLoc::get(StringAttr::get(&context, index ? "two" : "one")));
    PassManager passes(&context);
    passes.addPass(createStepToKernel());
    EXPECT_TRUE(succeeded(verify(module)) && succeeded(passes.run(module))) << name.str();
    return {textOf(module, "one"), textOf(module, "two")};
  }

  static std::string textOf(ModuleOp module, StringRef place) {
    std::string text;
    module->walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto loc = dyn_cast<NameLoc>(op->getLoc());
      bool isInside = op->getParentOfType<kernel::RepeatOp>() &&
                      textHas(op->getParentOfType<kernel::RepeatOp>(), place);
      if (!op->getParentOfType<kernel::ProgramOp>() ||
          (!isInside && (!loc || loc.getName() != place)))
        return;
      if (auto repeat = dyn_cast<kernel::RepeatOp>(op))
        text += "repeat " + valueText(repeat.getBegin()) + valueText(repeat.getEnd()) +
                (repeat.getReverse() ? " reverse" : "") + "\n";
      auto launch = dyn_cast<kernel::LaunchOp>(op);
      if (!launch)
        return;
      text += launch.getCallee().str() + valueText(launch.getExtent());
      for (mlir::Value value : launch.getArguments())
        text += ", " + valueText(value);
      text += "\n";
    });
    return text;
  }
  static bool textHas(kernel::RepeatOp repeat, StringRef place) {
    auto loc = dyn_cast<NameLoc>(repeat.getLoc());
    return loc && loc.getName() == place;
  }

  /// What a value is, but for the number of the copy, at the end of a name.
  static std::string valueText(mlir::Value value) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    Operation *op = value.getDefiningOp();
    if (!op)
      return "turn";
    if (auto buffer = dyn_cast<kernel::BufferOp>(op))
      stream << (buffer.getRole() == kernel::Role::Input ? buffer.getName().drop_back()
                                                         : stringifyRole(buffer.getRole()))
             << value.getType();
    else if (auto numbers = dyn_cast<kernel::ConstantOp>(op))
      stream << numbers.getValue();
    else if (auto number = dyn_cast<arith::ConstantOp>(op))
      stream << number.getValue();
    else
      stream << op->getName() << value.getType();
    for (mlir::Value operand : op->getOperands())
      stream << "(" << valueText(operand) << ")";
    return text;
  }

  /// A number near `attribute`; null for what is no number.
  static mlir::Attribute another(mlir::Attribute attribute) {
    if (auto number = dyn_cast<FloatAttr>(attribute))
      return FloatAttr::get(number.getType(), number.getValueAsDouble() / 2);
    if (auto number = dyn_cast<IntegerAttr>(attribute))
      return IntegerAttr::get(number.getType(), number.getInt() + 1);
    return {};
  }

  MLIRContext context;
};

/// Sizes of operand lists, which MLIR keeps as attributes.
bool isSegmentSizes(StringRef name) {
  return name == "operandSegmentSizes" || name == "resultSegmentSizes";
}

TEST_F(Sensitivity, EveryAttributeOfEveryOperation) {
  size_t attributes = 0;
  // A copy: passes load more dialects.
  auto operations = llvm::to_vector(context.getRegisteredOperationsByDialect("step"));
  for (RegisteredOperationName op : operations) {
    std::string name = op.getStringRef().str();
    auto sample = samples().find(name);
    for (StringAttr attribute : op.getAttributeNames()) {
      if (isSegmentSizes(attribute))
        continue;
      SCOPED_TRACE(name + " " + attribute.str());
      ++attributes;
      ASSERT_NE(sample, samples().end()) << "give it a sample";
      auto change = sample->second.changes.find(attribute.str());
      bool isChanged = change != sample->second.changes.end();
      auto module = parse(sample->second, isChanged ? change->second : Change());
      ASSERT_TRUE(module);
      if (!isChanged) {
        Operation *second = copies(*module, name).back();
        mlir::Attribute value = second->getAttr(attribute);
        mlir::Attribute other = value ? another(value) : mlir::Attribute();
        ASSERT_TRUE(other) << "say in its sample how two can differ in it";
        second->setAttr(attribute, other);
      }
      auto [one, two] = launches(*module, name);
      if (exempt.contains(name + " " + attribute.str()))
        EXPECT_EQ(one, two) << "is not exempt any longer";
      else
        EXPECT_NE(one, two);
    }
  }
  EXPECT_GT(attributes, 40u) << "the dialect was not asked";
}

TEST_F(Sensitivity, EveryNumberInARegion) {
  for (const auto &[name, sample] : samples()) {
    size_t numbers = 0;
    for (size_t i = 0; i == 0 || i < numbers; ++i) {
      auto module = parse(sample, {});
      ASSERT_TRUE(module);
      SmallVector<arith::ConstantOp> constants;
      copies(*module, name).back()->walk([&](arith::ConstantOp op) { constants.push_back(op); });
      numbers = constants.size();
      if (numbers == 0)
        break;
      constants[i].setValueAttr(cast<TypedAttr>(another(constants[i].getValue())));
      auto [one, two] = launches(*module, name);
      EXPECT_NE(one, two) << name << ", number " << i;
    }
  }
}

/// The comparison sees nothing where there is nothing to see.
TEST_F(Sensitivity, EqualOnesShare) {
  for (const auto &[name, sample] : samples()) {
    auto module = parse(sample, {});
    ASSERT_TRUE(module);
    auto [one, two] = launches(*module, name);
    EXPECT_EQ(one, two) << name;
    EXPECT_FALSE(one.empty()) << name;
  }
}

} // namespace
