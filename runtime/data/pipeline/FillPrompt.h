//===- FillPrompt.h - prompts with the fields of a record -----------------===//
//
// `{document}` and `{text}` are a text record's text, `{prompt}` a completion's; every other hole
// is a field of the record, of its file or made by `ask`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// `prompt` with its holes filled by `valueOf`, escapes taken away.
std::string filledPrompt(std::string_view prompt,
                         const std::function<std::string(std::string_view hole)> &valueOf);

/// The names in the holes of `prompt`, in order.
std::vector<std::string> holesOf(std::string_view prompt);

/// What `{hole}` is in `record`; of a list of texts, a line each. Throws RecordError without a
/// place where the record has nothing of that name.
std::string valueOfHole(const Record &record, std::string_view hole);

/// `prompt` filled from `record`. Throws as valueOfHole() does.
std::string filledPrompt(std::string_view prompt, const Record &record);

/// The texts of a field that holds a JSON list; numbers as they stand. Throws RecordError without a
/// place for anything else.
std::vector<std::string> textsOf(const Field &field);

} // namespace roux::data
