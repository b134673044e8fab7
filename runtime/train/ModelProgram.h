//===- ModelProgram.h - a compiled model with its tensors -----------------===//
//
// A program knows buffers by name and nothing of models. This keeps the tensors
// that live from step to step (parameters, gradients, moments), and runs entries on
// them and on the columns of a micro-batch.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Executor.h"
#include "runtime/model/Model.h"
#include "runtime/train/ModelColumns.h"
#include "runtime/train/StepOutputs.h"
#include "runtime/train/StepProgram.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace roux::train {

/// Keys and values of all layers, each layers x rows x channels, in memory of the device.
struct CacheBuffers {
  int64_t rows = 0;
  std::span<std::byte> keys, values;
};

/// A tensor of the model. Layers are stacked along the first dimension of those that each has.
struct StateTensor {
  std::string name; ///< as in the weight table; gradients end in ".gradient", moments in ".first"
                    ///< and ".second"
  std::string element; ///< f32 or f64; of a frozen matrix what is computed with, bf16 too
  std::vector<int64_t> shape;
  MirroredMemory memory;
  int64_t firstLayer = 0;          ///< of a stack
  bool isFrozen = false;           ///< no update changes it
  std::span<std::byte> bytes = {}; ///< in host memory, since state() or gradients() was asked
};

class ModelProgram {
public:
  /// Throws std::runtime_error if the program is for another machine than `device`. Parameters,
  /// gradients and moments are zero until they are set; a program that does not train has
  /// parameters only.
  ModelProgram(Program program, const model::ModelConfig &config, std::shared_ptr<Device> device);

  /// Sets the parameters. Throws ModelError where weights and config do not fit.
  void setParameters(const model::Weights &weights);
  /// Parameters as weights of a model's files, one tensor a layer, without those that are frozen.
  /// They are for writing: f32 ones are the program's own bytes until its next update, and the
  /// activations' memory is free until its next run.
  model::Weights trained();
  /// Parameters and moments, by name, as they are now. Who writes to their bytes calls
  /// stateChanged().
  std::map<std::string, StateTensor> &state() { return seen(kept); }
  void stateChanged();
  /// Likewise, with gradientsChanged().
  std::map<std::string, StateTensor> &gradients() { return seen(added); }
  void gradientsChanged();

  /// Adds the gradient of the micro-batch's loss to gradients(). What it came to is among the next
  /// numbers(), and nothing is waited for until then.
  void queueGradient(const StreamColumns &columns);
  /// Of what was queued since numbers() or zeroGradients(), in order; and the norm of gradients().
  StepNumbers numbers();
  /// The same for one micro-batch, at once: its loss.
  double addGradient(const StreamColumns &columns);
  void zeroGradients();
  /// -log of the probability of each label; 0 where there is none.
  std::vector<double> nll(const StreamColumns &columns);
  /// What the model makes of each label; 0 where there is none. Its logit is their difference.
  struct LabelScores {
    std::vector<double> nll, logsumexp;
  };
  LabelScores scores(const StreamColumns &columns);
  /// Logits of every token, vocabulary by vocabulary: small inputs only.
  std::vector<double> logits(const StreamColumns &columns);
  /// Bytes of one token's keys in one layer; its values take as many. Throws std::runtime_error if
  /// the program was compiled without `prefill` and `decode`.
  int64_t cacheRowBytes() const;
  /// Appends the tokens' keys and values to the cache. `logits`, sequences x vocabulary, become
  /// those after each sequence's last token.
  void prefill(const CachedColumns &columns, const CacheBuffers &cache, std::span<float> logits) {
    append("prefill", columns, cache, logits);
  }
  /// The same for one token a sequence.
  void decode(const CachedColumns &columns, const CacheBuffers &cache, std::span<float> logits) {
    append("decode", columns, cache, logits);
  }
  /// The norm of gradients() together.
  double gradientNorm() { return numbers().gradientNorm; }
  /// One update from gradients() times `factor`.
  void update(double rate, double firstCorrection, double secondCorrection, double factor = 1);

  const Executor &executor() const { return machine; }
  /// See StepProgram.
  std::map<std::string, std::string> kernelChoices() const;
  void useKernelChoices(const std::map<std::string, std::string> &choices);
  /// See LoadedKernels.
  std::string kernelNote() const;
  /// See Executor.
  void timeLaunches() { machine.timeLaunches(); }
  const model::ModelConfig &config() const { return shape; }

private:
  /// `tensors`, with their bytes.
  static std::map<std::string, StateTensor> &seen(std::map<std::string, StateTensor> &tensors);
  void addTensor(const model::WeightRow &row);
  Launch launchOf(const StreamColumns &columns) const;
  void bindState(Launch &launch);
  void bindRounded(Launch &launch, const Entry &entry);
  void append(const std::string &entry, const CachedColumns &columns, const CacheBuffers &cache,
              std::span<float> logits);
  std::vector<double> valuesOf(const std::string &entry, const std::string &output,
                               const Launch &launch) const;
  std::vector<double> run(const std::string &entry, const std::string &result, Launch &launch);
  void queue(const std::string &entry, Launch &launch);
  StepNumbers readQueued();

  model::ModelConfig shape;
  Executor machine;
  std::string accumulation; ///< element type of what is trained
  std::map<std::string, StateTensor> kept, added;
  /// Outputs of what is queued, each a place of `unread`.
  struct Queued {
    const ProgramBuffer *output;
    size_t gradient; ///< how many came before
  };
  std::vector<Queued> queued;
  StepOutputs unread;
  size_t queuedGradients = 0;
  /// Parameters in the type that is computed with, made when an entry first asks for them.
  std::map<std::string, MirroredMemory> rounded;
};

/// What lives from step to step.
struct StateBytes {
  int64_t parameters = 0, gradients = 0, moments = 0;
  int64_t frozen = 0; ///< of `parameters`, those that no update changes
};
/// Of such a model under `program`; nothing is allocated.
StateBytes stateBytes(const Program &program, const model::ModelConfig &config);

} // namespace roux::train
