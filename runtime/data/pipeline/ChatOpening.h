//===- ChatOpening.h - what stands before an answer that is asked for -----===//
//
// What a model is trained on begins where it is asked to go on. Both ends ask here,
// so that training and inference cannot differ: the targets of an answer begin behind
// its opening, and a prompt ends with it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/ChatTemplate.h"

namespace roux::data {

/// End of the last byte of `message` in `text`; 0 for message -1, npos where it has none.
size_t endOfMessage(const Text &text, int32_t message);
/// The first byte of `message` from byte `from` on; npos where there is none.
size_t beginOfMessage(const Text &text, int32_t message, size_t from);
/// How many bytes both begin with, in whole characters.
size_t commonPrefix(std::string_view a, std::string_view b);

class ChatOpenings {
public:
  /// `chat` and `scene` must outlive this.
  ChatOpenings(const ChatTemplate &chat, const ChatScene &scene) : chat(chat), scene(scene) {}

  /// What the template writes between the last byte of message `anchor` and the answer that is
  /// message `index`, where that is asked for; without blanks at its end, which a tokenizer puts
  /// with the word behind them. Nothing where no rendering shows it.
  std::optional<std::string> before(size_t index, int32_t anchor) const;
  /// The conversation with its last opening, as far as any answer that a template can write goes
  /// on from there; nothing where it shows no answer. Throws TemplateError.
  std::optional<Text> prompt() const;

private:
  /// The rendering that asks for message `index`; nothing where the template has no words for it.
  std::optional<Text> asking(size_t index) const;
  /// Renderings of an answer in the place of message `index`: plain, and with thoughts.
  std::vector<Text> answered(size_t index) const;
  std::optional<std::string> inferred(const std::vector<Text> &answers, size_t index,
                                      int32_t anchor) const;

  const ChatTemplate &chat;
  const ChatScene &scene;
};

} // namespace roux::data
