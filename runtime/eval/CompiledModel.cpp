//===- CompiledModel.cpp - a compiled model as evaluation sees it ---------===//
//
// Prompts go through in launches of a limited number of tokens, so the memory of
// a prefill does not grow with the batch.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/CompiledModel.h"

#include "runtime/train/CompiledStep.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace roux::eval {

/// Tokens of one prefill launch: enough for matmuls to be as fast as they get.
static constexpr size_t launchTokens = 2048;
/// Room for an answer's first tokens; see KeyValueCache for what follows.
static constexpr int64_t firstRoom = 64;

void CompiledNll::nll(const data::MicroBatch &batch, std::span<double> nll) {
  std::vector<double> found = program.nll(train::columnsOf(batch));
  std::copy(found.begin(), found.end(), nll.begin());
}

CompiledModel::CompiledModel(train::ModelProgram &program)
    : program(program),
      kept(program.executor().device(), program.config().layers, program.cacheRowBytes()) {}

uint32_t CompiledModel::vocabulary() const {
  return static_cast<uint32_t>(program.config().vocabulary);
}

uint64_t CompiledModel::context() const {
  return static_cast<uint64_t>(program.config().context);
}

void CompiledModel::checkToken(int32_t token) const {
  if (token < 0 || static_cast<uint32_t>(token) >= vocabulary())
    throw std::invalid_argument(
        fmt::format("token {} is outside the model's vocabulary of {}", token, vocabulary()));
}

namespace {
/// New tokens of some sequences, gathered until they are worth a launch.
struct Pending {
  std::vector<int32_t> tokens;
  train::CachedColumns columns{{}, {0}, {}, {}, {}};
  std::vector<size_t> sequences;

  void add(const KeyValueCache &cache, size_t sequence, std::span<const int32_t> next) {
    tokens.insert(tokens.end(), next.begin(), next.end());
    columns.segments.push_back(static_cast<int32_t>(tokens.size()));
    columns.begins.push_back(cache.begin(sequence));
    columns.lengths.push_back(cache.lengths[sequence]);
    columns.spans.push_back(cache.spans[sequence]);
    columns.tokens = tokens;
    sequences.push_back(sequence);
  }
};
} // namespace

void CompiledModel::prefill(std::span<const std::vector<int32_t>> prompts,
                            std::span<float> logits) {
  size_t longest = 0;
  for (size_t i = 0; i < prompts.size(); ++i) {
    if (prompts[i].empty())
      throw std::invalid_argument(fmt::format("prompt {} has no tokens", i));
    if (prompts[i].size() > context())
      throw std::invalid_argument(
          fmt::format("prompt {} has {} tokens but the model's context is {}", i, prompts[i].size(),
                      context()));
    for (int32_t token : prompts[i])
      checkToken(token);
    longest = std::max(longest, prompts[i].size());
  }
  kept.reset(prompts.size(), std::min<int64_t>(longest + firstRoom, program.config().context));
  for (size_t i = 0; i < prompts.size(); ++i)
    kept.spans[i] = static_cast<int32_t>(prompts[i].size());
  Pending next;
  std::vector<float> found;
  auto launch = [&] {
    found.resize(next.sequences.size() * vocabulary());
    program.prefill(next.columns, kept.buffers(), found);
    for (size_t i = 0; i < next.sequences.size(); ++i) {
      size_t sequence = next.sequences[i];
      kept.lengths[sequence] += next.columns.segments[i + 1] - next.columns.segments[i];
      // Of a prompt in several launches the last one counts.
      std::copy_n(&found[i * vocabulary()], vocabulary(), &logits[sequence * vocabulary()]);
    }
    next = {};
  };
  for (size_t i = 0; i < prompts.size(); ++i)
    for (size_t at = 0; at < prompts[i].size();) {
      size_t count = std::min(prompts[i].size() - at, launchTokens - next.tokens.size());
      next.add(kept, i, std::span(prompts[i]).subspan(at, count));
      at += count;
      if (next.tokens.size() == launchTokens)
        launch();
    }
  if (!next.tokens.empty())
    launch();
}

void CompiledModel::decode(std::span<const uint32_t> rows, std::span<const int32_t> tokens,
                           std::span<float> logits) {
  int64_t longest = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    checkToken(tokens[i]);
    longest = std::max<int64_t>(longest, kept.lengths.at(rows[i]) + 1);
  }
  if (longest > program.config().context)
    throw std::invalid_argument(
        fmt::format("a sequence of {} tokens does not fit the model's context of {}", longest,
                    program.config().context));
  int64_t room = firstRoom;
  while (room < longest)
    room *= 2;
  kept.reserve(std::min(room, program.config().context));
  Pending next;
  for (size_t i = 0; i < rows.size(); ++i)
    next.add(kept, rows[i], tokens.subspan(i, 1));
  program.decode(next.columns, kept.buffers(), logits);
  for (uint32_t row : rows)
    ++kept.lengths[row];
}

} // namespace roux::eval
