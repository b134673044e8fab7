// Any bytes as a chat template: parsing and rendering end within their limits, whatever a
// downloaded template holds.
#include "runtime/data/template/Template.h"

using namespace roux::data;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MapValue question, answer, globals;
  question.set("role", "user");
  question.set("content", Text("What is\n2 + 2?", {0, false}));
  answer.set("role", "assistant");
  answer.set("content", Text(" It is 4. ", {1, false}));
  globals.set("messages", ListValue{{question, answer}});
  globals.set("bos_token", "<s>");
  globals.set("eos_token", "</s>");
  try {
    Template parsed(std::string_view(reinterpret_cast<const char *>(data), size));
    Text text = parsed.render(globals, {.steps = 20'000, .bytes = 4 << 20, .depth = 50});
    // The runs of origins cover the rendering to its last byte.
    if (!text.empty() && text.origins().back().end != text.size())
      __builtin_trap();
  } catch (const TemplateError &) {
  }
  return 0;
}
