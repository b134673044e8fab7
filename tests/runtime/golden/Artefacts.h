//===- Artefacts.h - one small file of each kind that runs leave -----------===//
//
// Made by the library's own writers, the same bytes on every machine. Golden bytes pin
// them, and fuzzers change them here and there.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Program.h"
#include "runtime/data/Sums.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/plan/Planner.h"
#include "runtime/endpoint/Journal.h"
#include "runtime/eval/EvalResult.h"
#include "runtime/score/ScoreFile.h"
#include "runtime/train/Checkpoint.h"

#include <filesystem>
#include <fstream>

namespace roux::golden {

inline constexpr uint64_t vocabulary = 64;

/// Twelve sequences of 1 to 23 tokens: turns, spans, sentences, roles, labels that are not their
/// token, attributes, scores of tokens, a ledger.
inline void makeStore(const std::filesystem::path &path) {
  using namespace data;
  TokenStoreWriter writer(path, {{{"lang", true}, {"score:lds", false}}, {"change"}});
  writer.setOrigin("tokenizer");
  uint8_t user = writer.role("user"), assistant = writer.role("assistant");
  for (uint32_t record = 0; record < 12; ++record) {
    uint32_t tokens = 1 + record * 2, middle = tokens / 2;
    std::vector<int32_t> ids, labels;
    std::vector<uint8_t> roles;
    std::vector<uint32_t> sentences;
    for (uint32_t t = 0; t < tokens; ++t) {
      ids.push_back(static_cast<int32_t>((record * 7 + t) % vocabulary));
      labels.push_back(t < middle ? noLabel : t + 1 == tokens ? 9 : ids.back());
      roles.push_back(t < middle ? user : assistant);
      if (t % 3 == 0)
        sentences.push_back(t);
    }
    std::vector<TokenRange> turns = {{0, middle}, {middle, tokens}}, spans = {{0, tokens}};
    std::vector<AttributeValue> values = {{0, record % 2 ? "de" : "en"}, {record * 0.5, {}}};
    std::vector<float> scores(tokens, 0.25f);
    NewSequence sequence;
    sequence.record = record;
    sequence.part = record == 5;
    sequence.source = record % 3 ? "long" : "short";
    sequence.ids = ids, sequence.labels = labels, sequence.roles = roles;
    sequence.turns = turns, sequence.spans = spans, sequence.sentences = sentences;
    sequence.lastIsInput = record % 4 != 3;
    sequence.attributes = values, sequence.tokenScores = scores;
    writer.append(sequence);
  }
  writer.ledger().add(Fate::Malformed, "on_error: skip", 2, 0, 0, "long:7");
  writer.finish();
}

/// Specs that among them give packs, pieces, holes, and positions that jump.
inline std::vector<data::PlanSpec> specs() {
  using namespace data;
  PlanSpec packed, cut, jumping;
  for (PlanSpec *spec : {&packed, &cut, &jumping})
    spec->seed = 42, spec->construct = "train", spec->context = 64;
  packed.batch.policy = Policy::Pack, packed.batch.tokens = 24, packed.batch.fit = Fit::FillNext;
  packed.batch.overflow = Overflow::Split;
  packed.batch.attend = packed.batch.labels = Reach::Pack;
  cut.batch.policy = Policy::Each, cut.batch.sequences = 3, cut.context = 8;
  cut.batch.overflow = Overflow::CutMiddle;
  jumping.batch.policy = Policy::Each, jumping.batch.sequences = 2;
  jumping.position.at = PositionRule::Sites::Sentence, jumping.position.span = 64;
  jumping.position.sites = 2;
  return {packed, cut, jumping};
}

/// Two tensors of 6 numbers, of which a checkpoint is made and to which it gives them back.
struct Tensors {
  std::vector<float> weight{1, 2, 3, 4, 5, 6}, moment{-1, 0, 1, 0, 0, 2};
  std::vector<train::TensorBytes> bytes() {
    return {{"weight", "f32", {2, 3}, std::as_writable_bytes(std::span(weight))},
            {"weight.first", "f32", {6}, std::as_writable_bytes(std::span(moment))}};
  }
};

inline void makeCheckpoint(const std::filesystem::path &path) {
  train::CheckpointState state;
  state.identity = {1, 2, 3, "model: base\nlength: 2 epochs"};
  state.step = 12, state.updates = 14, state.seed = 42, state.usefulTokens = 1e6;
  state.secondsTrained = 2.5;
  state.kernelChoices = {{"matmul_64", "tile 12x4"}};
  writeCheckpoint(path, state, Tensors().bytes());
}

/// Registers, buffers of several roles, a loop, launches; code that is none.
inline Program makeProgram() {
  auto at = [](Opcode opcode, uint32_t result, int64_t immediate,
               std::vector<uint32_t> operands = {}, std::string name = {}) {
    return Instruction{opcode, result, immediate, std::move(operands), std::move(name), "r:1"};
  };
  Program program;
  program.target.name = "sm_90a", program.kind = CodeKind::PTX;
  program.kernels = {"scale", "add"}, program.code = "no code";
  program.phases = {{{"scale", 256, 8, 1, 0, -1}},
                    {{"add", 128, 64, 3, 49152, 1}, {"add$finish", 32, 0, 5, 0, -1}}};
  ProductForm &form = program.products.emplace_back();
  form.kernel = 1, form.rows = -1, form.columns = 4, form.terms = 6;
  form.operand = "bf16", form.stored = "f32";
  form.matrices = {{{0, 2, 8}, {0, 0, 6}, {1, 0, 4}, {1, 0, 4}}};
  Entry &entry = program.entries.emplace_back();
  entry.name = "train", entry.registers = 8;
  entry.buffers = {{BufferRole::Input, "x", "f32", 4, 8, {0}, "", 0, 0},
                   {BufferRole::Constant, "table", "f32", 4, 2, {}, "12345678", 0, 0},
                   {BufferRole::Activation, "kept", "bf16", 2, 8, {0, 1}, "", 3, 9},
                   {BufferRole::Activation, "early", "f32", 4, 8, {0}, "", 5, 6}};
  entry.instructions = {at(Opcode::Extent, 0, 0, {}, "tokens"),
                        at(Opcode::Constant, 1, 3),
                        at(Opcode::DivideUp, 2, 0, {0, 1}),
                        at(Opcode::Buffer, 3, 0),
                        at(Opcode::Scalar, 4, int64_t(ScalarType::F32), {}, "rate"),
                        at(Opcode::Repeat, 5, 8, {1, 0}),
                        at(Opcode::Minimum, 6, 0, {5, 2}),
                        at(Opcode::Launch, 0, 1, {6, 3, 4}),
                        at(Opcode::End, 0, 5),
                        at(Opcode::Launch, 0, 0, {0, 3})};
  return program;
}

inline void makeScores(const std::filesystem::path &path) {
  score::ScoreFile file(path, 2);
  file.append({1, {0.5, 2}, {{0, 3}, {4, 9}}, {1, 2, 3}});
  file.append({2, {0.25}, {}, {}});
}

inline void makeJournal(const std::filesystem::path &path) {
  endpoint::Journal(path).add("00ff", {"an \"answer\"\né", 3, 5, false});
}

inline void makeSums(const std::filesystem::path &path) {
  data::writeSums(path, {{"metrics.jsonl", 17}, {"model.safetensors", 18}});
}

inline std::string makeResult() {
  eval::EvalResult made{"after", {}};
  made.tasks.push_back(
      {"unseen", eval::HeldOutResult{{"", 0, 0, 2.5, 40},
                                     {{"", 0, 9, 2.25, 20}, {"", 10, 19, 2.75, 20}},
                                     {{"books", 0, 0, 2.5, 40}}}});
  made.tasks.push_back({"needles", eval::NeedleResult{{{512, 0.5, 4, "an \"answer\"\n", 1}}}});
  made.tasks.push_back({"written", eval::SamplesResult{{{"Once", "upon", true}}}});
  return eval::toJson(made);
}

inline std::string bytesOf(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace roux::golden
