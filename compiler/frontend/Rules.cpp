//===- Rules.cpp - what must hold between values of a definition ----------===//
//
// Each value may be right by itself and wrong beside another, or beside another
// definition. A rule is a function of one kind of definition.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux {

using namespace type;

void Checker::checkTogether(const CheckedDefinition &definition) {
  if (definition.kind == ast::Kind::Train)
    checkTrain(definition);
  if (definition.kind == ast::Kind::Eval)
    checkEval(definition);
  if (definition.kind == ast::Kind::Score)
    checkModels(definition);
  if (definition.kind == ast::Kind::Run)
    checkRun(definition);
}

void Checker::checkRun(const CheckedDefinition &run) {
  if (run["dtype"].is("f64") && !run["device"].is("cpu"))
    diagnostics.error(Code::Together, run["dtype"].where, "f64 is for the CPU, where tests use it");
  const CheckedValue &arch = run["arch"];
  bool isOnGPU = !run["device"].is("cpu"), isOfGPU = arch.text.starts_with("sm_");
  if (arch.kind == ValueKind::Word && !arch.is("native") && isOnGPU != isOfGPU)
    diagnostics.error(
        Code::Together, arch.where,
        fmt::format("{} is of {}, and device: {} is {}; expected native, or {}", arch.text,
                    isOfGPU ? "a GPU" : "a processor", run["device"].text,
                    isOnGPU ? "a GPU" : "the processor",
                    isOnGPU ? "sm_80, sm_90a, sm_100a or sm_120a" : "portable, avx2 or avx512"));
  constexpr double mostThreads = 1024;
  if (const CheckedValue &threads = run["threads"];
      threads.kind == ValueKind::Number && threads.number > mostThreads)
    diagnostics.error(
        Code::OutOfRange, threads.where,
        fmt::format("found {} threads, expected at most {}", threads.number, mostThreads));
  const CheckedValue *keep = run["log"].kind == ValueKind::Call ? run["log"].find("keep") : nullptr;
  if (keep && !keep->isNone())
    diagnostics.error(Code::Together, keep->where,
                      "'keep' is of 'save'; a line of the log is never removed");
}

DefinitionAt Checker::definitionAt() const {
  return [this](const CheckedValue &reference) -> const CheckedDefinition & {
    return checked[reference.definition];
  };
}

const CheckedValue *Checker::contextOf(const CheckedValue &model) const {
  if (model.kind == ValueKind::Reference) {
    const CheckedDefinition &definition = checked[model.definition];
    const CheckedValue *start = definition.find("model"); // of a train
    return contextOf(start ? *start : definition.value);
  }
  if (model.kind != ValueKind::Call)
    return nullptr;
  const CheckedValue *context = model.find("context");
  if (context && context->kind == ValueKind::Number)
    return context;
  const CheckedValue *base = model.find("base");
  return base ? contextOf(*base) : nullptr;
}

const CheckedValue *Checker::endpointIn(const CheckedValue &model) const {
  if (model.calls("endpoint"))
    return &model;
  if (model.kind == ValueKind::Reference && checked[model.definition].kind == ast::Kind::Model)
    return endpointIn(checked[model.definition].value);
  if (const CheckedValue *base = model.kind == ValueKind::Call ? model.find("base") : nullptr)
    return endpointIn(*base);
  for (const CheckedValue &item : model.items)
    if (const CheckedValue *found = endpointIn(item))
      return found;
  return nullptr;
}

/// What a model is that is no train's.
std::string_view Checker::whyNoTrain(const CheckedValue &model) const {
  if (model.kind == ValueKind::Reference && checked[model.definition].kind == ast::Kind::Model)
    return whyNoTrain(checked[model.definition].value);
  if (model.kind == ValueKind::Blend)
    return "is a sum of models";
  if (model.calls("average"))
    return "is an average of saves";
  if (model.calls("saved"))
    return "is a save of one";
  const CheckedValue *adapter = model.calls("override") ? model.find("adapt") : nullptr;
  if (adapter && !adapter->isNone())
    return "has tensors that adapt: adds";
  return model.calls("override") ? whyNoTrain(model["base"]) : "names none";
}

