//===- ModelRunner.h - a model's entries in the reference evaluator -------===//
//
// Puts columns and weights where a function's argument attributes ask for them,
// so a test says only what it changes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/ModelToStep.h"
#include "runtime/WeightFormula.h"
#include "runtime/model/Model.h"
#include "tests/compiler/step/Reference.h"

#include <map>
#include <string>

namespace roux::step::reference {

/// A micro-batch. Segments are offsets.
struct Columns {
  std::vector<double> tokens, labels, weights, positions, segments{0};
  std::vector<double> noise; ///< the same for a sequence wherever it stands
  /// What a weight's formula reads beside `weights`: a value for each token, or one.
  std::map<std::string, std::vector<double>> inputs;

  /// Appends a sequence as a segment: every token but the last is an input whose label is the next.
  /// A label stands where `target` (of the predicted token) is true; its weight is `weight`.
  void append(
      const std::vector<int64_t> &ids, double weight,
      const std::function<bool(size_t)> &target = [](size_t) { return true; });
};

/// A weight that is read from Columns::weights.
WeightFormula givenWeight();

/// The values of an input of a weight, by the name an entry has for it.
const std::vector<double> &inputOf(const Columns &columns, llvm::StringRef name);

/// The names of parameters with their values, layers stacked.
using Parameters = std::map<std::string, Array>;

Parameters parametersOf(const model::Model &model);
/// Normally distributed matrices, norm weights around one; the same numbers every time.
Parameters randomParameters(const model::ModelConfig &config, unsigned seed);

/// A compiled module and the weights to run it with.
class ModelRunner {
public:
  /// Imports `config` in f64 and differentiates it.
  ModelRunner(const model::ModelConfig &config, Parameters parameters,
              const Expression *loss = nullptr, Activations activations = Activations::recompute,
              UpdateSettings update = {}, const WeightFormula &weight = givenWeight());

  /// Runs an entry.
  std::vector<Array> run(llvm::StringRef entry, const Columns &columns, const Watch &watch = {});
  /// Runs @train_grad: parameter name -> gradient; the loss under "".
  Parameters gradients(const Columns &columns, const Watch &watch = {});
  /// Runs @update on `parameters` and these moments, in place; the norm.
  double update(const Parameters &gradients, Parameters &first, Parameters &second, double rate,
                double firstCorrection, double secondCorrection);

  Parameters parameters;
  mlir::ModuleOp module() { return *imported; }

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> imported;
};

/// || a - b || / || b ||.
double relativeError(const Array &a, const Array &b);

} // namespace roux::step::reference
