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
  expectRefusal("{{ 10 ** 4301 }}", "line 1: an integer has more than 4300 digits");
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

std::string repeated(const std::string &text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i)
    all += text;
  return all;
}

/// Renders, or is refused by a message that says which limit it met or what it cannot do.
void expectBounded(const std::string &source) {
  try {
    Template(source).render({});
  } catch (const TemplateError &error) {
    std::string message = error.what();
    bool named = false;
    for (std::string_view limit :
         {"more steps than", "more text than", "nested deeper than", "too deeply",
          "more than 500 operators", "4300 digits", "have no order", "no JSON form", "is printed"})
      named |= message.find(limit) != message.npos;
    EXPECT_TRUE(named) << source.substr(0, 80) << ": " << message;
  }
}

// Values that hold themselves or each other, or stand in each other more often than a stack has
// room: printed, compared, sorted, turned into JSON, and let go of.
TEST(Template, BoundsDeepValues) {
  std::string self = "{% set a = namespace() %}{% set b = namespace() %}{% set a.x = [b] %}"
                     "{% set b.x = [a] %}";
  for (const char *use :
       {"{{ a }}", "{{ [a] == [b] }}", "{{ a in [b] }}", "{{ [[a], [b]] | sort }}",
        "{{ a.x | string }}", "{{ [a.x, b.x] | unique | list }}"})
    expectBounded(self + use);
  for (const char *wrap : {"[v.l]", "(v.l,)", "{'a': v.l}", "namespace(a=v.l)", "[v.l].index",
                           "{'a': v.l}.get", "[v.l, v.l]"})
    for (const char *use : {"", "{{ v.l }}", "{{ v.l | tojson }}", "{{ v.l == [v.l] }}"})
      expectBounded("{% set v = namespace(l=[]) %}{% for i in range(100000) %}{% set v.l = " +
                    std::string(wrap) + " %}{% endfor %}" + use);
  std::string twice = "{% set a = [1] %}{% set b = [1] %}" +
                      repeated("{% set a = [a, a] %}{% set b = [b, b] %}", 60);
  for (const char *use : {"{{ a == b }}", "{{ a in [b] }}", "{{ [a, b] | sort }}", "{{ a }}",
                          "{{ a | tojson }}", "{{ [a, b] | max }}", "{{ [b].index(a) }}"})
    expectBounded(twice + use);
}

