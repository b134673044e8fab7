//===- ChatTemplate.cpp - messages into a template's variables ------------===//
//
// The named templates are a table of Jinja texts.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/ChatTemplate.h"

#include "runtime/data/records/FillRecord.h"
#include "runtime/data/records/JsonRecord.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <xxhash.h>

namespace roux::data {

namespace {

struct NamedTemplate {
  std::string_view name, source;
  bool separate = false;
};

const NamedTemplate templates[] = {
    {"chatml", "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + "
               "message.content + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}"
               "{{ '<|im_start|>assistant\\n' }}{% endif %}"},
    {"llama2",
     "{% if messages[0].role == 'system' %}{% set rest = messages[1:] %}{% set system = "
     "'<<SYS>>\\n' "
     "+ messages[0].content + '\\n<</SYS>>\\n\\n' %}{% else %}{% set rest = messages %}{% set "
     "system "
     "= '' %}{% endif %}{% for message in rest %}{% if (message.role == 'user') != (loop.index0 % "
     "2 "
     "== 0) %}{{ raise_exception('llama2 needs user and assistant in turn') }}{% endif %}{% if "
     "message.role == 'user' %}{{ bos_token + '[INST] ' + (system if loop.first else '') + "
     "message.content.strip() + ' [/INST]' }}{% else %}{{ ' ' + message.content.strip() + ' ' + "
     "eos_token }}{% endif %}{% endfor %}"},
    {"llama3",
     "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message.role + "
     "'<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}{% endfor %}"
     "{% if add_generation_prompt %}"
     "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"},
    {"longalign",
     "{{ bos_token }}{% for message in (messages[:-1] if messages[-1].role == 'user' else "
     "messages) %}"
     "{% if (message.role == 'user') != (loop.index0 % 2 == 0) or message.role not in ['user', "
     "'assistant'] %}{{ raise_exception('longalign needs user "
     "and assistant in turn') }}{% endif %}{% if message.role == 'user' %}{{ ('' if loop.first "
     "else "
     "'\\n\\n') + '[INST]' + message.content + '[/INST]' }}{% else %}{{ message.content }}{% endif "
     "%}{% endfor %}{{ eos_token }}",
     true},
    {"mistral",
     "{{ bos_token }}{% for message in messages %}{% if (message.role == 'user') != (loop.index0 % "
     "2 "
     "== 0) %}{{ raise_exception('mistral needs user and assistant in turn') }}{% endif %}{% if "
     "message.role == 'user' %}{{ '[INST] ' + message.content + ' [/INST]' }}{% else %}{{ ' ' + "
     "message.content + eos_token }}{% endif %}{% endfor %}"},
    {"plain",
     "{{ bos_token }}{% for message in messages %}{{ message.role + ': ' + message.content + "
     "(eos_token if message.role == 'assistant' else '') + '\\n' }}{% endfor %}"
     "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"},
};

/// Keys of a message that say who speaks or refer to something, and are not what was said.
bool isScaffold(std::string_view key) {
  return key == "role" || key == "name" || key == "tool_call_id" || key == "id";
}

/// What a message thinks has three names; a template that reads one of them means all.
constexpr std::string_view thoughts[] = {"reasoning_content", "reasoning", "thinking"};

/// Throws RecordError where two of them say different things: a template reads one of them, and the
/// other is lost.
void spreadThoughts(MapValue &map) {
  const Value *said = nullptr;
  std::string_view sayer;
  for (std::string_view key : thoughts)
    if (const Value *value = map.find(key)) {
      if (said && !equal(*said, *value))
        throw RecordError(fmt::format("message {} has other thoughts under '{}' than under '{}'",
                                      map.message, key, sayer));
      said = value;
      sayer = key;
    }
  if (!said)
    return;
  Value same = *said;
  for (std::string_view key : thoughts)
    if (!map.find(key))
      map.set(std::string(key), same);
}

MapValue describeMessage(const Message &message, int32_t index, bool nullContent) {
  MapValue map;
  map.message = index;
  Origin origin{index, false};
  map.set("role", std::string(message.role));
  Value text = Text(std::string(message.content), origin);
  if (message.json.empty()) {
    map.set("content", text);
    return map;
  }
  Value said = fromJson(message.json, origin), plain = fromJson(message.json);
  for (const auto &[key, value] : said.map()->entries) {
    bool isContent = key == "content" || key == "value";
    if (key == "role" || key == "from" || (value.isNone() && !(isContent && nullContent)))
      continue; // a null key is an absent key
    if (isContent)
      map.set("content", message.rewritten ? text : value);
    else
      map.set(key, isScaffold(key) ? *plain.map()->find(key) : value);
  }
  spreadThoughts(map);
  return map;
}

/// True if a template asks whether a message's content is none, as those do that tell a tool call
/// by it; others would print the word.
bool asksForNoContent(std::string_view source) {
  for (size_t at = 0; (at = source.find("content", at)) != source.npos;) {
    at += std::string_view("content").size();
    std::string_view rest = source.substr(at, 40);
    auto skip = [&](std::string_view text) {
      if (rest.starts_with(text))
        rest.remove_prefix(text.size());
    };
    auto skipBlanks = [&] {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
    };
    for (std::string_view text : {"'", "\"", "]"})
      skip(text);
    skipBlanks();
    for (std::string_view text : {"is ", "== ", "!= ", "not "})
      skip(text);
    skipBlanks();
    if (rest.starts_with("none") || rest.starts_with("None"))
      return true;
  }
  return false;
}

/// A globals' value that may stand in the record as JSON or as a text that holds JSON.
Value listOf(const Field &field) {
  try {
    if (field.kind == Field::Kind::Text)
      validateJson(field.text);
    Value value = fromJson(field.text);
    if (value.list())
      return value;
  } catch (const RecordProblem &) {
  }
  throw RecordError(fmt::format("'{}' is no list, nor a text that holds one", field.name));
}

/// Keys that callers of a template set themselves.
bool isReserved(std::string_view key) {
  return key == "messages" || key == "bos_token" || key == "eos_token" ||
         key == "add_generation_prompt";
}

void setGlobals(const Record &record, MapValue &globals) {
  for (const Field &field : record.fields) {
    // An empty list is one, as transformers has it; an empty text is none.
    bool isList = field.name == "tools" || field.name == "documents";
    bool isGiven = !isEmpty(field) || (field.kind == Field::Kind::Json && field.text[0] == '[');
    if (isList && isGiven)
      globals.set(std::string(field.name), listOf(field));
    if (field.name != "chat_template_kwargs" || isEmpty(field))
      continue;
    Value given = field.kind == Field::Kind::Json ? fromJson(field.text) : Value();
    if (!given.map())
      throw RecordError("'chat_template_kwargs' is no object");
    for (const auto &[key, value] : given.map()->entries)
      if (isReserved(key))
        throw RecordError(
            fmt::format("'chat_template_kwargs' has '{}', which is not its to set", key));
      else
        globals.set(key, value);
  }
}

} // namespace

ChatTemplate::ChatTemplate(std::string_view source)
    : parsed(std::make_shared<Template>(source)), text(source),
      readsNullContent(asksForNoContent(source)), hash(XXH3_64bits(source.data(), source.size())) {}

/// True if `text` has `word` as a word of its own.
static bool hasWord(std::string_view text, std::string_view word) {
  auto isPart = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t at = 0; (at = text.find(word, at)) != text.npos; at += word.size()) {
    size_t end = at + word.size();
    if ((at == 0 || !isPart(text[at - 1])) && (end == text.size() || !isPart(text[end])))
      return true;
  }
  return false;
}

