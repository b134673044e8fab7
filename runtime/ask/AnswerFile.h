//===- AnswerFile.h - what a model wrote for each record, kept ------------===//
//
// A line of JSON a record: where every value came from, for who reads the data; the
// fields, for the next run. The last line is the sum of those before it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ask/Questions.h"
#include "runtime/data/pipeline/AnswerTable.h"

#include <filesystem>
#include <memory>
#include <span>

namespace roux::ask {

/// Rises when the same recipe, data and answers make other fields.
inline constexpr int answerFormat = 1;

/// The line of one record, with its end. `keys` are those of its answers in the journal, one a
/// question; `model` is who was asked.
std::string lineOf(const RecordQuestions &asked, std::span<const std::string> keys,
                   std::string_view model, const data::AskedRecord &found);

/// Writes `lines` and their sum whole.
void writeAnswers(const std::filesystem::path &file, const std::string &lines);

/// The table in `file`; null where it is not there or not as it was written.
std::shared_ptr<data::AnswerTable> readAnswers(const std::filesystem::path &file);

} // namespace roux::ask
