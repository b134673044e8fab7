//===- PeerTrain.cpp - another tool's training as blocks ------------------===//
//
// What is learnt, in which batches, at which rate, and how it runs.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerWriter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roux::peers {

std::string PeerWriter::target() {
  if (config.truth({"mask_history"}))
    return "role == assistant and turn.index == turns - 1";
  bool all = config.truth({"train_on_inputs", "train_on_prompt"});
  bool answers = config.truth({"assistant_only_loss", "completion_only_loss"});
  if (const PeerValue *roles = config.find({"roles_to_train"}); roles && roles->items.size() > 1)
    decide("roles_to_train",
           "several roles: write target: role in [assistant, tool] or what they are");
  if (isText || all)
    return "true";
  if (isOf(Tool::TRL) && !answers) {
    decide("assistant_only_loss",
           "not set: there prompts are learnt too, and so they are here; for "
           "answers only write target: role == assistant");
    return "true";
  }
  return "role == assistant";
}

std::string PeerWriter::batch() {
  bool groups = config.truth({"group_by_length"});
  if (packs) {
    const char *overflow = drops ? "drop" : "cut(right)";
    decide(
        drops ? "sample_packing" : "packing",
        fmt::format("what is longer than the window: {}, as there; documents of a pack never see "
                    "each other",
                    overflow));
    return fmt::format("units * pack(window, fit: best, overflow: {}, last: keep, order: shuffle)",
                       overflow);
  }
  if (groups)
    decide("group_by_length", "sorted(group: 8): neighbours in length share a step");
  return groups ? "units * sorted(group: 8, overflow: error, last: keep)"
                : "each(units, overflow: error, last: keep, order: shuffle)";
}

std::string PeerWriter::optimizer() {
  std::string name = config.text({"optimizer", "optim"}, "adamw_torch");
  if (!name.starts_with("adamw"))
    decide(config.keys.contains("optim") ? "optim" : "optimizer",
           fmt::format("'{}': the optimizer here is AdamW; its rate is another thing", name));
  else if (name.find("8bit") != name.npos || name.find("4bit") != name.npos)
    decide(config.keys.contains("optim") ? "optim" : "optimizer",
           fmt::format("'{}': the moments are f32", name));
  double rate = isOf(Tool::TRL) ? 2e-5 : 5e-5;
  std::optional<double> given = config.number({"learning_rate"});
  if (!given)
    decide("learning_rate", fmt::format("not written; {} is the other tool's default", rate));
  std::string text = fmt::format("adamw(lr: {}", number(given.value_or(rate)));
  if (double decay = config.number({"weight_decay"}).value_or(0); decay != 0)
    text += fmt::format(", decay: {}", number(decay));
  std::optional<double> first = config.number({"adam_beta1"}),
                        second = config.number({"adam_beta2"});
  if (first || second)
    text += fmt::format(", betas: [{}, {}]", number(first.value_or(0.9)),
                        number(second.value_or(0.999)));
  if (std::optional<double> epsilon = config.number({"adam_epsilon"}))
    text += fmt::format(", epsilon: {}", number(*epsilon));
  return text + ")";
}

std::string PeerWriter::schedule() {
  std::string kind = config.text({"lr_scheduler", "lr_scheduler_type"});
  if (kind.empty())
    kind = isOf(Tool::Axolotl) ? "cosine" : "linear";
  std::vector<std::string> parts;
  std::optional<double> steps = config.number({"warmup_steps"}),
                        ratio = config.number({"warmup_ratio"});
  if (steps && *steps >= 1)
    parts.push_back(fmt::format("warmup({} steps)", number(*steps)));
  else if (double share = ratio.value_or(steps.value_or(0)); share > 0)
    parts.push_back(fmt::format("warmup({}%)", number(share * 100)));
  bool isKnown = kind == "cosine" || kind == "linear" || kind.starts_with("constant");
  if (!isKnown)
    decide(config.keys.contains("lr_scheduler") ? "lr_scheduler" : "lr_scheduler_type",
           fmt::format("'{}' is written as a cosine to 0; say its parts in schedule:", kind));
  parts.push_back(kind.starts_with("constant") ? "constant"
                  : kind == "linear"           ? "linear(to: 0)"
                                               : "cosine(to: 0)");
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string PeerWriter::length() {
  std::optional<double> steps = config.number({"max_steps"});
  std::optional<double> epochs = config.number({"num_epochs", "num_train_epochs"});
  if (steps && *steps > 0)
    return fmt::format("{} steps", number(*steps));
  if (!epochs)
    decide("num_epochs",
           fmt::format("not written; {} is the other tool's default", isOf(Tool::Axolotl) ? 1 : 3));
  return fmt::format("{} epochs", number(epochs.value_or(isOf(Tool::Axolotl) ? 1 : 3)));
}

void PeerWriter::train() {
  std::optional<double> clip = config.number({"max_grad_norm", "gradient_clipping"});
  line("train tuned {");
  line("  model: base");
  line("  data: sft");
  line("  target: " + target());
  line("  weight: 1 / step.targets");
  decide("loss",
         "the mean over the targets of a step, as transformers has it since 4.46; before, it was "
         "over each micro-batch; 1 / (sequence.targets * step.sequences) lets each sequence count "
         "the same");
  line("  batch: " + batch());
  line("  optimizer: " + optimizer());
  line("  schedule: " + schedule());
  if (clip.value_or(1) > 0)
    line(fmt::format("  clip: {}", number(clip.value_or(1))));
  line("  length: " + length());
  line("}\n");
}

void PeerWriter::evaluation() {
  std::optional<double> every = config.number({"eval_steps"});
  bool onTheWay = every && *every >= 1;
  if (every && !onTheWay)
    decide("eval_steps", "a share of the training: write during: every(… steps)");
  if (!hasHeld)
    return;
  line(fmt::format("eval report {{ model: tuned, {}unseen: loss(held) }}\n",
                   onTheWay ? fmt::format("during: every({} steps), ", number(*every)) : ""));
}

void PeerWriter::run() {
  std::string half = config.text({"bf16", "bfloat16", "pure_bf16"});
  bool wantsHalf = half == "auto" || half == "full" || isTrue(half);
  bool other = config.truth({"fp16", "float16"});
  if (config.keys.contains("pure_bf16"))
    decide("pure_bf16", "weights and moments stay f32");
  if (other)
    decide("fp16", "bf16 in its place, which needs no loss scaling");
  bool isF32 = !wantsHalf && !other && !half.empty();
  std::vector<std::string> keys{isF32 ? "dtype: f32" : "dtype: bf16"};
  if (half.empty() && !other)
    decide("bf16", "not written; bf16 with weights and moments in f32");
  if (config.truth({"gradient_checkpointing", "activation_checkpointing"}))
    keys.push_back("recompute: layers");
  std::optional<double> save = config.number({"save_steps"}),
                        keep = config.number({"save_total_limit"});
  if (save && *save >= 1)
    keys.push_back(fmt::format("save: every({} steps{})", number(*save),
                               keep && *keep >= 1 ? fmt::format(", keep: {}", number(*keep)) : ""));
  if (std::optional<double> log = config.number({"logging_steps"}); log && *log >= 1)
    keys.push_back(fmt::format("log: every({} steps)", number(*log)));
  if (config.find({"resume_from_checkpoint", "auto_resume_from_checkpoints"}))
    decide("resume_from_checkpoint", "the same command goes on where it was");
  line(fmt::format("run {{ {} }}", fmt::join(keys, ", ")));
}

} // namespace roux::peers