std::vector<const CheckedValue *> Checker::adaptersIn(const CheckedValue &model) const {
  if (model.kind == ValueKind::Reference && checked[model.definition].kind == ast::Kind::Model)
    return adaptersIn(checked[model.definition].value);
  if (!model.calls("override"))
    return {};
  std::vector<const CheckedValue *> found = adaptersIn(model["base"]);
  if (const CheckedValue *adapter = model.find("adapt"); adapter && !adapter->isNone())
    found.insert(found.begin(), adapter);
  return found;
}

void Checker::checkAdapter(const CheckedDefinition &train) {
  std::vector<const CheckedValue *> adapters = adaptersIn(train["model"]);
  if (adapters.size() > 1)
    diagnostics
        .error(Code::Together, adapters[0]->where, "a train has one adapter; expected one 'adapt:'")
        .note(adapters[1]->where, "another is here");
  if (const CheckedValue &freeze = train["freeze"]; !adapters.empty() && !freeze.isNone())
    diagnostics
        .error(Code::Together, freeze.where,
               "'freeze' is of a train of the model's own weights, and 'adapt' "
               "leaves all of them as they are")
        .note(adapters[0]->where, "the adapter is here");
}

void Checker::checkTrain(const CheckedDefinition &train) {
  const CheckedValue &model = train["model"], &position = train["position"];
  if (const CheckedValue *endpoint = endpointIn(model))
    diagnostics
        .error(Code::Together, model.where, "an endpoint can only answer; it cannot be trained")
        .note(endpoint->where, "the endpoint is here");
  const CheckedValue *context = contextOf(model);
  if (position.calls("gaps") && context && position["span"].kind == ValueKind::Number &&
      position["span"].number > context->number)
    diagnostics
        .error(Code::Together, position["span"].where,
               "'span' of gaps reaches beyond the model's context of " +
                   std::to_string(std::lround(context->number)) + " tokens")
        .note(context->where, "the context is here");
  if (!train["carry"].isNone() && train["carry"].kind != ValueKind::Mistaken &&
      model.kind != ValueKind::Mistaken && !trainBehind(definitionAt(), model))
    diagnostics
        .error(Code::Together, train["carry"].where,
               fmt::format("'carry' takes from a train, but 'model' {}", whyNoTrain(model)))
        .note(model.where, "the model is here");
  checkAdapter(train);
  checkPairs(train);
  checkSchedule(train["schedule"]);
  if (!train["patience"].isNone() && !train["keep"].calls("best") &&
      train["keep"].kind != ValueKind::Mistaken)
    diagnostics.error(Code::Together, train["patience"].where,
                      "'patience' waits for a better measurement; write keep: best(…) too");
}

void Checker::checkKept() {
  for (const CheckedDefinition &train : checked) {
    const CheckedValue *keep = train.kind == ast::Kind::Train ? train.find("keep") : nullptr;
    if (!keep || !keep->calls("best") || keep->arguments.empty() ||
        (*keep)["measurement"].kind != ValueKind::Word)
      continue;
    const CheckedValue &wanted = (*keep)["measurement"];
    std::vector<std::string_view> known;
    size_t found = 0;
    for (const CheckedDefinition &eval : checked) {
      const CheckedValue *during = eval.kind == ast::Kind::Eval ? eval.find("during") : nullptr;
      const CheckedValue *model = eval.find("model");
      if (!during || during->isNone() || !model || trainNamedBy(definitionAt(), *model) != &train)
        continue;
      for (const CheckedArgument &task : eval.tasks)
        if (task.value.calls("loss")) {
          known.push_back(task.name);
          found += task.name == wanted.text;
        }
    }
    if (found > 1)
      diagnostics.error(Code::Together, wanted.where,
                        fmt::format("{} evals measure '{}' while '{}' trains; give them names that "
                                    "tell them apart",
                                    found, wanted.text, train.name));
    if (found == 0 && !diagnostics.hasErrors())
      diagnostics.error(
          Code::Together, wanted.where,
          fmt::format(
              "no eval measures '{0}' while '{1}' trains{2}; expected eval e {{ model: {1}, "
              "during: every(50 steps), {0}: loss(…) }}",
              wanted.text, train.name, didYouMean(wanted.text, known)));
  }
}

