//===- Conversation.h - a chat with a model, turn by turn -----------------===//
//
// What has been said is put to the model by the template that its training used;
// a model without one goes on with the text it is given.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/eval/Generate.h"

#include <deque>

namespace roux::eval {

class Conversation {
public:
  /// `model` and `consumer` must outlive this. Of `options`, `ends` are the tokens that end an
  /// answer. `system` stands before all that is said, unless it is empty.
  Conversation(LanguageModel &model, const data::Consumer &consumer, GenerateOptions options,
               std::string system = {});

  bool hasTemplate() const { return consumer.chat.has_value(); }
  /// The model's answer to `text`, told to `sink` while it is written. An answer that ends with
  /// Ending::Context and has no tokens found no room: `text` is forgotten then. Throws
  /// data::RecordError and TokenizerError for what cannot be said to this model.
  Answer say(const std::string &text, const TextStream::Sink &sink);
  /// Forgets all that was said.
  void reset();

private:
  std::vector<int32_t> promptFor(const std::string &text) const;

  LanguageModel &model;
  const data::Consumer &consumer;
  GenerateOptions options;
  std::string system;
  std::deque<std::string> said; ///< user and assistant in turn
  uint64_t turns = 0;           ///< since the beginning: no two draw alike
};

} // namespace roux::eval
