//===- ModelConfig.h - the shape of a language model ----------------------===//
//
// Everything that decides what a model computes, apart from its weights: read
// from a Hugging Face config.json or a llama2.c header, and the only thing the
// compiler needs to build the model's graph. Architectures are told apart by
// what they do (biases, head norms, a position table), not by their names, so
// a new member of a family is a few lines of reading and none of compiling.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/AnswerDrawing.h"
#include "runtime/model/Rotary.h"

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

enum class Family : uint8_t {
  Llama, ///< rms_norm, rotary positions, gated feed-forward: Llama, Mistral, Qwen
  Gpt2,  ///< layer_norm, a position table, one fused query-key-value matrix, biases everywhere
};

enum class Activation : uint8_t { Silu, GeluTanh };

/// Lengths are counts of elements; nothing here is in bytes.
struct ModelConfig {
  std::filesystem::path file; ///< where it was read, for messages
  std::string type;           ///< `model_type` as the file says it
  Family family = Family::Llama;
  Activation activation = Activation::Silu;

  int64_t layers = 0;
  int64_t channels = 0;
  int64_t heads = 0;
  int64_t keyValueHeads = 0;
  int64_t headChannels = 0;
  int64_t feedForward = 0;
  int64_t vocabulary = 0;
  int64_t context = 0; ///< longest sequence the model is meant for; rows of a position table
  double epsilon = 0;  ///< of the norms

  bool tied = false;              ///< the vocabulary matrix is the embedding table
  bool queryKeyValueBias = false; ///< biases of the three attention inputs
  bool outputBias = false;        ///< bias of the attention output
  bool feedForwardBias = false;
  bool headNorms = false; ///< rms_norm over each head of query and key (Qwen 3)
  int64_t window = 0;     ///< a token sees this many tokens, itself included; 0: the whole segment
  Rotary rotary;          ///< Llama family only

  int64_t beginToken = -1;        ///< -1: the config names none
  std::vector<int64_t> endTokens; ///< empty: the config names none
  AnswerDrawing drawing;          ///< of the generation_config.json beside it

  /// Keys of the file that nothing here reads and no table knows, for a note.
  std::vector<std::string> unreadKeys;

  int64_t queryChannels() const { return heads * headChannels; }
  int64_t keyValueChannels() const { return keyValueHeads * headChannels; }
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
