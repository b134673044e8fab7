//===- MemoryTest.cpp - what a rendering may take of a machine -------------===//
//
// Charges are estimates; here is what they come to. Templates that are small and make as
// much as they may of one thing are rendered under the limits of a real run, each in a
// process of its own, whose memory the system counts.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Template.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace roux::data;

namespace {

constexpr int64_t mostMegabytes = 256;

/// Megabytes by which the process that renders `source` grew at most.
int64_t peakOf(const std::string &source) {
  int pipes[2];
  if (pipe(pipes) != 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    try {
      MapValue globals;
      ListValue messages;
      messages.items.push_back(fromJson(R"({"role": "user", "content": "hi"})", {0, false}));
      globals.set("messages", std::move(messages));
      Template(source).render(std::move(globals));
    } catch (const TemplateError &) {
    }
    getrusage(RUSAGE_SELF, &after);
    int64_t grown = (after.ru_maxrss - before.ru_maxrss) >> 10;
    _exit(write(pipes[1], &grown, sizeof grown) != sizeof grown);
  }
  close(pipes[1]);
  int64_t grown = -1;
  if (read(pipes[0], &grown, sizeof grown) != sizeof grown)
    grown = -1;
  close(pipes[0]);
  waitpid(child, nullptr, 0);
  return grown;
}

/// `name` doubled as often as it can be, then used.
std::string doubled(const std::string &first, int times, const std::string &use) {
  return "{% set v = namespace(a=" + first + ") %}{% for i in range(" + std::to_string(times) +
         ") %}{% set v.a = v.a + v.a %}{% endfor %}" + use;
}

TEST(TemplateMemory, EveryRenderingStaysWithin256Megabytes) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "the sanitizer's own memory is larger";
#endif
#endif
  std::string mixed = "messages[0].content ~ 'x'",
              rounds = "{% for i in range(1000) %}{% for j in range(10000) %}";
  std::string variables;
  for (int i = 0; i < 20'000; ++i)
    variables += "{% set a" + std::to_string(i) + " = " + std::to_string(i) + " %}";
  for (const std::string &source :
       {doubled("'ab'", 60, ""),
        doubled("[1]", 60, ""),
        doubled(mixed, 60, ""),
        doubled("'\\n'", 23, "{% set b = v.a.splitlines() %}"),
        doubled("'a '", 22, "{% set b = v.a.split(' ') %}"),
        doubled("'a '", 22, "{% set b = v.a.split() %}"),
        doubled("'a,'", 22, "{% set b = v.a.rsplit(',', 100) %}"),
        doubled("'ab'", 22, "{% set b = v.a | list %}"),
        doubled("'\\n\\n'", 20, "{{ v.a | indent(60) }}"),
        doubled("'aa'", 20, "{{ v.a | replace('a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb') }}"),
        doubled(mixed, 18,
                "{{ [v.a] * 4 }}{{ v.a | tojson }}{{ v.a | upper }}{{ v.a.split('x') }}"),
        doubled(mixed, 17, "{% generation %}{{ v.a }}{% endgeneration %}{{ v.a | trim }}{{ v.a }}"),
        doubled("range(100000) | list", 4,
                "{% set b = v.a | list %}{% set c = b | reverse | list %}{% set d = c | sort %}"
                "{% set e = d | map('string') | list %}"),
        doubled("range(100000) | list", 3, "{{ v.a }}{{ v.a | tojson(indent=20) }}"),
        doubled("messages", 20, "{% for m in v.a %}{{ m.content }}x{% endfor %}"),
        "{% set v = namespace(a=[]) %}" + rounds +
            "{% set v.a = [v.a, j] %}{% endfor %}{% endfor %}",
        "{% set v = namespace(a=[]) %}" + rounds +
            "{% set v.a = {'k': v.a, 'l': 'm' ~ j} %}{% endfor %}{% endfor %}",
        rounds + "{{ messages[0].content }}x{% endfor %}{% endfor %}",
        rounds + "a{% endfor %}{% endfor %}",
        variables,
        std::string("{{ 'a' * 60000000 }}"),
        std::string("{% set a = [1] * 2600000 %}{{ a | list }}")}) {
    int64_t grown = peakOf(source);
    EXPECT_GE(grown, 0) << source.substr(0, 100);
    EXPECT_LE(grown, mostMegabytes) << source.substr(0, 100);
  }
}

} // namespace
