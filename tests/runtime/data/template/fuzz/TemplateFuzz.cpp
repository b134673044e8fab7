//===- TemplateFuzz.cpp - any bytes as a chat template --------------------===//
//
// Parsing and rendering end within the limits that a real run has, whatever a
// downloaded template holds: with tools, tool calls, thoughts and a generation prompt.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Template.h"

using namespace roux::data;

static Value message(int32_t index, const char *json) {
  MapValue map = *fromJson(json, {index, false}).map();
  map.message = index;
  return map;
}

static MapValue conversation(bool asked) {
  static constexpr const char *messages[] = {
      R"({"role": "system", "content": "Be brief."})",
      R"({"role": "user", "content": "What is\n2 + 2? größe 😀"})",
      R"({"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls":
        [{"id": "abcdefghi", "type": "function", "function": {"name": "add", "arguments":
        {"a": 2, "b": [2.5, true, null, {"c": 123456789012345678901}]}}}]})",
      R"({"role": "tool", "content": "4", "tool_call_id": "abcdefghi", "name": "add"})",
      R"({"role": "assistant", "content": "<think>\nok\n</think>\n\n It is 4. "})"};
  ListValue list;
  for (const char *each : messages)
    list.items.push_back(message(list.items.size(), each));
  MapValue globals;
  globals.set("messages", std::move(list));
  globals.set("tools", fromJson(R"([{"type": "function", "function": {"name": "add",
    "description": "sums", "parameters": {"type": "object", "properties": {"a": {"type":
    ["integer", "null"]}}, "required": ["a"]}}}])"));
  globals.set("bos_token", "<s>");
  globals.set("eos_token", "</s>");
  globals.set("add_generation_prompt", asked);
  return globals;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    Template parsed(std::string_view(reinterpret_cast<const char *>(data), size));
    for (bool asked : {false, true}) {
      Text text = parsed.render(conversation(asked));
      // The runs of origins cover the rendering to its last byte.
      if (!text.empty() && text.origins().back().end != text.size())
        __builtin_trap();
    }
  } catch (const TemplateError &) {
  }
  return 0;
}
