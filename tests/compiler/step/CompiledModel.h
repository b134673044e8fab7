//===- CompiledModel.h - a model through every stage to the CPU -----------===//
//
// What an executor of a step does, in a test: compiles the entries, keeps
// parameters, gradients and moments, makes the lists of a micro-batch, runs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/ModelToStep.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/device/Executor.h"
#include "tests/compiler/step/ModelRunner.h"

#include <memory>

namespace roux::step::reference {

class CompiledModel {
public:
  CompiledModel(const model::ModelConfig &config, const Parameters &parameters, StreamType type,
                unsigned threads, const Expression *loss = nullptr,
                Activations activations = Activations::recompute, UpdateSettings update = {},
                const WeightFormula &weight = givenWeight(), bool fuses = true, int64_t again = 0);

  /// Runs an entry; the results it has, by name. Gradients add up until zeroGradients().
  Parameters run(const char *entry, const Columns &columns);
  /// Runs @update with these scalars; the norm.
  double update(double rate, double firstCorrection, double secondCorrection);
  void zeroGradients();
  /// Runs the same code on so many threads from here on.
  void useThreads(unsigned threads);

  const Program &program() const { return executor->program(); }
  Parameters gradients() const { return arraysOf(gradientBytes); }
  Parameters parameters() const { return arraysOf(parameterBytes); }
  std::map<std::string, double> scalars;

private:
  using Bytes = std::map<std::string, std::vector<std::byte>>;
  Parameters arraysOf(const Bytes &bytes) const;
  std::string accumulation() const { return wide ? "f64" : "f32"; }
  std::string elementOf(const std::string &parameter) const;
  std::string stateElementOf(const std::string &moment) const;
  std::vector<std::byte> encode(const std::vector<double> &values, const std::string &type) const;
  std::vector<double> decode(std::span<const std::byte> bytes, const std::string &type) const;
  void bindList(Bindings &bindings, Bytes &kept, const std::string &name,
                const std::vector<int32_t> &list) const;
  void bindModel(Bindings &bindings);

  model::ModelConfig config;
  std::map<std::string, std::vector<int64_t>> shapes;
  bool wide; ///< f64
  Bytes parameterBytes, gradientBytes, stateBytes;
  std::unique_ptr<Executor> executor;
};

} // namespace roux::step::reference
