// Recipes made of whatever the language has, through the compile: what the checker accepts is
// imported, its step is built, differentiated, fused and lowered to kernels, or is refused in
// words; nothing on the way may crash, hang or let wrong IR through.
//
// Bytes choose among words instead of being them, so that most recipes are accepted.
#include "compiler/frontend/Check.h"
#include "compiler/frontend/Objective.h"
#include "compiler/import/PrintRecipe.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/StepOfRecipe.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

using namespace roux;

namespace {

class Choices {
public:
  Choices(const uint8_t *data, size_t size) : at(data), end(data + size) {}
  bool done() const { return at == end; }
  uint32_t below(uint32_t limit) { return done() ? 0 : *at++ % limit; }
  template <size_t Count>
  const char *of(const char *const (&words)[Count]) {
    return words[below(Count)];
  }

private:
  const uint8_t *at, *end;
};

constexpr const char *numbers[] = {"1",
                                   "0.5",
                                   "2",
                                   "1e-4",
                                   "1e300",
                                   "0",
                                   "token.nll",
                                   "token.nll",
                                   "token.index",
                                   "token.id",
                                   "token.position",
                                   "token.logsumexp",
                                   "step.targets",
                                   "step.sequences",
                                   "step.packs",
                                   "step.index",
                                   "step.progress",
                                   "sequence.targets",
                                   "sequence.tokens",
                                   "sequence.record",
                                   "turn.index",
                                   "span.index",
                                   "pack.targets",
                                   "pack.sequences",
                                   "sequence.spans",
                                   "uniform(1..9)",
                                   "choice(1, 2, 3)",
                                   "field(\"score\")",
                                   "7",
                                   "-3"};
constexpr const char *functions[] = {"abs",   "exp", "log",     "log2", "sqrt",
                                     "floor", "-",   "sigmoid", "tanh", "ceil"};
constexpr const char *pairs[] = {"{} + {}",     "{} - {}",     "{} * {}",
                                 "{} / {}",     "{} ^ {}",     "min({}, {})",
                                 "max({}, {})", "mod({}, {})", "clamp({}, 0, {})"};
constexpr const char *folds[] = {"sum", "mean", "min", "max", "count"};
constexpr const char *scopes[] = {"step", "sequence", "pack", "turn", "span", "batch"};
constexpr const char *comparisons[] = {"<", "<=", ">", ">=", "==", "!="};
constexpr const char *conditions[] = {"role == assistant", "source == long", "true", "false",
                                      "token.id == 3",     "turn.index > 0"};

std::string truth(Choices &from, int depth);

std::string number(Choices &from, int depth) {
  if (depth == 0 || from.done())
    return from.of(numbers);
  switch (from.below(8)) {
  case 0:
    return fmt::format("{}({})", from.of(functions), number(from, depth - 1));
  case 1:
  case 2:
  case 3: {
    const char *form = from.of(pairs);
    std::string left = number(from, depth - 1), right = number(from, depth - 1);
    return "(" + fmt::format(fmt::runtime(form), left, right) + ")";
  }
  case 4: {
    std::string condition = truth(from, depth - 1), then = number(from, depth - 1);
    return fmt::format("(if {} then {} else {})", condition, then, number(from, depth - 1));
  }
  case 5: {
    const char *fold = from.of(folds);
    std::string body = number(from, depth - 1);
    return fmt::format("{}({} over {})", fold, body, from.of(scopes));
  }
  default:
    return from.of(numbers);
  }
}

std::string truth(Choices &from, int depth) {
  if (depth == 0 || from.below(3) == 0)
    return from.of(conditions);
  std::string left = number(from, depth - 1);
  const char *comparison = from.of(comparisons);
  return fmt::format("({} {} {})", left, comparison, number(from, depth - 1));
}

std::string recipeOf(Choices &from) {
  static constexpr const char *batches[] = {
      "2 * pack(64 tokens, fit: best, overflow: drop, last: keep)",
      "each(4 sequences, overflow: error, last: keep)",
      "2 * sorted(group: 2, overflow: error, last: keep)",
      "tokens(128 tokens, overflow: cut(right), last: keep)"};
  static constexpr const char *optimizers[] = {
      "adamw(lr: 1e-3)", "adamw(lr: 1e-3, betas: [0.8, 0.9], decay: 0.1, epsilon: 1e-6)",
      "adamw(lr: 1e-3, decay: 0.1, exempt: none)"};
  static constexpr const char *types[] = {"f32", "bf16", "f64", "f32"};
  static constexpr const char *recompute[] = {"layers", "none"};
  std::string weight = number(from, 1 + static_cast<int>(from.below(4)));
  std::string loss = from.below(3) ? "" : fmt::format("  loss: {}\n", number(from, 3));
  std::string target = from.below(3) ? "true" : truth(from, 2);
  return fmt::format(
      "model base = load(\"m\") {{ template: plain }}\ndata long = text(\"long.txt\")\n"
      "train t {{\n  model: base\n  data: long\n  target: {}\n  weight: {}\n{}  batch: {}\n"
      "  optimizer: {}\n  length: 2 steps\n}}\nrun {{ dtype: {}, recompute: {} }}\n",
      target, weight, loss, from.of(batches), from.of(optimizers), from.of(types),
      from.of(recompute));
}

constexpr const char *shapes[] = {
    R"({"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2,
        "intermediate_size": 24, "max_position_embeddings": 64, "vocab_size": 32})",
    R"({"model_type": "qwen3", "num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 8, "intermediate_size": 24, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": true, "max_position_embeddings": 64, "vocab_size": 32})",
    R"({"model_type": "gpt2", "n_layer": 1, "n_embd": 16, "n_head": 2, "n_positions": 64,
        "vocab_size": 32})"};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Choices from(data, size);
  model::ModelConfig config = model::parseConfig(from.of(shapes), "config.json");
  SourceManager sources;
  std::string text = recipeOf(from);
  if (std::getenv("SHOW_RECIPES"))
    std::fprintf(stderr, "%s\n", text.c_str());
  uint32_t file = sources.add("fuzz.recipe", text);
  Diagnostics diagnostics(sources);
  CheckOptions options;
  options.read = [](const std::string &) { return std::nullopt; };
  options.files = false;
  std::optional<CheckedRecipe> recipe = check(sources, file, diagnostics, options);
  if (!recipe)
    return 0;
  describeObjectives(sources, *recipe);
  if (printRecipe(sources, *recipe).empty())
    std::abort();
  try {
    StepSource source = stepOf(sources, *recipe, *recipe->find("t"), config);
    std::optional<Program> program = outlineStep(source);
    if (program && program->kernels.empty())
      std::abort();
  } catch (const RefusedRecipe &) {
  }
  return 0;
}
