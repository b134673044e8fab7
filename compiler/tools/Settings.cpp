//===- Settings.cpp - `--set name=value` and the keys of `run` ------------===//
//
// Only the form is looked at here; whether the recipe has such a parameter, and
// whether the value suits it, is the checker's to say.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/Settings.h"
#include "compiler/frontend/Nouns.h"
#include "compiler/tools/CommandLine.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roux {

void addSettings(CLI::App &app, std::vector<std::string> &set) {
  app.add_option("--set", set, "give the recipe's param NAME the value VALUE")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
}

bool readSettings(const std::vector<std::string> &set, CheckOptions &options) {
  for (const std::string &setting : set) {
    size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      refuse(fmt::format("--set takes name=value, found '{}'", setting));
      return false;
    }
    options.set.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return true;
}

/// What a key means, and which of its words this build only checks.
static std::string helpOf(const Parameter &key) {
  std::vector<std::string_view> onlyChecked;
  for (const WordRow &word : key.words)
    if (word.state == State::CheckedOnly)
      onlyChecked.push_back(word.name);
  State state = State::CheckedOnly;
  if (key.state == state)
    return fmt::format("{} ({})", key.text, spelling(state));
  return onlyChecked.empty()
             ? std::string(key.text)
             : fmt::format("{} ({}: {})", key.text, spelling(state), fmt::join(onlyChecked, ", "));
}

static void addKey(CLI::App &app, CheckOptions &options, const Parameter &key, const char *group) {
  std::string flag = "--" + std::string(key.name);
  if (app.get_option_no_throw(flag))
    return;
  auto keep = [&options, name = std::string(key.name)](const std::string &value) {
    options.run.emplace_back(name, value);
  };
  app.add_option_function<std::string>(flag, keep, helpOf(key))
      ->type_name(expected(key))
      ->group(group);
  // Who knows other programs types --micro-batch.
  std::string dashed = flag;
  std::ranges::replace(dashed, '_', '-');
  if (dashed != flag)
    app.add_option_function<std::string>(dashed, keep)->group("");
  if (key.types == type::Boolean)
    app.add_flag_callback(
           "--no-" + std::string(key.name), [keep] { keep("false"); },
           fmt::format("--{} false", key.name))
        ->group(group);
}

void addRunKeys(CLI::App &app, CheckOptions &options) {
  for (const Parameter &key : constructOf(ast::Kind::Run).parameters)
    addKey(app, options, key, "Keys of run, instead of the recipe's");
}

void addModelKeys(CLI::App &app, CheckOptions &options) {
  for (const Parameter &key : constructOf(ast::Kind::Run).parameters)
    if (std::ranges::count(modelKeys, key.name))
      addKey(app, options, key, "How it computes, as keys of run (dtype: f32)");
}

} // namespace roux
