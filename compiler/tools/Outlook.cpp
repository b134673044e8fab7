//===- Outlook.cpp - what a run would do, and why --------------------------===//
//
// Asked of the builders themselves, so that it cannot be another answer than theirs.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/Outlook.h"

#include <fmt/format.h>

namespace roux {

static std::string evalOutlook(const CheckedDefinition &eval, EvalBuilder &evals) {
  evals.prepare(eval);
  return evals.kept(eval) ? "nothing changed" : "would be measured";
}

std::string outlookOf(const CheckedDefinition &definition, TrainBuilder &trains,
                      EvalBuilder &evals) {
  std::string what;
  try {
    if (definition.kind == ast::Kind::Train)
      what = trains.outlook(definition);
    else if (definition.kind == ast::Kind::Eval)
      what = evalOutlook(definition, evals);
    else if (definition.kind == ast::Kind::Score)
      what = trains.scoresOf(definition) ? "nothing changed" : "";
    else
      trains.identityOf(definition.value), what = "would be written unless it is there";
  } catch (const NotMadeYet &notYet) {
    what = notYet.what();
  }
  return fmt::format("{} {}: {}\n", ast::spelling(definition.kind), definition.name, what);
}

} // namespace roux
