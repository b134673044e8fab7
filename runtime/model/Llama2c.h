//===- Llama2c.h - reading llama2.c checkpoints ---------------------------===//
//
// The .bin files of karpathy/llama2.c: seven integers and f32 tensors in a
// fixed order. Small trained models exist in it that exist nowhere else.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

#include <array>

namespace roux::model {

/// The weights in file order; two tables of angles stand between the final norm and the vocabulary.
inline constexpr std::array<Role, 11> llama2cOrder{
    Role::Embedding, Role::AttentionNorm,   Role::Query, Role::Key,  Role::Value,
    Role::Output,    Role::FeedForwardNorm, Role::Gate,  Role::Down, Role::Up,
    Role::FinalNorm};

/// Reads the header of a file whose bytes are `bytes`. Its rotary style is interleaved. Throws
/// ModelError for sizes that cannot be true and for the later versions of the format.
ModelConfig parseLlama2cHeader(std::span<const std::byte> bytes, const std::filesystem::path &file);

/// The tensors, under the names of the weight table. Throws ModelError unless the file has exactly
/// the bytes that its header calls for.
Weights readLlama2c(const std::filesystem::path &file, ModelConfig &config);

} // namespace roux::model
