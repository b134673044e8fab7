//===- DataFlow.cpp - a data definition as a pipeline ---------------------===//
//
// One function a construct, found by name in a table. A definition that several
// others read becomes one chain of steps that they share.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/DataFlow.h"

#include "compiler/frontend/Constructs.h"
#include "compiler/plan/Asks.h"
#include "compiler/plan/Counts.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/Words.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>

namespace roux {

using data::DataOperation;
using data::DataStep;

namespace {

class DataFlow {
public:
  DataFlow(const SourceManager &sources, const CheckedRecipe &recipe)
      : sources(sources), recipe(recipe) {
    pipeline.seed = recipe.seed;
  }

  /// Adds the steps of a value; returns the last one.
  uint32_t add(const CheckedValue &value);
  data::DataPipeline pipeline;
  std::vector<AskSite> asks;

private:
  using Fill = void (*)(DataFlow &, const CheckedValue &call, DataStep &step);
  struct Row {
    std::string_view name;
    DataOperation operation;
    Fill fill;
  };
  static const Row rows[];

  uint32_t addDefinition(uint32_t index);
  /// How many samples were drawn of what flows into `step`: what tells its draw from theirs. Names
  /// and filters do not, so that data that are held out stay held out.
  uint32_t samplesBehind(const DataStep &step) const;
  static void read(DataFlow &flow, const CheckedValue &call, DataStep &step);
  static void mix(DataFlow &flow, const CheckedValue &call, DataStep &step);
  static void spans(DataFlow &flow, const CheckedValue &call, DataStep &step);
  static void split(DataFlow &flow, const CheckedValue &call, DataStep &step);

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  std::map<uint32_t, uint32_t> last;      ///< the step that completes a definition
  std::string definition = "data";        ///< being added: a name, or a consumer's own expression
  std::map<std::string, uint32_t> counts; ///< constructs so far, by their place without number
};

data::Amount amountOf(const CheckedValue &value) {
  return {value.number, value.measure == Measure::Percent};
}

constexpr std::pair<std::string_view, data::Side> sides[] = {
    {"right", data::Side::Right}, {"left", data::Side::Left}, {"middle", data::Side::Middle}};
constexpr std::pair<std::string_view, data::Ends> ends[] = {{"none", data::Ends::None},
                                                            {"bos", data::Ends::Bos},
                                                            {"eos", data::Ends::Eos},
                                                            {"both", data::Ends::Both}};
constexpr std::pair<std::string_view, data::Layout> layouts[] = {
    {"auto", data::Layout::Auto},
    {"messages", data::Layout::Messages},
    {"sharegpt", data::Layout::ShareGPT},
    {"alpaca", data::Layout::Alpaca}};
constexpr std::pair<std::string_view, data::SourceKind> kinds[] = {
    {"chat", data::SourceKind::Chat},
    {"completion", data::SourceKind::Completion},
    {"text", data::SourceKind::Text},
    {"tokens", data::SourceKind::Tokens},
    {"pairs", data::SourceKind::Pairs}};

} // namespace

void DataFlow::read(DataFlow &flow, const CheckedValue &call, DataStep &step) {
  data::SourceSpec &source = step.source;
  source.name = flow.definition;
  source.kind = wordOf(call, kinds);
  source.files = call["files"].text;
  source.folder = std::filesystem::path(flow.sources.path(call.where.file)).parent_path();
  if (const CheckedValue *value = call.find("ends"))
    source.ends = wordOf(*value, ends);
  if (const CheckedValue *value = call.find("layout"))
    source.layout = wordOf(*value, layouts);
  source.onError = call["on_error"].is("skip") ? data::OnError::Skip : data::OnError::Stop;
  source.maxRecord = static_cast<uint64_t>(call["max_record"].number);
}

void DataFlow::mix(DataFlow &flow, const CheckedValue &call, DataStep &step) {
  step.byTokens = call["by"].is("tokens");
  const CheckedValue &shorter = call["short"];
  using enum data::Short;
  step.shorter = shorter.is("repeat")                         ? Repeat
                 : shorter.origin.kind == OriginKind::Default ? Unsaid
                                                              : Stop;
  for (const CheckedArgument &share : call.arguments) {
    if (!share.named)
      continue;
    const CheckedDefinition *mixed = flow.recipe.find(share.name);
    step.inputs.push_back(flow.addDefinition(mixed - flow.recipe.definitions.data()));
    step.shares.push_back(share.value.number);
  }
}

void DataFlow::spans(DataFlow &flow, const CheckedValue &call, DataStep &step) {
  using At = data::SpanRule::At;
  data::SpanRule &rule = step.spans;
  const CheckedValue &at = call["at"];
  rule.at = call["tokens"].isNone() ? At::Delimiters : At::Tokens;
  if (at.is("sentence"))
    rule.at = At::Sentence;
  else if (at.is("turn"))
    rule.at = At::Turn;
  else if (at.calls("delimiters"))
    for (const CheckedValue &text : at["texts"].items)
      rule.delimiters.push_back(text.text);
  if (const CheckedValue &tokens = call["tokens"]; !tokens.isNone())
    rule.tokens = countOf(flow.sources, tokens);
  rule.dropTail = call["tail"].is("drop");
  if (const CheckedValue &most = call["at_most"]; !most.isNone())
    rule.atMost = countOf(flow.sources, most);
}

void DataFlow::split(DataFlow &flow, const CheckedValue &call, DataStep &step) {
  step.split.low = static_cast<uint64_t>(call["pow2"].number);
  step.split.high = static_cast<uint64_t>(call["pow2"].high);
  step.split.randomOverlong = call["overlong"].is("random");
  step.split.dropTail = call["tail"].is("drop");
}

const DataFlow::Row DataFlow::rows[] = {
    {"chat", DataOperation::Read, read},
    {"completion", DataOperation::Read, read},
    {"text", DataOperation::Read, read},
    {"tokens", DataOperation::Read, read},
    {"pairs", DataOperation::Read, read},
    {"where", DataOperation::Where,
     [](DataFlow &, const CheckedValue &call, DataStep &step) {
       step.expression = call["condition"].expression;
     }},
    {"sample", DataOperation::Sample,
     [](DataFlow &, const CheckedValue &call, DataStep &step) {
       step.amount = amountOf(call["amount"]);
     }},
    {"without", DataOperation::Without,
     [](DataFlow &flow, const CheckedValue &call, DataStep &step) {
       step.inputs.push_back(flow.add(call["others"]));
     }},
    {"shuffle", DataOperation::Shuffle, [](DataFlow &, const CheckedValue &, DataStep &) {}},
    {"concat", DataOperation::Concat, [](DataFlow &, const CheckedValue &, DataStep &) {}},
    {"mix", DataOperation::Mix, mix},
    {"repeat", DataOperation::Repeat,
     [](DataFlow &flow, const CheckedValue &call, DataStep &step) {
       step.times = countOf(flow.sources, call["times"]);
     }},
    {"join", DataOperation::Join,
     [](DataFlow &, const CheckedValue &call, DataStep &step) {
       step.expression = call["by"].expression;
     }},
    {"sort", DataOperation::Sort,
     [](DataFlow &, const CheckedValue &call, DataStep &step) {
       step.expression = call["by"].expression;
       step.falling = call["order"].is("falling");
     }},
    {"keep", DataOperation::Keep,
     [](DataFlow &, const CheckedValue &call, DataStep &step) {
       step.expression = call["by"].expression;
       step.amount = amountOf(call["top"]);
     }},
    {"strip", DataOperation::Strip,
     [](DataFlow &, const CheckedValue &call, DataStep &step) {
       step.characters = call["characters"].text;
       step.role = call["from"].is("any") ? "" : call["from"].text;
     }},
    {"spans", DataOperation::Spans, spans},
    {"keep_spans", DataOperation::KeepSpans,
     [](DataFlow &, const CheckedValue &call, DataStep &step) {
       step.expression = call["condition"].expression;
     }},
    {"cut", DataOperation::Cut,
     [](DataFlow &flow, const CheckedValue &call, DataStep &step) {
       step.tokens = countOf(flow.sources, call["length"]);
       step.side = wordOf(call["side"], sides);
       if (const CheckedValue &field = call["field"]; !field.isNone()) {
         step.operation = DataOperation::CutField;
         step.field = field.text;
       }
     }},
    {"split", DataOperation::Split, split},
    {"ask", DataOperation::Ask,
     [](DataFlow &flow, const CheckedValue &call, DataStep &step) {
       step.ask = askRuleOf(flow.sources, flow.recipe, call);
       flow.asks.push_back({static_cast<uint32_t>(flow.pipeline.steps.size()), &call});
     }},
    {"pick", DataOperation::Pick,
     [](DataFlow &flow, const CheckedValue &call, DataStep &step) {
       step.field = call["field"].text;
       step.times = countOf(flow.sources, call["count"]);
     }},
    {"as_chat", DataOperation::AsChat,
     [](DataFlow &flow, const CheckedValue &call, DataStep &step) {
       auto prompt = [&](const char *role) { return promptText(flow.recipe, call[role]); };
       step.chat = {call["system"].isNone() ? "" : prompt("system"), prompt("user"),
                    prompt("assistant")};
     }},
};

uint32_t DataFlow::addDefinition(uint32_t index) {
  if (auto known = last.find(index); known != last.end())
    return known->second;
  std::string outer = std::exchange(definition, recipe.definitions[index].name);
  uint32_t step = add(recipe.definitions[index].value);
  // A definition that only names another completes with a step of its own, so that
  // `source in d` can tell the two apart.
  if (!pipeline.steps[step].definition.empty()) {
    DataStep same;
    same.operation = DataOperation::Concat;
    same.construct = definition + "/same";
    same.inputs = {step};
    pipeline.steps.push_back(std::move(same));
    step = pipeline.steps.size() - 1;
  }
  pipeline.steps[step].definition = definition;
  definition = std::move(outer);
  return last[index] = step;
}

uint32_t DataFlow::samplesBehind(const DataStep &step) const {
  std::set<uint32_t> seen(step.inputs.begin(), step.inputs.end());
  std::vector<uint32_t> open(seen.begin(), seen.end());
  uint32_t samples = 0;
  while (!open.empty()) {
    const DataStep &before = pipeline.steps[open.back()];
    open.pop_back();
    samples += before.operation == DataOperation::Sample;
    for (uint32_t input : before.inputs)
      if (seen.insert(input).second)
        open.push_back(input);
  }
  return samples;
}

uint32_t DataFlow::add(const CheckedValue &value) {
  if (value.kind == ValueKind::Reference)
    return addDefinition(value.definition);
  assert(value.kind == ValueKind::Call && "data that is neither a name nor a call");
  const Row *row = std::find_if(std::begin(rows), std::end(rows),
                                [&](const Row &candidate) { return value.calls(candidate.name); });
  if (row == std::end(rows))
    throw RefusedRecipe(
        sources, value.where,
        fmt::format("'{}' is checked, but this build does not run it", value.construct->name));
  DataStep step;
  step.operation = row->operation;
  std::string place = fmt::format("{}/{}", definition, row->name);
  step.construct = fmt::format("{}/{}", place, counts[place]++);
  if (const CheckedValue *input = value.find("data"); input && input->kind == ValueKind::List)
    for (const CheckedValue &item : input->items)
      step.inputs.push_back(add(item));
  else if (input)
    step.inputs.push_back(add(*input));
  row->fill(*this, value, step);
  if (step.operation == DataOperation::Sample)
    step.draw = samplesBehind(step);
  pipeline.steps.push_back(std::move(step));
  return pipeline.steps.size() - 1;
}

data::DataPipeline pipelineOf(const SourceManager &sources, const CheckedRecipe &recipe,
                              const CheckedValue &data, std::vector<AskSite> &asks) {
  DataFlow flow(sources, recipe);
  flow.add(data);
  asks = std::move(flow.asks);
  return std::move(flow.pipeline);
}

} // namespace roux
