//===- ModelToStep.h - a model's config and a recipe's loss as step IR ----===//
//
// The door from the runtime's description of a model into MLIR: what
// `roux inspect --emit=step` prints. Weights are not needed, only their shapes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/LayerToStep.h"
#include "compiler/conversion/step/UpdateRules.h"
#include "dialects/Step/Step.h"
#include "runtime/model/ModelConfig.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>

namespace roux::step {

struct StepRequest {
  const model::ModelConfig *config = nullptr;
  mlir::Region *loss = nullptr;   ///< as a train's; null: token.nll
  mlir::Region *weight = nullptr; ///< as a train's; null: 1. A loss of pairs needs one
  StreamType type = StreamType::F32;
  Activations activations = Activations::recompute;
  UpdateSettings update;
  bool trains = true;     ///< has `@train` and `@update`
  bool generates = false; ///< has `@prefill` and `@decode`
  int64_t again = 0;      ///< values of a layer that are not kept where activations are
};

/// Builds a module with the private function `@layer` and the entries
///
/// - `@train`: columns token, label, position, segments, target; what the weight reads, in f64, by
/// names
///   that begin with weightPrefix; parameters -> (loss, nll and weight of every token),
/// - `@nll`: token, label, position, segments, target, parameters -> nll and logsumexp of every
/// token,
/// - `@logits`: token, position, segments, parameters -> logits, whole, for tests and small inputs,
/// - `@update`: for all parameters the parameter, its gradient and its moments, then the scalars
///   rate, the two corrections and, without a clip, the gradients' factor -> for all parameters the
///   new parameter and moments; with a clip then the norm of the gradients,
/// - `@norm`, without a clip: gradients -> their norm together,
/// - `@prefill`: token, position, first, slot, last, parameters, the caches of keys and values ->
///   logits of the tokens in last, the caches,
/// - `@decode`: the same without last, for one token a sequence -> logits of every token, the
/// caches.
///   These two take the matrices in the stream's type: they run once a token, and rounding them
///   each time would cost more than all the rest.
///
/// Null after reporting, where it was written, what loss or weight cannot contain. A module that is
/// returned passes the verifier.
mlir::OwningOpRef<mlir::ModuleOp> buildStep(mlir::MLIRContext &context, const StepRequest &request);

/// The dialects that buildStep and step-grad make operations of.
void registerStepDialects(mlir::DialectRegistry &registry);

} // namespace roux::step
