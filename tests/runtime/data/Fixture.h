//===- Fixture.h - small token stores and expressions for tests -----------===//
//
// Sequences of a stated length and number of targets, whose ids say where they come
// from, so that a test can recognise a token wherever it turns up.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/plan/Plan.h"
#include "runtime/data/plan/Planner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace roux::data::test {

/// A folder of its own for each test, removed with it.
class Folder {
public:
  Folder() {
    const testing::TestInfo *test = testing::UnitTest::GetInstance()->current_test_info();
    path = std::filesystem::temp_directory_path() / (std::string(test->test_suite_name()) + "." +
                                                     test->name() + "." + std::to_string(getpid()));
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path operator/(const char *name) const { return path / name; }

private:
  std::filesystem::path path;
};

/// `targets` labels at the end of `tokens` tokens. Token t of record r has id 1000 * r + t.
struct Sample {
  uint32_t tokens = 0;
  uint32_t targets = 0;
  const char *source = "data";
  uint64_t record = UINT64_MAX; ///< its place in the list, if not said
  bool lastIsInput = true;
  uint32_t part = 0;
};

inline void append(TokenStoreWriter &writer, const Sample &sample, uint64_t place) {
  NewSequence sequence;
  sequence.record = sample.record == UINT64_MAX ? place : sample.record;
  sequence.part = sample.part;
  sequence.source = sample.source;
  sequence.lastIsInput = sample.lastIsInput;
  std::vector<int32_t> ids, labels;
  std::vector<uint8_t> roles;
  std::vector<uint32_t> sentences;
  for (uint32_t t = 0; t < sample.tokens; ++t) {
    ids.push_back(static_cast<int32_t>(1000 * sequence.record + t));
    bool isTarget = t + sample.targets >= sample.tokens;
    labels.push_back(isTarget ? ids.back() : noLabel);
    roles.push_back(writer.role(isTarget ? "assistant" : "user"));
    if (t % 5 == 0)
      sentences.push_back(t);
  }
  uint32_t middle = sample.tokens - sample.targets;
  std::vector<TokenRange> turns = {{0, middle}, {middle, sample.tokens}};
  sequence.ids = ids;
  sequence.labels = labels;
  sequence.roles = roles;
  sequence.turns = turns;
  sequence.sentences = sentences;
  writer.append(sequence);
}

inline TokenStore makeStore(const std::filesystem::path &path, const std::vector<Sample> &samples) {
  TokenStoreWriter writer(path);
  for (size_t i = 0; i < samples.size(); ++i)
    append(writer, samples[i], i);
  writer.finish();
  return TokenStore(path);
}

/// Lengths with a long tail; about a fifth of the sequences has no targets.
inline std::vector<Sample> randomSamples(size_t count, uint32_t longest, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::vector<Sample> samples;
  for (size_t i = 0; i < count; ++i) {
    uint32_t tokens = 2 + random() % (random() % 8 ? longest / 8 : longest - 1);
    uint32_t targets = random() % 5 ? 1 + random() % (tokens - 1) : 0;
    samples.push_back({tokens, targets, i % 3 ? "long" : "short"});
  }
  return samples;
}

/// Where a sequence may be a step by itself.
inline std::vector<Sample> withTargets(std::vector<Sample> samples) {
  for (Sample &sample : samples)
    sample.targets = std::max(sample.targets, 1u);
  return samples;
}

inline Plan makePlan(const std::filesystem::path &path, const TokenStore &store,
                     const PlanSpec &spec) {
  writePlan(path, PlanInput(store), spec);
  Plan plan(path);
  plan.verify(store);
  return plan;
}

inline std::string bytesOf(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Expressions by hand: `number(1) / (read(Scope::Sequence, Attribute::Targets) * …)`.
inline Expression number(double value) {
  Expression::Node node;
  node.number = value;
  return {{node}};
}
inline Expression read(Scope scope, Attribute attribute) {
  Expression::Node node;
  node.operation = Operation::Read;
  node.scope = scope;
  node.attribute = attribute;
  return {{node}};
}
inline Expression text(std::string value) {
  Expression::Node node;
  node.operation = Operation::String;
  node.text = std::move(value);
  return {{node}};
}
inline Expression combine(Expression::Node node, const std::vector<Expression> &operands) {
  Expression result;
  for (const Expression &operand : operands) {
    auto base = static_cast<uint32_t>(result.nodes.size());
    for (Expression::Node each : operand.nodes) {
      for (uint32_t &index : each.operands)
        index += base;
      result.nodes.push_back(std::move(each));
    }
    node.operands.push_back(static_cast<uint32_t>(result.nodes.size() - 1));
  }
  result.nodes.push_back(std::move(node));
  return result;
}
inline Expression apply(Operation operation, const std::vector<Expression> &operands) {
  Expression::Node node;
  node.operation = operation;
  return combine(node, operands);
}
inline Expression sumOver(Scope scope, Scope inner, const Expression &body) {
  Expression::Node node;
  node.operation = Operation::Sum;
  node.scope = scope;
  node.inner = inner;
  return combine(node, {body});
}
inline Expression operator*(const Expression &a, const Expression &b) {
  return apply(Operation::Multiply, {a, b});
}
inline Expression operator/(const Expression &a, const Expression &b) {
  return apply(Operation::Divide, {a, b});
}
inline Expression sequenceMean() {
  return number(1) /
         (read(Scope::Sequence, Attribute::Targets) * read(Scope::Step, Attribute::Sequences));
}
inline Expression tokenMean() {
  return number(1) / read(Scope::Step, Attribute::Targets);
}
inline Expression packMean() {
  return number(1) / (read(Scope::Pack, Attribute::Targets) * read(Scope::Step, Attribute::Packs));
}

} // namespace roux::data::test