void Checker::checkSchedule(const CheckedValue &schedule) {
  const std::vector<CheckedValue> &parts = schedule.items;
  double share = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const CheckedValue *over = parts[i].kind == ValueKind::Call ? parts[i].find("over") : nullptr;
    const CheckedValue *length = parts[i].kind == ValueKind::Call ? parts[i].find("length") : over;
    if (!length)
      length = over;
    if (length && length->measure == Measure::Percent)
      share += length->number;
    bool isBeforeWarmup = i + 1 < parts.size() && parts[i + 1].calls("warmup");
    if (over && over->isNone() && i + 1 < parts.size() && !isBeforeWarmup)
      diagnostics.error(Code::Together, parts[i].where,
                        "only the last part of a schedule takes the rest of the "
                        "training; write 'over:'");
    if (parts[i].calls("warmup") && i > 0)
      diagnostics.error(Code::Together, parts[i].where, "warmup stands first in a schedule");
  }
  if (share > 1 + 1e-9)
    diagnostics.error(Code::Together, schedule.where,
                      "the parts of a schedule add up to more than 100%");
}

void Checker::checkEval(const CheckedDefinition &eval) {
  const CheckedValue &model = eval["model"];
  bool hasTargets = trainBehind(definitionAt(), model) != nullptr;
  for (const CheckedArgument &task : eval.tasks)
    if (task.value.calls("loss") && !hasTargets && model.kind != ValueKind::Mistaken &&
        eval["target"].isNone())
      diagnostics.error(Code::Together, task.value.where,
                        "loss() needs to know its targets: '" + eval.name +
                            "' measures no train, so write 'target:'");
  checkPairsMeasured(eval);
  const CheckedValue &during = eval["during"];
  if (during.kind == ValueKind::Call && !trainNamedBy(definitionAt(), model) &&
      model.kind != ValueKind::Mistaken)
    diagnostics
        .error(Code::Together, during.where,
               fmt::format("'during' measures while a train runs, but 'model' {}",
                           hasTargets ? "is a block over one, which is another model"
                                      : whyNoTrain(model)))
        .note(model.where, "the model is here");
  if (during.kind == ValueKind::Call && during["interval"].kind == ValueKind::Number &&
      during["interval"].measure != Measure::Steps && during["interval"].measure != Measure::Epochs)
    diagnostics.error(
        Code::WrongUnit, during["interval"].where,
        "'during' counts steps or epochs, so that every run measures at the same ones");
  if (during.kind == ValueKind::Call && !during["keep"].isNone())
    diagnostics.error(Code::Together, during["keep"].where,
                      "'keep' is for saved files; 'during' saves none");
}

void Checker::checkModels(const CheckedDefinition &score) {
  if (arePairs(score["data"]))
    diagnostics.error(Code::Together, score["data"].where,
                      "a score is of one text a record, and a pair has two; "
                      "what a model says of answers is chosen.reference");
  const Expression &value = score["value"].expression;
  bool asks = std::ranges::any_of(value.nodes, [](const Expression::Node &node) {
    return node.operation == Operation::Model && node.text == "perplexity";
  });
  for (const CheckedArgument &let : score.lets)
    for (const Expression::Node &node : let.value.expression.nodes)
      asks |= node.operation == Operation::Model && node.text == "perplexity";
  if (asks && score["model"].isNone())
    diagnostics.error(Code::Together, score.where, "perplexity() asks a model; write 'model:'");
  if (!score["pairs"].isNone() && score["spans"].isNone())
    diagnostics.error(Code::Together, score["pairs"].where,
                      "pairs are pairs of spans; write 'spans:'");
}

bool Checker::readsFiles(const CheckedValue &data) const {
  if (data.kind != ValueKind::Call)
    return false;
  if (data.construct->family == Family::Source)
    return true;
  const CheckedValue *inner = data.find("data");
  return inner && readsFiles(*inner);
}

} // namespace roux
