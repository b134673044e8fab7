//===- TemplateTest.cpp - the template engine beside Jinja itself ---------===//
//
// vectors.json holds what PyPI's jinja2 makes of published templates and of one
// snippet a feature; make_vectors.py says how it was made.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Template.h"
#include "tests/Paths.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace roux::data;

namespace {

std::string readSource(const std::string &name) {
  std::ifstream file(roux::sourceFolder() + "/tests/runtime/data/template/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Puts the marks of make_vectors.py around what generation blocks rendered.
std::string markGenerated(const Text &text) {
  std::string marked;
  bool inside = false;
  size_t begin = 0;
  for (const Text::Run &run : text.origins()) {
    if (run.origin.generated != inside)
      marked += inside ? '\2' : '\1';
    inside = run.origin.generated;
    marked += text.str().substr(begin, run.end - begin);
    begin = run.end;
  }
  return inside ? marked + '\2' : marked;
}

TEST(Template, MatchesJinja) {
  Value vectors = fromJson(readSource("vectors.json"));
  ASSERT_GT(vectors.list()->items.size(), 100u);
  for (const Value &vector : vectors.list()->items) {
    const MapValue &fields = *vector.map();
    SCOPED_TRACE(fields.find("name")->text()->str());
    const Value *expected = fields.find("output");
    try {
      const Value *file = fields.find("file");
      Template parsed(file ? readSource("published/" + file->text()->str())
                           : fields.find("template")->text()->str());
      Text output = parsed.render(*fields.find("context")->map());
      if (!expected)
        ADD_FAILURE() << "Jinja refuses this, we render: " << output.str();
      else
        EXPECT_EQ(markGenerated(output), expected->text()->str());
    } catch (const TemplateError &error) {
      if (expected)
        ADD_FAILURE() << error.what();
    }
  }
}

/// `{origin:text}` for every run that a message or a generation block is behind.
std::string markOrigins(const Text &text) {
  std::string marked;
  size_t begin = 0;
  for (const Text::Run &run : text.origins()) {
    std::string piece = text.str().substr(begin, run.end - begin);
    begin = run.end;
    bool own = run.origin.message < 0 && !run.origin.generated;
    marked += own ? piece
                  : "{" + std::to_string(run.origin.message) + (run.origin.generated ? "g:" : ":") +
                        piece + "}";
  }
  return marked;
}

std::string renderMarked(const std::string &source) {
  MapValue first, second, globals;
  first.set("content", Text("  The Answer ", {0, false}));
  second.set("content", Text("the answer", {1, false}));
  second.set("call", fromJson(R"({"name": "f", "n": 1})", {1, false}));
  globals.set("messages", ListValue{{first, second}});
  return markOrigins(Template(source).render(globals));
}

// Where the same words stand twice, only their origin tells which ones are the answer.
TEST(Template, TracksWhereBytesComeFrom) {
  EXPECT_EQ(renderMarked("{% for m in messages %}<{{ m.content | trim }}>{% endfor %}"),
            "<{0:The Answer}><{1:the answer}>");
  EXPECT_EQ(renderMarked("{{ '[' + messages[1].content.split(' ')[1] ~ ']' }}"), "[{1:answer}]");
  EXPECT_EQ(renderMarked("{{ messages[1].content | upper | replace('THE', 'An') }}"),
            "An{1: ANSWER}");
  EXPECT_EQ(renderMarked("{{ messages[1].content[4:] }}{{ messages[0].content[::-1] }}"),
            "{1:answer}{0: rewsnA ehT  }");
  EXPECT_EQ(renderMarked("{{ messages[1].call | tojson }}"), "{1:{\"name\": \"f\", \"n\": 1}}");
  EXPECT_EQ(renderMarked("a{% generation %}b{{ messages[1].content }}c{% endgeneration %}d"),
            "a{1g:bthe answerc}d");
  EXPECT_EQ(renderMarked("{% set x %}{{ messages[1].content }}!{% endset %}{{ x | trim }}"),
            "{1:the answer}!");
}

void expectRefusal(const std::string &source, const std::string &message,
                   TemplateLimits limits = {}) {
  try {
    Template(source).render({}, limits);
    ADD_FAILURE() << source << " is not refused";
  } catch (const TemplateError &error) {
    EXPECT_EQ(error.what(), message) << source;
  }
}

TEST(Template, NamesWhatItRefuses) {
  expectRefusal("\n{% include 'x' %}",
                "line 2: tag 'include' is not supported; tags are if, for, set, macro, filter, "
                "generation, break, continue and raw");
  expectRefusal("{{ x | truncate(3) }}", "line 1: filter 'truncate' is not supported");
  expectRefusal("{{ x is prime }}", "line 1: test 'prime' is not supported");
  expectRefusal("{% if x %}", "line 1: found 'end of template', expected '{% endif %}'");
  expectRefusal("{{ x }", "line 1: a '{{' is not closed");
  expectRefusal("a\n{{ nobody.name }}", "line 2: 'nobody' is undefined");
  expectRefusal("{{ raise_exception('no system role') }}",
                "line 1: the template says: no system role");
  expectRefusal("{{ [].append(1) }}", "line 1: 'append' would change a list; a template may not");
  expectRefusal("{{ 9223372036854775807 + 1 }}", "line 1: an integer is larger than 64 bits");
}

// What a downloaded template may spend is bounded.
TEST(Template, RefusesToRunAway) {
  expectRefusal("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "line 1: macros call each other too deeply");
  expectRefusal("{{ 'aaaaaaaaaaaaaaaa' * 9223372036854775807 }}",
                "line 1: the template makes more text than any chat needs");
  expectRefusal("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
                "the template takes more steps than any chat needs", {.steps = 1'000'000});
  expectRefusal("{{ " + std::string(5000, '(') + std::string(5000, ')') + " }}",
                "line 1: nested deeper than 200");
  std::string chain = "{{ 1";
  for (int i = 0; i < 5000; ++i)
    chain += " + 1";
  expectRefusal(chain + " }}", "line 1: more than 500 operators in one tag");
}

} // namespace
