//===- Template.h - a chat template, ready to render ----------------------===//
//
// What the rest of the runtime sees of the template engine.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/template/Interpreter.h"

#include <string>
#include <string_view>

namespace roux::data {

/// The day that `strftime_now` prints unless told otherwise: 26 July 2024, the date that Llama
/// 3.1's template itself falls back to. Not the clock, so that a plan stays the same.
inline constexpr int64_t templateDay = 1'721'952'000;

class Template {
public:
  /// Throws TemplateError naming the line and what is not supported.
  explicit Template(std::string_view source)
      : root(jinja::parse(source)), generates(jinja::has(*root, jinja::NodeKind::Generation)) {}

  /// It has `{% generation %}` blocks, with which its author says what answers are.
  bool marksAnswers() const { return generates; }

  /// Renders with `globals` as variables. Throws TemplateError. Safe from many threads.
  Text render(MapValue globals, TemplateLimits limits = {}, int64_t now = templateDay) const {
    return Interpreter(std::move(globals), limits, now).render(*root);
  }

private:
  jinja::NodePtr root;
  bool generates;
};

} // namespace roux::data
