//===- Families.h - the tables, and how layers of a model differ ----------===//
//
// A new family is one table in a file of its kin and its name in this list and in
// Family.cpp.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Family.h"

namespace roux::model::families {

using C = ModelConfig;
using enum Role;
using Norm = Blocks::Norm;
using HeadNorms = Blocks::HeadNorms;

extern const Family llama, mistral, qwen2, qwen3, smollm3, granite; // Llama.cpp
extern const Family gemma2, gemma3;                                 // Gemma.cpp
extern const Family olmo2, olmo3;                                   // Olmo.cpp
extern const Family phi, phi3;                                      // Phi.cpp
extern const Family gpt2, gptNeox, opt, starcoder2, stablelm;       // Gpt.cpp
extern const Family glm4;                                           // Glm.cpp
extern const Family cohere;                                         // Cohere.cpp
extern const Family openlm;                                         // OpenLM.cpp

/// Sizes under the keys that most families have for them.
std::vector<ConfigKey> sizes(std::vector<ConfigKey> more, double keyValueHeads = derived);
/// Llama's weights; `more` follow those of attention and feed-forward.
std::vector<WeightName> llamaWeights(std::vector<WeightName> more = {});

/// `layer_types` says which; without it those from `max_window_layers` on (Qwen).
void readLastWindowed(const ConfigObject &from, ModelConfig &config);
/// The same, without it all but every second (Gemma 2), `sliding_window_pattern`th (Gemma 3) or
/// fourth (OLMo 3).
void readAlternating(const ConfigObject &from, ModelConfig &config);
void readGemma3Layers(const ConfigObject &from, ModelConfig &config);
void readOlmo3Layers(const ConfigObject &from, ModelConfig &config);
/// `no_rope_layers` has a 1 for layers that turn; without it every `no_rope_layer_interval`th does
/// not (SmolLM 3).
void readUnturned(const ConfigObject &from, ModelConfig &config);

void writeLastWindowed(const ModelConfig &config, ObjectText &out);
void writeLayerTypes(const ModelConfig &config, ObjectText &out);
void writeGemma3Layers(const ModelConfig &config, ObjectText &out);
void writeUnturned(const ModelConfig &config, ObjectText &out);

/// Where the norms of OPT are.
void readOptNorms(const ConfigObject &from, ModelConfig &config);
void writeOptNorms(const ModelConfig &config, ObjectText &out);

} // namespace roux::model::families
