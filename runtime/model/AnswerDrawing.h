//===- AnswerDrawing.h - how a model's answers are meant to be drawn ------===//
//
// A published model says in generation_config.json at which temperature it was tried.
// Nothing here draws by it, and whoever loads what is trained from it would draw
// otherwise without it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace roux::model {

/// Keys of a generation_config.json, and their values as JSON.
using AnswerDrawing = std::vector<std::pair<std::string, std::string>>;

/// Those of `file` that say how answers are drawn, as they stand there; none where there is no such
/// file. Throws ModelError for one that is no number or truth.
AnswerDrawing readAnswerDrawing(const std::filesystem::path &file);

} // namespace roux::model
