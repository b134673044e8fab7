//===- ModelConfig.h - the shape of a language model ----------------------===//
//
// Everything that decides what a model computes, apart from its weights: read
// from a Hugging Face config.json or a llama2.c header, and the only thing the
// compiler needs to build the model's graph. Architectures are told apart by
// what they do (biases, head norms, a position table), not by their names: a new
// family is a table in families/ and nothing in the compiler.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/AnswerDrawing.h"
#include "runtime/model/Rotary.h"
#include "runtime/model/Tuning.h"

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace roux::model {

/// A model's files are damaged, contradict each other, or ask for something Roux does not do. The
/// text names the file and, where there is one, the key or the tensor.
struct ModelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Activation : uint8_t { Silu, Gelu, GeluTanh, Relu };

/// What the blocks of a family are made of, apart from their sizes. Most of it no config says: it
/// is what the name of the family stands for.
struct Blocks {
  enum class Norm : uint8_t { RMS, Layer };
  enum class HeadNorms : uint8_t {
    None,
    Each, ///< over each head of query and key (Qwen 3)
    All,  ///< over all their channels at once (OLMo 2)
  };

  Norm norm = Norm::RMS;
  bool normBias = true;       ///< layer_norms of the stream add one; those of heads never do
  bool gainAroundOne = false; ///< norms multiply with 1 + weight (Gemma)
  bool normsAfterSum = false; ///< a block's norm is of the stream after it (the first transformers)
  bool parallel = false;      ///< attention and feed-forward read the same stream
  bool oneNorm = false;       ///< and through the same norm
  HeadNorms headNorms = HeadNorms::None;
  Activation activation = Activation::Silu;
  bool transposed = false;    ///< matrices of layers are stored as (inputs, outputs) (GPT-2)
  bool fusedByHead = false;   ///< query, key and value side by side in each head, not as wholes
  bool rotates = true;        ///< positions are rotations; else a table that is added
  int64_t positionOffset = 0; ///< row of the table for position 0

  bool tied = false;              ///< the vocabulary matrix is the embedding table
  bool queryKeyValueBias = false; ///< biases of the three attention inputs
  bool outputBias = false;        ///< bias of the attention output
  bool feedForwardBias = false;
  bool vocabularyBias = false;
  bool finalNorm = true;
  bool scalesEmbeddings = false; ///< by the root of the channels (Gemma)
};

/// What tells a layer from others of its model.
struct LayerKind {
  enum class Turn : uint8_t { None, Rotary, Local };
  bool windowed = false;
  Turn turn = Turn::Rotary; ///< which rotary positions, if any
  bool operator==(const LayerKind &) const = default;
};

/// More layers than any model has.
constexpr int64_t mostLayers = 100000;

/// Lengths are counts of elements; nothing here is in bytes.
struct ModelConfig : Blocks {
  std::filesystem::path file; ///< where it was read, for messages
  std::string type = "llama"; ///< `model_type`: the name of the family (Family.h)

  int64_t layers = 0;
  int64_t channels = 0;
  int64_t heads = 0;
  int64_t keyValueHeads = 0;
  int64_t headChannels = 0;
  int64_t feedForward = 0;
  int64_t vocabulary = 0;
  int64_t context = 0; ///< longest sequence the model is meant for; rows of a position table
  int64_t embeddingChannels = 0; ///< of tables that are projected to `channels`; 0: `channels`
  double epsilon = 0;            ///< of the norms

  int64_t window = 0; ///< a windowed layer's token sees so many, itself included; 0: its segment
  Rotary rotary;
  Rotary localRotary;           ///< of layers that turn by it (Gemma 3)
  std::vector<LayerKind> kinds; ///< of each layer; empty: all windowed, if there is a window
  double rotaryShare = 1;       ///< of a head's channels, from the first on, that turn

  double attentionScale = -1;  ///< of the scores; below 0: 1 / sqrt(attentionDivisor)
  double attentionDivisor = 0; ///< 0: headChannels
  double attentionSoftcap = 0; ///< c: scores become c tanh(score / c); 0: they stay
  double embeddingScale = 1;
  double residualScale = 1; ///< of what a block adds to the stream
  double logitDivisor = 1;
  double logitSoftcap = 0; ///< as of the scores

  int64_t beginToken = -1;        ///< -1: the config names none
  std::vector<int64_t> endTokens; ///< empty: the config names none
  AnswerDrawing drawing;          ///< of the generation_config.json beside it
  Tuning tuning;                  ///< of the train that it is compiled for

  /// Keys of the file that nothing here reads and no table knows, for a note.
  std::vector<std::string> unreadKeys;

  int64_t queryChannels() const { return heads * headChannels; }
  int64_t keyValueChannels() const { return keyValueHeads * headChannels; }
  int64_t tableChannels() const { return embeddingChannels ? embeddingChannels : channels; }
  /// Of one head, an even number.
  int64_t rotaryChannels() const;
  LayerKind kind(int64_t layer) const;
  /// What a product of query and key is multiplied with.
  double scoreScale() const;
};

/// Reads the text of a config.json; `file` is only named in messages. Throws ModelError for text
/// that is no JSON, a key that is missing, of the wrong type or out of range, sizes that cannot be
/// true together, and for anything that would change the result and is not supported.
ModelConfig parseConfig(std::string_view text, const std::filesystem::path &file);

/// The same from a file.
ModelConfig readConfig(const std::filesystem::path &file);

/// Throws ModelError unless the sizes of `config` are positive, within 32 bits where the stream
/// indexes with them, and fit each other (heads and grouped heads, an even number of rotary
/// channels, …).
void checkSizes(const ModelConfig &config);

} // namespace roux::model
