//===- ChatTemplate.h - which template a consumer's chats go through ------===//
//
// A model's own `chat_template`, or one that a recipe names. The named ones are
// Jinja like the others; LongAlign's needs two properties that Jinja cannot say.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"
#include "runtime/data/template/Template.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

class ChatTemplate {
public:
  /// One of names(). Throws TemplateError, listing them, for another name.
  static ChatTemplate named(std::string_view name);
  static std::vector<std::string_view> names();
  /// A model's own. Throws TemplateError.
  explicit ChatTemplate(std::string_view source);

  /// The text of `record`'s messages, every byte with its message. Content counts as the message's,
  /// its role and name do not. Throws TemplateError.
  Text render(const Record &record, std::string_view bos, std::string_view eos) const;

  /// Answers are tokenized on their own, so no token spans an answer's edge, and the label after
  /// each is EOS whatever the input there is (LongAlign).
  bool separatesAnswers() const { return separate; }
  /// The template itself; what separatesAnswers() says is not in it.
  const std::string &source() const { return text; }
  /// False if no message's key of this name can reach what is rendered: the template does not have
  /// the word, nor another that means the same.
  bool reads(std::string_view key) const;
  /// Changes with the template's text.
  uint64_t contentHash() const { return hash; }

private:
  std::shared_ptr<const Template> parsed;
  std::string text;
  bool separate = false;
  bool readsNullContent = false; ///< it asks whether a content is none
  uint64_t hash = 0;
};

} // namespace roux::data
