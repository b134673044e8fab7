//===- Rules.cpp - what must hold between values --------------------------===//
//
// Each value may be right by itself and wrong beside another. A rule is a
// function of one construct; the table at the end says which.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

namespace roux {

using namespace type;

using Report = std::function<Diagnostic &(SourceRange, std::string)>;

static void checkSpans(const CheckedValue &call, const Report &report) {
  bool hasTokens = !call["tokens"].isNone(), hasPlace = !call["at"].isNone();
  if (hasTokens == hasPlace)
    report(call.where, hasTokens ? "spans are marked by tokens or at places; found both"
                                 : "spans needs 'tokens:' or 'at:'");
}

static void checkMix(const CheckedValue &call, const Report &report) {
  double total = 0;
  bool isWhole = true;
  for (const CheckedArgument &argument : call.arguments)
    if (argument.named) {
      total += argument.value.number;
      isWhole &= argument.value.kind == ValueKind::Number;
    }
  if (isWhole && std::fabs(total - 1) > 1e-9)
    report(call.where, "the shares of a mix add up to 100%; found " +
                           fmt::format("{}%", std::round(total * 1e4) / 100));
}

static void checkAsk(const CheckedValue &call, const Report &report) {
  if (std::ranges::none_of(call.arguments, &CheckedArgument::named))
    report(call.where, "ask makes a field: ask(model, name: prompt)");
}

static void checkSplit(const CheckedValue &call, const Report &report) {
  const CheckedValue &lengths = call["pow2"];
  auto isPower = [](double x) { return x >= 1 && std::exp2(std::round(std::log2(x))) == x; };
  if (lengths.kind == ValueKind::Range && !(isPower(lengths.number) && isPower(lengths.high)))
    report(lengths.where, "'pow2' runs between powers of two, as in 256..8Ki");
}

/// bf16 has eight bits: a second moment of slower decay would stay what it is.
static void checkMoments(const CheckedValue &call, const CheckedValue &moments,
                         const Report &report) {
  constexpr double slowest = 0.99;
  const CheckedValue &betas = call["betas"];
  if (moments.is("bf16") && betas.kind == ValueKind::List && betas.items.size() == 2 &&
      betas.items[1].kind == ValueKind::Number && betas.items[1].number > slowest)
    report(moments.where,
           fmt::format("in bf16 a second moment that decays by {} would stand still; expected "
                       "betas up to {}, as in [0.9, 0.95]",
                       betas.items[1].number, slowest));
}

static void checkGroups(const CheckedValue &optimizer, const Report &report) {
  const CheckedValue &groups = optimizer["groups"];
  std::set<std::string_view> named;
  for (const CheckedValue &group : groups.kind == ValueKind::List
                                       ? std::span<const CheckedValue>(groups.items)
                                       : std::span(&groups, groups.isNone() ? 0 : 1)) {
    if (!group.calls("group"))
      continue;
    const CheckedValue &of = group["of"];
    for (const CheckedValue &word :
         of.kind == ValueKind::List ? std::span<const CheckedValue>(of.items) : std::span(&of, 1))
      if (word.kind == ValueKind::Word && !named.insert(word.text).second)
        report(word.where, fmt::format("'{}' is in a group already", word.text));
    if (group["lr"].isNone() && group["decay"].isNone())
      report(group.where, "a group has something of its own; write 'lr:' or 'decay:'");
    if (!group["lr"].isNone() && optimizer["lr"].kind == ValueKind::Number &&
        optimizer["lr"].number == 0)
      report(group["lr"].where, "a group's rate follows the schedule of the optimizer's, and a "
                                "schedule up to 0 has no shape; expected an 'lr' of it above 0");
  }
}

static void checkMuon(const CheckedValue &call, const Report &report) {
  const CheckedValue &momentum = call["momentum"], &rest = call["rest"];
  if (momentum.kind == ValueKind::Number && momentum.number >= 1)
    report(momentum.where,
           fmt::format("'momentum' is from 0 to below 1; found {}", momentum.number));
  checkGroups(call, report);
  if (rest.kind == ValueKind::Call && !rest.calls("adamw"))
    report(rest.where, "'rest' is what muon does not update; expected adamw(…)");
  if (!rest.calls("adamw"))
    return;
  checkMoments(rest, call["moments"], report);
  if (!rest["groups"].isNone())
    report(rest["groups"].where, "groups are of the whole optimizer; write them in muon(…)");
  if (!rest["moments"].is("full"))
    report(rest["moments"].where, "moments are of the whole optimizer; write it in muon(…)");
}

/// A share that was written as a number.
static void checkAmount(const CheckedValue &call, const Report &report) {
  const CheckedValue &amount = call[call.calls("sample") ? "amount" : "top"];
  bool isFraction = amount.kind == ValueKind::Number && amount.measure != Measure::Percent &&
                    amount.number > 0 && amount.number < 1;
  if (isFraction)
    report(amount.where, fmt::format("{} records are less than one; a share is written {}%",
                                     amount.number, amount.number * 100));
}

static void checkAdamW(const CheckedValue &call, const Report &report) {
  checkGroups(call, report);
  checkMoments(call, call["moments"], report);
  const CheckedValue &betas = call["betas"];
  if (betas.kind == ValueKind::Mistaken)
    return;
  bool areShares = std::ranges::all_of(betas.items, [](const CheckedValue &beta) {
    return beta.kind != ValueKind::Number || beta.number < 1;
  });
  if (betas.kind != ValueKind::List || betas.items.size() != 2 || !areShares)
    report(betas.where, "'betas' are two numbers from 0 to below 1, as in [0.9, 0.95]");
}

static void checkLora(const CheckedValue &call, const Report &report) {
  const CheckedValue &dropout = call["dropout"];
  if (dropout.kind == ValueKind::Number && dropout.number >= 1)
    report(dropout.where,
           fmt::format("'dropout' leaves out a share from 0 to below 100%; found {}%",
                       dropout.number * 100));
}

static void checkShape(const CheckedValue &call, const Report &report) {
  auto divides = [&](const char *part, const char *whole) {
    const CheckedValue &a = call[part], &b = call[whole];
    if (a.kind == ValueKind::Number && b.kind == ValueKind::Number &&
        std::fmod(b.number, a.number) != 0)
      report(a.where, std::string("'") + part + "' must divide '" + whole + "'; found " +
                          std::to_string(std::lround(a.number)) + " and " +
                          std::to_string(std::lround(b.number)));
  };
  divides("heads", "dim");
  divides("kv_heads", "heads");
  if (const CheckedValue &truncate = call["truncate"];
      truncate.kind == ValueKind::Number && truncate.number < 1)
    report(truncate.where, fmt::format("found {} deviations, expected at least 1, or most draws "
                                       "would be drawn again",
                                       truncate.number));
}

static void checkRanks(const CheckedValue &call, const Report &report) {
  if (call["file"].text.ends_with(".tiktoken") && call["pattern"].is("none"))
    report(call.where, "tiktoken ranks do not say how text is cut; write 'pattern:'");
}

namespace {
struct RuleRow {
  std::string_view construct;
  Family family;
  void (*check)(const CheckedValue &, const Report &);
};
constexpr RuleRow rules[] = {
    {"spans", Family::Record, checkSpans},    {"mix", Family::Record, checkMix},
    {"ask", Family::Record, checkAsk},        {"split", Family::Record, checkSplit},
    {"sample", Family::Record, checkAmount},  {"keep", Family::Record, checkAmount},
    {"adamw", Family::Optimizer, checkAdamW}, {"muon", Family::Optimizer, checkMuon},
    {"lora", Family::Adapter, checkLora},     {"new", Family::Model, checkShape},
    {"load", Family::Tokenizer, checkRanks},
};
} // namespace

void Checker::checkTogether(const CheckedValue &call) {
  Report report = [this](SourceRange where, std::string text) -> Diagnostic & {
    return diagnostics.error(Code::Together, where, std::move(text));
  };
  for (const RuleRow &rule : rules)
    if (rule.construct == call.construct->name && rule.family == call.construct->family)
      rule.check(call, report);
  if ((call.calls("average") || call.calls("saved")) && call["model"].kind != ValueKind::Mistaken &&
      !trainNamedBy(definitionAt(), call["model"]))
    diagnostics.error(Code::WrongValue, call["model"].where,
                      fmt::format("'{}' is of what a train saved; expected the name of a train",
                                  call.construct->name));
}

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
