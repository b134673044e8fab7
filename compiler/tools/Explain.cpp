//===- Explain.cpp - `roux explain` ---------------------------------------===//
//
// A diagnostic is one line; its kind is told here at length, with an example.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Diagnostic.h"
#include "compiler/frontend/Mistakes.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"

#include <fmt/format.h>
#include <vector>

namespace roux {

int runExplain(int argc, char **argv) {
  CLI::App app("say more about a kind of mistake; without a name, list them", "roux explain");
  std::string name;
  app.add_option("name", name, "what stands in brackets behind a diagnostic, as in unknown-key");
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  std::vector<std::string_view> names;
  for (const MistakeRow &row : mistakes()) {
    names.push_back(row.name);
    if (name.empty())
      fmt::print("{:<16} {}\n", row.name, row.title);
  }
  if (name.empty())
    return 0;
  const MistakeRow *row = findMistake(name);
  if (!row)
    return refuse(fmt::format("no kind of mistake is called '{}'{}; see 'roux explain'", name,
                              didYouMean(name, names)));
  fmt::print("{}", explanation(*row));
  return 0;
}

} // namespace roux