// Every rule of the grammar that calls itself, and what calls itself while it is rendered.
TEST(Template, BoundsNesting) {
  for (auto [open, close] : {std::pair{"(", ")"},
                             {"[", "]"},
                             {"-", ""},
                             {"not ", ""},
                             {"x(", ")"},
                             {"x[", "]"},
                             {"{'a': ", "}"},
                             {"x | d(", ")"},
                             {"x is in(", ")"}})
    expectBounded("{{ " + repeated(open, 20'000) + "1" + repeated(close, 20'000) + " }}");
  for (const char *before : {"{% for ", "{% set "})
    expectBounded(before + repeated("(", 20'000) + "a" + repeated(")", 20'000) +
                  " in messages %}{% endfor %}");
  for (const char *tag : {"{% if 1 %}", "{% for a in b %}", "{% set x %}", "{% filter trim %}",
                          "{% generation %}", "{% macro m() %}"})
    expectBounded(repeated(tag, 20'000));
  for (auto [open, close] : {std::pair{"{% if 1 %}", "{% endif %}"},
                             {"{% for x in [1] %}", "{% endfor %}"},
                             {"{% set x %}", "{% endset %}"},
                             {"{% generation %}", "{% endgeneration %}"}})
    expectBounded("{% macro m() %}" + repeated(open, 150) + "{{ m() }}" + repeated(close, 150) +
                  "{% endmacro %}{{ m() }}");
  expectRefusal(std::string(600'000, 'x'), "600000 bytes, and a template may have 524288");
  expectBounded("{% macro m(a=m()) %}{% endmacro %}{{ m() }}");
  expectBounded("{{ 'a' | map(" + repeated("'map', ", 400) + "'upper') | list }}");
}

// What one call makes, and what many cheap ones do.
TEST(Template, BoundsSizesAndWork) {
  const std::string text = "{% set a = 'a' * 1000000 %}";
  for (const char *use :
       {"{{ [1] | tojson(indent=9000000000000000000) }}", "{{ ('a\n' * 100000) | indent(100000) }}",
        "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}", "{{ [1] * (9 ** 50) }}",
        "{{ ('a' * 100000).replace('', 'b' * 100000) }}", "{{ ('b' * 100000).join('a' * 100000) }}",
        "{{ ('a' * 100000) | join('b' * 100000) }}", "{{ range(100000) | unique | list }}",
        "{{ ([[1]] * 100000) | sum(start=[]) | length }}", "{{ 10 ** 10000000 }}",
        "{{ 'a'[9 ** 50:] }}", "{{ strftime_now('%c' * 10000000) }}"})
    expectBounded(use);
  for (const char *use :
       {"a | upper", "a | title", "a[::-1]", "a.find('a' * 500000 ~ 'b')", "a.rfind('a' * 500000)",
        "a.count('a')", "a | length", "a[999999]", "a.strip('bcd' * 1000 ~ 'a')", "a | list",
        "a.split('a')", "a | replace('b', '')", "'b' in a", "a == a ~ ''", "a | e", "a ~ a"})
    expectBounded(text + "{% for i in range(100000) %}{% set x = " + use + " %}{% endfor %}");
  expectBounded("{% for i in range(100000) %}{% for j in range(100000) %}{% set x = loop.index %}"
                "{% endfor %}{% endfor %}");
}

// '+' asks a text that went through 'safe' to add, and that one escapes what it is given; '~' does
// not. MarkupSafe's own words, by jinja2 with autoescape off.
TEST(Template, AddsToASafeTextAsMarkup) {
  auto render = [](const std::string &source) { return Template(source).render({}).str(); };
  EXPECT_EQ(render("{{ '<' + ('<a>' | safe) + '&' }}"), "&lt;<a>&amp;");
  EXPECT_EQ(render("{{ '<' ~ ('<a>' | safe) ~ '&' }}"), "<<a>&");
  EXPECT_EQ(render("{{ ('<' | e) + ('<' | e | e) }}"), "&lt;&lt;");
  EXPECT_EQ(render("{{ ('<' ~ ('a' | safe)) + '<' }}"), "<a<");
  expectRefusal("{{ ('a' | safe).replace('a', '<') }}",
                "line 1: 'replace' of a text that is 'safe' is not supported");
}

// A byte that is no character may not make anybody count otherwise than visit.
TEST(Template, RefusesWhatIsNotUtf8) {
  expectRefusal("a\n{{ '\xff\xff\xff\xff' 'a'[::-1] }}", "line 2: byte 6 is not UTF-8");
  expectRefusal("\xe2\x82", "line 1: byte 0 is not UTF-8");
  for (const char *bytes : {"\xff\xff\xff\xff", "\xc3", "\xe2\x82", "\x80\x80", "\xf0\x9f\x98"}) {
    MapValue globals;
    globals.set("x", std::string(bytes) + "ab" + bytes);
    Text all = Template("{{ x[::-1] }}{{ x[1:] }}{{ x[-1] }}{{ x | list }}{{ x | reverse }}"
                        "{{ x | upper }}{{ x.strip('a') }}{{ x | tojson }}{{ x.split('a') }}")
                   .render(globals);
    EXPECT_EQ(all.origins().back().end, all.size());
  }
}

// What json.dumps, str() and repr() make of numbers and characters; the right side is Python's.
TEST(Template, WritesNumbersAndCharactersAsPython) {
  MapValue globals;
  globals.set("x", fromJson(R"({"id": 18446744073709551615, "far": -123456789012345678901234567890,
    "real": 1e400, "small": 1e-7, "whole": 1E5, "text": "a\u200b\u00a0\u2028\ud83d\ude00\u0007é'"})"));
  auto shown = [&](const std::string &source) { return Template(source).render(globals).str(); };
  EXPECT_EQ(shown("{{ x | tojson }}"),
            "{\"id\": 18446744073709551615, \"far\": -123456789012345678901234567890, \"real\": "
            "Infinity, \"small\": 1e-07, \"whole\": 100000.0, \"text\": "
            "\"a\u200b\u00a0\u2028\U0001f600\\u0007é'\"}");
  EXPECT_EQ(shown("{{ [x.text, x.far, x.real, x.whole] }}"),
            "[\"a\\u200b\\xa0\\u2028\U0001f600\\x07é'\", -123456789012345678901234567890, inf, "
            "100000.0]");
  EXPECT_EQ(shown("{{ x.id + 1 }} {{ x.far // 7 }} {{ x.far % 7 }} {{ 2 ** 70 }} {{ x.id / 2 }}"),
            "18446744073709551616 -17636684144620811271604938270 0 1180591620717411303424 "
            "9.223372036854776e+18");
  EXPECT_EQ(shown("{{ 9223372036854775807 + 1 }} {{ '12345678901234567890' | int }} {{ 1e30 | int "
                  "}} {{ x.id == x.id + 0.0 }} {{ x.id > 1.5 }} {{ -7.5 // 2 }} {{ -7.5 % -2 }}"),
            "9223372036854775808 12345678901234567890 1000000000000000019884624838656 False True "
            "-4.0 -1.5");
  EXPECT_EQ(
      shown("{{ x | tojson(separators=(',', ':'), ensure_ascii=true, sort_keys=true) }}"),
      "{\"far\":-123456789012345678901234567890,\"id\":18446744073709551615,\"real\":Infinity,"
      "\"small\":1e-07,\"text\":\"a\\u200b\\u00a0\\u2028\\ud83d\\ude00\\u0007\\u00e9'\","
      "\"whole\":100000.0}");
  EXPECT_EQ(
      shown("{{ '²'.isdigit() }} {{ 'é'.isdigit() }} {{ 'é日'.isalpha() }} {{ '😀'.isalpha() "
            "}} {{ 2.5 | round }} {{ 2.675 | round(2) }} {{ 7 | round }} {{ ' 1_0 ' | int }}"),
      "True False True False 2.0 2.67 7 10");
}

} // namespace