std::optional<ChatTemplate> ChatTemplate::among(const std::map<std::string, std::string> &named,
                                                std::string_view model) {
  auto own = named.find("default"), tools = named.find("tool_use");
  if (own == named.end())
    return std::nullopt;
  std::string_view at = own->first;
  try {
    ChatTemplate found(own->second);
    if (tools == named.end())
      return found;
    at = tools->first;
    found.parsedForTools = std::make_shared<Template>(tools->second);
    found.toolText = tools->second;
    found.readsNullContent |= asksForNoContent(found.toolText);
    found.hash = XXH3_64bits_withSeed(found.toolText.data(), found.toolText.size(), found.hash);
    return found;
  } catch (const TemplateError &error) {
    throw TemplateError(fmt::format("{}: chat template '{}': {}", model, at, error.what()));
  }
}

bool ChatTemplate::canAsk() const {
  return hasWord(text, "add_generation_prompt") || hasWord(toolText, "add_generation_prompt");
}

bool ChatTemplate::reads(std::string_view key) const {
  auto has = [&](std::string_view word) { return hasWord(text, word) || hasWord(toolText, word); };
  if (std::find(std::begin(thoughts), std::end(thoughts), key) != std::end(thoughts))
    return std::any_of(std::begin(thoughts), std::end(thoughts), has);
  return has(key);
}

std::vector<std::string_view> ChatTemplate::names() {
  std::vector<std::string_view> names;
  for (const NamedTemplate &each : templates)
    names.push_back(each.name);
  return names;
}

ChatTemplate ChatTemplate::named(std::string_view name) {
  for (const NamedTemplate &each : templates)
    if (each.name == name) {
      ChatTemplate found(each.source);
      found.separate = each.separate;
      return found;
    }
  throw TemplateError(
      fmt::format("no chat template is named '{}'; there are {}", name, fmt::join(names(), ", ")));
}

ChatScene ChatTemplate::describe(const Record &record, std::string_view bos,
                                 std::string_view eos) const {
  ChatScene scene;
  for (size_t i = 0; i < record.messages.size(); ++i) {
    const Message &message = record.messages[i];
    scene.messages.push_back(describeMessage(message, i, readsNullContent));
    scene.bytes += std::max(message.content.size(), message.json.size());
  }
  for (const Field &field : record.fields)
    scene.bytes += field.text.size();
  for (const char *key : {"tools", "documents"}) // as transformers has them: defined, and none
    scene.globals.set(key, Value());
  setGlobals(record, scene.globals);
  scene.globals.set("bos_token", std::string(bos));
  scene.globals.set("eos_token", std::string(eos));
  return scene;
}

const Template &ChatTemplate::chosen(const ChatScene &scene) const {
  return parsedForTools && !scene.globals.find("tools")->isNone() ? *parsedForTools : *parsed;
}

Text ChatTemplate::render(const ChatScene &scene, std::span<const Value> messages,
                          bool asked) const {
  MapValue globals = scene.globals;
  globals.set("messages", ListValue({messages.begin(), messages.end()}));
  globals.set("add_generation_prompt", asked);
  TemplateLimits limits; // a long conversation is not the template's doing
  limits.steps += scene.bytes;
  limits.bytes += 16 * scene.bytes;
  return chosen(scene).render(std::move(globals), limits);
}

Text ChatTemplate::render(const Record &record, std::string_view bos, std::string_view eos) const {
  ChatScene scene = describe(record, bos, eos);
  return render(scene, scene.messages);
}

} // namespace roux::data
