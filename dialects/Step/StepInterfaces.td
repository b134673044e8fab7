//===- StepInterfaces.td - how an operation says what its gradient is -----===//
//
// Reverse mode is one pass and one method an operation: adding an operation
// with a gradient touches its definition and its buildGradient, nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_STEP_STEPINTERFACES_TD
#define DIALECTS_STEP_STEPINTERFACES_TD

include "mlir/IR/OpBase.td"

def StepGradient : OpInterface<"StepGradient"> {
  let cppNamespace = "::roux::step";
  let description = [{
    An operation through which a loss can be differentiated.
  }];
  let methods = [InterfaceMethod<[{
      Builds, at `builder`, the operations that compute the gradients of the operands from those of
      the results, and hands each to `sink` with its operand. `resultGradients` has one value a
      result, null where the loss does not depend on it; at least one is not null. An operand for
      which nothing is handed over has gradient zero. A failure has been reported as an error at the
      place that cannot be differentiated.
    }], "::llvm::LogicalResult", "buildGradient",
    (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<::mlir::Value>":$resultGradients,
         "::roux::step::GradientSink":$sink)>];
}

#endif // DIALECTS_STEP_STEPINTERFACES_TD
