//===- ChatTemplate.h - which template a consumer's chats go through ------===//
//
// A model's own `chat_template`, or one that a recipe names. The named ones are
// Jinja like the others; LongAlign's needs two properties that Jinja cannot say.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"
#include "runtime/data/template/Template.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// What a template sees of a record; many renderings may share it.
struct ChatScene {
  MapValue globals;
  std::vector<Value> messages;
  uint64_t bytes = 0; ///< of the record
};

class ChatTemplate {
public:
  /// One of names(). Throws TemplateError, listing them, for another name.
  static ChatTemplate named(std::string_view name);
  static std::vector<std::string_view> names();
  /// A model's own. Throws TemplateError.
  explicit ChatTemplate(std::string_view source);
  /// The one among a tokenizer's that is called default, with the one for records with tools.
  /// Throws TemplateError that names `model` and the template.
  static std::optional<ChatTemplate> among(const std::map<std::string, std::string> &named,
                                           std::string_view model);

  /// What stands in `record`. Throws TemplateError and RecordError.
  ChatScene describe(const Record &record, std::string_view bos, std::string_view eos) const;
  /// The text of `messages` in `scene`, every byte with its message; with `asked` and what the
  /// template writes to ask for an answer. Content counts as the message's, its role and name do
  /// not. Throws TemplateError.
  Text render(const ChatScene &scene, std::span<const Value> messages, bool asked = false) const;
  Text render(const Record &record, std::string_view bos, std::string_view eos) const;
  /// The template's author says what answers are, by `{% generation %}`.
  bool marksAnswers(const ChatScene &scene) const { return chosen(scene).marksAnswers(); }
  /// It may write something of its own where an answer is asked for.
  bool canAsk() const;

  /// Answers are tokenized on their own, so no token spans an answer's edge, and the label after
  /// each is EOS whatever the input there is (LongAlign).
  bool separatesAnswers() const { return separate; }
  /// The template itself; what separatesAnswers() says is not in it.
  const std::string &source() const { return text; }
  /// The one for records with tools; empty where there is none of its own.
  const std::string &toolSource() const { return toolText; }
  /// False if no message's key of this name can reach what is rendered: the template does not have
  /// the word, nor another that means the same.
  bool reads(std::string_view key) const;
  /// Changes with the template's text.
  uint64_t contentHash() const { return hash; }

private:
  const Template &chosen(const ChatScene &scene) const;

  std::shared_ptr<const Template> parsed, parsedForTools; ///< the latter may be null
  std::string text, toolText;
  bool separate = false;
  bool readsNullContent = false; ///< it asks whether a content is none
  uint64_t hash = 0;
};

} // namespace roux::data
