//===- HabitsTest.cpp - mistakes of people who know other tools -----------===//
//
// What somebody writes who comes from axolotl, TRL or LLaMA-Factory, and what
// anybody mistypes: the first error leads to the word that is right here, and it
// is the only one.
//
//===----------------------------------------------------------------------===//
#include "tests/frontend/check/Around.h"

#include "compiler/frontend/OtherWords.h"

#include <gtest/gtest.h>

namespace roux {
namespace {

struct Habit {
  Around around;
  std::string_view wrong;
  std::string_view leadsTo; ///< part of what is said
};

constexpr Habit habits[] = {
    {Around::Train, R"(epochs: 2)", R"(length: 2 epochs)"},
    {Around::Train, R"(num_train_epochs: 2)", R"(length: 2 epochs)"},
    {Around::Train, R"(max_steps: 200)", R"(length: 500 steps)"},
    {Around::Train, R"(length: 2)", R"(steps or epochs)"},
    {Around::Train, R"(length: 1 epoch)", R"(did you mean 'epochs'?)"},
    {Around::Train, R"(gradient_accumulation_steps: 4)", R"(a step is what batch says)"},
    {Around::Train, R"(micro_batch_size: 4)", R"(a key of run)"},
    {Around::Train, R"(batch_size: 4)", R"(write batch:)"},
    {Around::Train, R"(per_device_train_batch_size: 4)", R"(write batch:)"},
    {Around::Train, R"(lr: 1e-5)", R"(adamw(lr: 2e-5))"},
    {Around::Train, R"(learning_rate: 1e-5)", R"(adamw(lr: 2e-5))"},
    {Around::Train, R"(weight_decay: 0.1)", R"(decay: 0.1)"},
    {Around::Train, R"(optimizer: adamw(learning_rate: 1e-5, lr: 1e-5))", R"(write lr)"},
    {Around::Train, R"(optimizer: adamw(lr: 1e-5, eps: 1e-8))", R"(write epsilon)"},
    {Around::Train, R"(optimizer: adamw(lr: 1e-5, weight_decay: 0.1))", R"(write decay)"},
    {Around::Train, R"(optimizer: adamw(lr: 1e-5, beta1: 0.9))", R"(betas: [0.9, 0.999])"},
    {Around::Train, R"(optimizer: adam(lr: 1e-5))", R"(adamw(lr)"},
    {Around::Train, R"(optimizer: sgd(lr: 1e-5))", R"(adamw(lr)"},
    {Around::Train, R"(max_grad_norm: 1)", R"(clip: 1)"},
    {Around::Train, R"(gradient_clipping: 1)", R"(clip: 1)"},
    {Around::Train, R"(warmup_ratio: 0.03)", R"(schedule: [warmup(3%))"},
    {Around::Train, R"(warmup_steps: 30)", R"(schedule: [warmup(3%))"},
    {Around::Train, R"(lr_scheduler: cosine)", R"(schedule: [)"},
    {Around::Train, R"(sequence_len: 8Ki)", R"(the length of a pack)"},
    {Around::Train, R"(max_length: 8Ki)", R"(the length of a pack)"},
    {Around::Train, R"(sample_packing: true)", R"(batch: 8 * pack)"},
    {Around::Train, R"(pad_to_sequence_len: true)", R"(nothing is ever padded)"},
    {Around::Train, R"(group_by_length: true)", R"(sorted(group)"},
    {Around::Train, R"(train_on_inputs: false)", R"(target: role == assistant)"},
    {Around::Train, R"(val_set_size: 5%)", R"(sample(5%))"},
    {Around::Train, R"(eval_steps: 50)", R"(during: every(50 steps))"},
    {Around::Train, R"(save_steps: 50)", R"(save: every(200 steps))"},
    {Around::Train, R"(seed: 7)", R"(seed 7 on a line)"},
    {Around::Train, R"(lora_r: 16)", R"(adapt: lora(rank: 16))"},
    {Around::Train, R"(neftune_noise_alpha: 5)", R"(there is none of it)"},
    {Around::Train, R"(wandb_project: "x")", R"(events/)"},
    {Around::Train, R"(output_dir: "x")", R"(runs/)"},
    {Around::Train, R"(early_stopping_patience: 3)", R"(write keep: best(unseen) and patience: 3)"},
    {Around::Train, R"(wieght: 1 / step.targets)", R"(did you mean 'weight'?)"},
    {Around::Train, R"(optimiser: adamw(lr: 1e-5))", R"(did you mean 'optimizer'?)"},
    {Around::Train, R"(target: assistant)", R"(role == assistant)"},
    {Around::Train, R"(weight: mean)", R"(1 / step.targets)"},
    {Around::Train, R"(target: role == bot)", R"(roles are system)"},
    {Around::Train, R"(target: role == assistant and turn.last)", R"(turn.index == turns - 1)"},
    {Around::Train, R"(target: role = assistant)", R"('==' compares)"},
    {Around::Train, R"(target: role == assistant && turns > 1)", R"(and)"},
    {Around::Train, R"(weight: 1 / step.target_tokens)", R"(write targets)"},
    {Around::Train, R"(weight: 1 / batch.tokens)", R"(there is no)"},
    {Around::Train, R"(batch: 8 * pack(8K tokens, overflow: drop, last: keep))", R"(Ki)"},
    {Around::Train, R"(batch: 8 * pack(8192tokens, overflow: drop, last: keep))",
     R"(after a space)"},
    {Around::Run, R"(bf16: true)", R"(dtype: bf16)"},
    {Around::Run, R"(precision: bf16)", R"(dtype: bf16)"},
    {Around::Run, R"(dtype: bfloat16)", R"(write bf16)"},
    {Around::Run, R"(dtype: float32)", R"(write f32)"},
    {Around::Run, R"(gpus: 8)", R"(devices: 8)"},
    {Around::Run, R"(device: gpu)", R"(write cuda)"},
    {Around::Run, R"(gradient_checkpointing: true)", R"(recompute: layers)"},
    {Around::Run, R"(save_total_limit: 3)", R"(keep: 3)"},
    {Around::Run, R"(logging_steps: 10)", R"(log: every(10 steps))"},
    {Around::Run, R"(deepspeed: "x")", R"(parallel: shard)"},
    {Around::Run, R"(flash_attention: true)", R"(always compiled)"},
    {Around::Run, R"(num_workers: 4)", R"(write threads)"},
    {Around::Data, R"(chats | filter(turns > 1))", R"(write where)"},
    {Around::Data, R"(chats | take(100))", R"(write sample)"},
    {Around::Data, R"(chats | truncate(8Ki))", R"(write cut)"},
    {Around::Data, R"(chats | map(x))", R"(records are read as they are)"},
    {Around::Data, R"(concatenate(chats, docs))", R"(write concat)"},
    {Around::Data, R"(chats | interleave(docs))", R"(write mix)"},
    {Around::Data, R"(jsonl("c.jsonl"))", R"(chat()"},
    {Around::Data, R"(load_dataset("c.jsonl"))", R"(chat()"},
    {Around::Model, R"(from_pretrained("m"))", R"(write load("folder"))"},
    {Around::Model, R"(load("m", tokenizer: "t"))", R"(in a block behind)"},
    {Around::Model, R"(load("m") { rope_theta: 1e6 })", R"(rope: base)"},
    {Around::Model, R"(load("m") { max_position_embeddings: 8Ki })", R"(context: 64Ki)"},
    {Around::Model, R"(load("m") { chat_template: chatml })", R"(template: chatml)"},
};

TEST(Habits, LeadToTheWordThatIsRightHere) {
  for (const Habit &habit : habits) {
    SCOPED_TRACE(habit.wrong);
    CheckedPiece piece(habit.around, habit.wrong);
    EXPECT_FALSE(piece.recipe);
    EXPECT_NE(piece.errors().find(habit.leadsTo), std::string::npos) << piece.errors();
    EXPECT_EQ(piece.diagnostics.all().size(), 1u) << piece.errors();
  }
}

TEST(Habits, AreNotThrustOnOtherWords) {
  EXPECT_EQ(writtenHere("", "train"), "");
  EXPECT_EQ(writtenHere("epoc", "train"), "");
  EXPECT_EQ(writtenHere("epochs num_epochs", "train"), "");
  EXPECT_EQ(writtenHere("learning_rate", "adamw"), "; write lr");
}

// What stands where the text could not be parsed is not judged a second time, everything else is.
TEST(Habits, OneMistakeIsSaidOnce) {
  CheckedPiece piece(Around::File, R"(train x {
  model:     base
  data chats
  target:    role == assistant
  weight:    1 / step.targets
  batch:     each(8 sequences, overflow: error, last: keep)
  optimizer: adam(lr: 1e-3)
  length:    2 epoch
})");
  EXPECT_EQ(piece.errors(), "chats: expected ':' after the key 'data', found 'chats'\n"
                            "epoch: expected ',' or a new line after the value of 'length', found "
                            "'epoch'; did you mean 'epochs'?\n"
                            "adam: expected adamw(…) or muon(…) for 'optimizer' of train, found "
                            "'adam'; the optimizers here are adamw(lr: …) and muon(lr: …, rest: "
                            "adamw(…))");
  CheckedPiece name(Around::File, "train my-sft { lr: 1 }");
  EXPECT_EQ(name.diagnostics.all().size(), 1u) << name.errors();
}

} // namespace
} // namespace roux
