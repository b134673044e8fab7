//===- ChatTemplate.cpp - messages into a template's variables ------------===//
//
// The named templates are a table of Jinja texts.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/ChatTemplate.h"

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
               "message.content + '<|im_end|>' + '\\n' }}{% endfor %}"},
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
     "'<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}{% endfor %}"},
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
     "(eos_token if message.role == 'assistant' else '') + '\\n' }}{% endfor %}"},
};

/// Keys of a message that say who speaks or refer to something, and are not what was said.
bool isScaffold(std::string_view key) {
  return key == "role" || key == "name" || key == "tool_call_id" || key == "id";
}

Value describe(const Message &message, int32_t index) {
  MapValue map;
  Origin origin{index, false};
  map.set("role", std::string(message.role));
  if (message.json.empty()) {
    map.set("content", Text(std::string(message.content), origin));
    return map;
  }
  Value said = fromJson(message.json, origin), plain = fromJson(message.json);
  for (const auto &[key, value] : said.map()->entries)
    map.set(key, isScaffold(key) ? *plain.map()->find(key) : value);
  map.set("role", std::string(message.role));
  return map;
}

} // namespace

ChatTemplate::ChatTemplate(std::string_view source)
    : parsed(std::make_shared<Template>(source)), text(source),
      hash(XXH3_64bits(source.data(), source.size())) {}

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

Text ChatTemplate::render(const Record &record, std::string_view bos, std::string_view eos) const {
  ListValue messages;
  for (size_t i = 0; i < record.messages.size(); ++i)
    messages.items.push_back(describe(record.messages[i], i));
  MapValue globals;
  for (const Field &field : record.fields) // templates look for `tools` and `documents`
    if (field.kind == Field::Kind::Json && (field.name == "tools" || field.name == "documents"))
      globals.set(field.name, fromJson(field.text));
  globals.set("messages", std::move(messages));
  globals.set("bos_token", std::string(bos));
  globals.set("eos_token", std::string(eos));
  globals.set("add_generation_prompt", false);
  return parsed->render(std::move(globals));
}

} // namespace roux::data
