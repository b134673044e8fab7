//===- ParseAnswer.h - what of an answer is a field's value ---------------===//
//
// A model is asked for a form and does not always keep to it. An answer without it is
// no value: the record is left out and told, never half read.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/AnswerTable.h"
#include "runtime/data/pipeline/AskRule.h"

namespace roux::ask {

/// Adds to `record` the fields that `answer` makes of field `name`, or says what is missing.
void parseAnswer(const data::ParseRule &rule, const std::string &name, const std::string &answer,
                 data::AskedRecord &record);

/// The items of a numbered list: lines that begin with 1, 2, … and `.`, `)` or `:`, each with the
/// lines below it up to an empty one. What stands before the first is no item.
std::vector<std::string> numberedItems(std::string_view answer);

} // namespace roux::ask
