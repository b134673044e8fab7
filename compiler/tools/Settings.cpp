//===- Settings.cpp - `--set name=value` ----------------------------------===//
//
// Only the form is looked at here; whether the recipe has such a parameter, and
// whether the value suits it, is the checker's to say.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/Settings.h"
#include "compiler/tools/CommandLine.h"

#include <fmt/format.h>

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

} // namespace roux
