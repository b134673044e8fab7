//===- AttributeSensitivityTest.cpp - no attribute is lost on the way -----===//
//
// Kernels are shared, and what is shared wrongly computes the wrong numbers in
// silence. So of every operation of the step dialect and every attribute that it
// is defined with, two copies that differ in nothing else must come to launch
// different kernels, or give them different operands. The operations and their
// attributes are asked of the dialect: what is added later has to be added here.
//
//===----------------------------------------------------------------------===//
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

/// What a copy says instead of something else, to differ in an attribute.
using Change = std::vector<std::pair<std::string, std::string>>;

/// An operation with all that it needs; ~ is the number of the copy.
struct Sample {
  std::string arguments, lines, results, returned;
  /// By attribute, where it is no number or another number would not verify.
  std::map<std::string, Change> changes;
  std::string functions = "";
};

#define S "tensor<?x8xf32>"
#define COLUMN "tensor<?xi32>"

/// By operation.
const std::map<std::string, Sample> &samples() {
  static const std::string heads =
      "{heads = 2, key_value_heads = 2, scale = 0.5} : (" S ", " S ", " S ", ";
  static const Change oneHead = {
      {"heads = 2, key_value_heads = 2", "heads = 1, key_value_heads = 1"}, {"x2xf32", "x1xf32"}};
  static const Change window = {{"scale = 0.5", "scale = 0.5, window = 3"}};
  static const Change softcap = {{"scale = 0.5", "scale = 0.5, softcap = 3.0"}};
  static const Change gelu = {{"silu", "gelu_tanh"}};
  static const Change transposed = {{" : (", " transposed : ("}};
  static const std::string layer = R"(
    func.func private @layer(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.activation silu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    func.func private @other(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.add %x, %x : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    func.func private @layer_grad(%d: tensor<?x8xf32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.activation_grad silu %d, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    func.func private @other_grad(%d: tensor<?x8xf32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.add %d, %x : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    })";
  static const std::string x = "%x~: " S " {step.attribute = \"x~\"}";
  static const std::string xy = x + ", %y~: " S " {step.attribute = \"y~\"}";
  static const std::string xyz = xy + ", %z~: " S " {step.attribute = \"z~\"}";
  static const std::string at = ", %at~: " COLUMN " {step.column = #step.column<position>}";
  static const std::string segments = ", %at~: " COLUMN " {step.column = #step.column<segments>}";
  static const std::string w = ", %w~: tensor<8xf32> {step.parameter = \"w~\"}, %h~: tensor<4xf32> "
                               "{step.parameter = \"h~\"}";
  static const std::string matrix = ", %m~: tensor<8x8xf32> {step.parameter = \"m~\"}";
  static const std::string table = ", %t~: tensor<9x8xf32> {step.parameter = \"t~\"}";
  static const std::string result = S " {step.result = \"r~\"}";
  static const std::map<std::string, Sample> all = {
      {"step.rms_norm",
       {x + w,
        "%r~ = step.rms_norm %x~, %w~ {epsilon = 1.0e-5} : (" S ", tensor<8xf32>) -> " S,
        result,
        "%r~",
        {{"around_one", {{"1.0e-5", "1.0e-5, around_one"}}},
         {"groups", {{"%w~", "%h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.rms_norm_grad",
       {xy + w,
        "%r~, %g~ = step.rms_norm_grad %x~, %y~, %w~ {epsilon = 1.0e-5} : (" S ", " S
        ", tensor<8xf32>) -> (" S ", tensor<8xf32>)",
        result,
        "%r~",
        {{"around_one", {{"1.0e-5", "1.0e-5, around_one"}}},
         {"groups", {{"%w~", "%h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.layer_norm",
       {x + w,
        "%r~ = step.layer_norm %x~, %w~, %w~ {epsilon = 1.0e-5} : (" S
        ", tensor<8xf32>, tensor<8xf32>) -> " S,
        result,
        "%r~",
        {{"groups",
          {{"%w~, %w~", "%h~, %h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.layer_norm_grad",
       {xy + w,
        "%r~, %g~, %b~ = step.layer_norm_grad %x~, %y~, %w~ {epsilon = 1.0e-5} : (" S ", " S
        ", tensor<8xf32>) -> (" S ", tensor<8xf32>, tensor<8xf32>)",
        result,
        "%r~",
        {{"groups", {{"%w~", "%h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.linear",
       {x + matrix,
        "%r~ = step.linear %x~, %m~ : (" S ", tensor<8x8xf32>) -> " S,
        result,
        "%r~",
        {{"transposed", transposed}}}},
      {"step.linear_add",
       {xy + matrix,
        "%r~ = step.linear_add %x~, %m~ to %y~ : (" S ", tensor<8x8xf32>, " S ") -> " S,
        result,
        "%r~",
        {{"transposed", transposed}}}},
      {"step.linear_grad",
       {xy + ", %a~: tensor<8x8xf32> {step.gradient = \"w~\"}",
        "%g~ = step.linear_grad %x~, %y~ : (" S ", " S ") -> tensor<8x8xf32>\n"
        "%b~ = step.accumulate %g~ into %a~ : tensor<8x8xf32>",
        "tensor<8x8xf32> {step.gradient = \"w~\"}",
        "%b~",
        {{"transposed", transposed}}}},
      {"step.rotation",
       {x + at,
        "%c~, %s~ = step.rotation %at~ {frequencies = array<f64: 1.0, 0.1>, scale = 1.0} : (" COLUMN
        ") -> (tensor<?x2xf32>, tensor<?x2xf32>)",
        "tensor<?x2xf32> {step.result = \"c~\"}",
        "%c~",
        {{"frequencies", {{"0.1>", "0.2>"}}},
         {"limit",
          {{"%at~ {", "%at~ of %at~ {limit = 5, stretch = 2.0, "},
           {"(" COLUMN, "(" COLUMN ", " COLUMN}}},
         {"stretch",
          {{"%at~ {", "%at~ of %at~ {limit = 4, stretch = 3.0, "},
           {"(" COLUMN, "(" COLUMN ", " COLUMN}}},
         {"beyond",
          {{"%at~ {", "%at~ of %at~ {limit = 4, beyond = array<f64: 1.0, 0.3>, "},
           {"(" COLUMN, "(" COLUMN ", " COLUMN}}}}}},
      {"step.rope",
       {x + ", %c~: tensor<?x2xf32> {step.attribute = \"c~\"}",
        "%r~ = step.rope half %x~, %c~, %c~ : (" S ", tensor<?x2xf32>, tensor<?x2xf32>) -> " S,
        result,
        "%r~",
        {{"style", {{"half", "interleaved"}}},
         {"inverse", {{" :", " inverse :"}}},
         {"head_channels", {{"%c~ :", "%c~ {head_channels = 8} :"}}}}}},
      {"step.attention",
       {xyz + segments,
        "%r~, %l~ = step.attention %x~, %y~, %z~, %at~ " + heads +
            COLUMN ") -> (" S ", tensor<?x2xf32>)",
        result,
        "%r~",
        {{"heads", oneHead},
         {"key_value_heads", oneHead},
         {"window", window},
         {"softcap", softcap}}}},
      {"step.attention_grad",
       {xyz + segments +
            ", %l~: tensor<?x2xf32> {step.attribute = \"l~\"}, %k~: tensor<?x1xf32> "
            "{step.attribute = \"k~\"}",
        "%r~, %s~, %t~ = step.attention_grad %x~, %x~, %y~, %z~, %x~, %l~, %at~ {heads = 2, "
        "key_value_heads = 2, scale = 0.5} : (" S ", " S ", " S ", " S ", " S
        ", tensor<?x2xf32>, " COLUMN ") -> (" S ", " S ", " S ")",
        result,
        "%r~",
        {{"heads", {oneHead[0], oneHead[1], {"%l~", "%k~"}}},
         {"key_value_heads", {oneHead[0], oneHead[1], {"%l~", "%k~"}}},
         {"window", window},
         {"softcap", softcap}}}},
      {"step.cached_attention",
       {xyz + ", %at~: " COLUMN " {step.column = #step.column<first>}, %s~: " COLUMN
              " {step.column = #step.column<slot>}",
        "%r~ = step.cached_attention %x~, %y~, %z~, %at~, %s~ " + heads +
            COLUMN ", " COLUMN ") -> " S,
        result,
        "%r~",
        {{"heads", {oneHead[0]}},
         {"key_value_heads", {oneHead[0]}},
         {"window", window},
         {"softcap", softcap},
         {"single", {{"attention %x", "attention single %x"}}}}}},
      {"step.activation",
       {x, "%r~ = step.activation silu %x~ : (" S ") -> " S, result, "%r~", {{"kind", gelu}}}},
      {"step.activation_grad",
       {xy,
        "%r~ = step.activation_grad silu %x~, %y~ : (" S ", " S ") -> " S,
        result,
        "%r~",
        {{"kind", gelu}}}},
      {"step.gate",
       {xy,
        "%r~ = step.gate silu %x~, %y~ : (" S ", " S ") -> " S,
        result,
        "%r~",
        {{"kind", gelu}}}},
      {"step.gate_grad",
       {xyz,
        "%r~, %s~ = step.gate_grad silu %x~, %y~, %z~ : (" S ", " S ", " S ") -> (" S ", " S ")",
        result,
        "%r~",
        {{"kind", gelu}}}},
      {"step.layers",
       {x,
        "%r~, %in~ = step.layers @layer(%x~) shared() weights() count 3 recompute : (" S ") -> (" S
        ", tensor<3x?x8xf32>)",
        result,
        "%r~",
        {{"callees", {{"@layer", "[@layer, @other]"}}},
         {"count", {{"count 3", "count 2"}, {"<3x", "<2x"}}},
         {"activations", {{"recompute", "save"}}},
         {"again", {{"recompute", "save again 2"}}}},
        layer}},
      {"step.layers_grad",
       {x + ", %in~: tensor<3x?x8xf32> {step.attribute = \"in~\"}, %to~: tensor<2x?x8xf32> "
            "{step.attribute = \"to~\"}",
        "%r~ = step.layers_grad @layer_grad(%x~) inputs(%in~) shared() weights() into() saved() "
        "count 3 "
        "recompute : (" S ", tensor<3x?x8xf32>) -> " S,
        result,
        "%r~",
        {{"callees", {{"@layer_grad", "[@layer_grad, @other_grad]"}}},
         {"count", {{"count 3", "count 2"}, {"<3x", "<2x"}, {"%in~", "%to~"}}},
         {"activations", {{"recompute", "save"}}}},
        layer}},
      {"step.scale", {x, "%r~ = step.scale %x~ {factor = 0.5} : (" S ") -> " S, result, "%r~", {}}},
      {"step.dropout",
       {x + ", %n~: " COLUMN " {step.column = #step.column<noise>}" +
            ", %l~: tensor<1xf32> {step.attribute = \"l~\"}",
        "%r~ = step.dropout %x~, %n~, %l~ {share = 0.5, salt = 3} : (" S ", " COLUMN
        ", tensor<1xf32>) -> " S,
        result,
        "%r~",
        {{"share", {{"share = 0.5", "share = 0.25"}}}}}},
      {"step.softcap",
       {x, "%r~ = step.softcap %x~ {cap = 5.0} : (" S ") -> " S, result, "%r~", {}}},
      {"step.split",
       {x,
        "%r~, %s~ = step.split %x~ : (" S ") -> (tensor<?x4xf32>, tensor<?x4xf32>)",
        "tensor<?x4xf32> {step.result = \"r~\"}",
        "%r~",
        {{"groups", {{"%x~ :", "%x~ {groups = 2} :"}}}}}},
      {"step.concat",
       {x,
        "%r~ = step.concat %x~, %x~ : (" S ", " S ") -> tensor<?x16xf32>",
        "tensor<?x16xf32> {step.result = \"r~\"}",
        "%r~",
        {{"groups", {{"%x~ :", "%x~ {groups = 2} :"}}}}}},
      {"step.embedding",
       {"%at~: " COLUMN " {step.column = #step.column<position>}" + table,
        "%r~ = step.embedding %at~, %t~ : (" COLUMN ", tensor<9x8xf32>) -> " S,
        result,
        "%r~",
        {{"offset", {{"%t~ :", "%t~ {offset = 1} :"}}}}}},
      {"step.embedding_grad",
       {x + at + ", %a~: tensor<9x8xf32> {step.gradient = \"t~\"}",
        "%g~ = step.embedding_grad %x~, %at~ : (" S ", " COLUMN ") -> tensor<9x8xf32>\n"
        "%b~ = step.accumulate %g~ into %a~ : tensor<9x8xf32>",
        "tensor<9x8xf32> {step.gradient = \"t~\"}",
        "%b~",
        {{"offset", {{"%at~ :", "%at~ {offset = 1} :"}}}}}},
      {"step.nll",
       {x + matrix + ", %at~: " COLUMN " {step.column = #step.column<label>}",
        "%r~, %l~ = step.nll %x~, %m~, %at~ : (" S ", tensor<8x8xf32>, " COLUMN
        ") -> (tensor<?xf32>, tensor<?xf32>)",
        "tensor<?xf32> {step.result = \"r~\"}",
        "%r~",
        {{"scale", {{"%at~ :", "%at~ {scale = 0.5} :"}}},
         {"softcap", {{"%at~ :", "%at~ {softcap = 5.0} :"}}}}}},
      {"step.clip_factor",
       {"%n~: tensor<f32> {step.attribute = \"n~\"}",
        "%f~ = step.clip_factor %n~ {limit = 2.0} : tensor<f32>",
        "tensor<f32> {step.result = \"f~\"}",
        "%f~",
        {}}},
      {"step.adamw",
       {"%n~: tensor<f32> {step.attribute = \"n~\"}, %p~: tensor<8xf32> {step.parameter = \"p~\"}, "
        "%g~: tensor<8xf32> {step.gradient = \"p~\"}, %f~: tensor<8xf32> {step.state = \"f~\"}, "
        "%s~: tensor<8xf32> {step.state = \"s~\"}",
        "%a~, %b~, %c~ = step.adamw %p~, %g~, %f~, %s~ rate %n~ corrections %n~, %n~ {beta1 = 0.9, "
        "beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1} : (tensor<8xf32>, tensor<8xf32>, "
        "tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<8xf32>, "
        "tensor<8xf32>, tensor<8xf32>)",
        "tensor<8xf32> {step.result = \"a~\"}",
        "%a~",
        {{"share", {{"decay = 0.1}", "decay = 0.1, share = 0.5}"}}}}}},
      {"step.muon",
       {"%n~: tensor<f32> {step.attribute = \"n~\"}, %p~: tensor<8x8xf32> {step.parameter = "
        "\"p~\"}, %g~: tensor<8x8xf32> {step.gradient = \"p~\"}, %f~: tensor<8x8xf32> {step.state "
        "= \"f~\"}",
        "%a~, %b~ = step.muon %p~, %g~, %f~ rate %n~ {momentum = 0.9, decay = 0.1, share = 0.5, "
        "length = 2.0} : (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<f32>) -> "
        "(tensor<8x8xf32>, tensor<8x8xf32>)",
        "tensor<8x8xf32> {step.result = \"a~\"}",
        "%a~",
        {{"nesterov", {{"rate %n~ {", "rate %n~ nesterov {"}}}}}},
      {"step.cross_entropy",
       {x + matrix + ", %at~: " COLUMN " {step.column = #step.column<label>}",
        R"(%r~, %n~, %l~, %v~ = step.cross_entropy %x~, %m~, %at~ formula {
           ^bb0(%n: f32, %l: f32):
             %c = arith.constant 2.0 : f32
             %s = arith.mulf %n, %c : f32
             step.yield %s : f32
           } weight() {
           ^bb0(%n: f64, %l: f64):
             %c = arith.constant 3.0 : f64
             step.yield %c : f64
           } : (tensor<?x8xf32>, tensor<8x8xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>))",
        "tensor<f32> {step.result = \"r~\"}",
        "%r~",
        {{"scale", {{"} : (tensor<?x8", "} {scale = 0.5} : (tensor<?x8"}}},
         {"softcap", {{"} : (tensor<?x8", "} {softcap = 5.0} : (tensor<?x8"}}}}}},
      {"step.cross_entropy_grad",
       {x + matrix +
            ", %at~: " COLUMN " {step.column = #step.column<label>}, %v~: tensor<?xf32> "
            "{step.attribute = \"v~\"}",
        R"(%seed~ = arith.constant dense<1.0> : tensor<f32>
           %r~, %g~ = step.cross_entropy_grad %seed~, %x~, %m~, %at~, %v~, %v~, %v~ {
           ^bb0(%n: f32, %l: f32):
             %c = arith.constant 2.0 : f32
             %d = arith.constant 3.0 : f32
             step.yield %c, %d : f32, f32
           } : (tensor<f32>, tensor<?x8xf32>, tensor<8x8xf32>, tensor<?xi32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> (tensor<?x8xf32>, tensor<8x8xf32>))",
        result,
        "%r~",
        {{"scale", {{"} : (tensor<f32>", "} {scale = 0.5} : (tensor<f32>"}}},
         {"softcap", {{"} : (tensor<f32>", "} {softcap = 5.0} : (tensor<f32>"}}}}}},
  };
  return all;
}

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
