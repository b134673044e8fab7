//===- PipelineFixture.h - small pipelines over small files ---------------===//
//
// Writes records to a folder, builds steps without a recipe, and shows sequences
// as text.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ByteTokenizer.h"
#include "runtime/data/pipeline/PipelineRunner.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace roux::data {

class PipelineFixture : public testing::Test {
protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "roux-pipeline-XXXXXX";
    folder = mkdtemp(name.data());
    consumer.tokenizer = std::make_shared<ByteTokenizer>();
    consumer.chat = ChatTemplate::named("chatml");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(const std::string &name, const std::string &text) {
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  /// Adds a step that reads `name` and returns its number.
  uint32_t source(const std::string &definition, const std::string &file, SourceKind kind,
                  Ends ends = Ends::None) {
    DataStep step;
    step.definition = definition;
    step.source.name = definition;
    step.source.files = file;
    step.source.folder = folder;
    step.source.kind = kind;
    step.source.ends = ends;
    pipeline.steps.push_back(step);
    return pipeline.steps.size() - 1;
  }
  DataStep &step(DataOperation operation, std::vector<uint32_t> inputs) {
    DataStep made;
    made.operation = operation;
    made.construct = std::string(spelling(operation)) + "/0";
    made.inputs = std::move(inputs);
    pipeline.steps.push_back(made);
    return pipeline.steps.back();
  }
  uint32_t last() const { return pipeline.steps.size() - 1; }

  std::vector<TokenizedRecord> run(unsigned threads = 2) {
    ledger = {};
    PipelineRunner runner(pipeline, consumer, ledger, threads);
    runner.runSteps();
    origin = runner.origin();
    Workspace workspace = runner.makeWorkspace();
    std::vector<TokenizedRecord> sequences(runner.size());
    for (uint64_t row = 0; row < runner.size(); ++row)
      runner.tokenize(row, sequences[row], workspace);
    return sequences;
  }
  /// The texts of all sequences.
  std::vector<std::string> texts(unsigned threads = 2) {
    std::vector<std::string> texts;
    for (const TokenizedRecord &sequence : run(threads))
      texts.push_back(show(sequence.ids));
    return texts;
  }
  std::string show(const std::vector<int32_t> &ids) const {
    return consumer.tokenizer->decode({reinterpret_cast<const TokenId *>(ids.data()), ids.size()});
  }
  /// What is trained: labels as text, `.` where there is none; token 0 predicts nothing.
  std::string showLabels(const TokenizedRecord &tokens) const {
    std::string shown;
    for (size_t t = 1; t < tokens.labels.size(); ++t)
      shown += tokens.labels[t] == noLabel ? "." : show({tokens.labels[t]});
    return shown;
  }

  // Expressions, as the checker would build them.
  static Expression::Node read(Scope scope, Attribute attribute, std::string text = {}) {
    Expression::Node node;
    node.operation = Operation::Read;
    node.scope = scope;
    node.attribute = attribute;
    node.text = std::move(text);
    return node;
  }
  static Expression::Node number(double value) {
    Expression::Node node;
    node.number = value;
    return node;
  }
  static Expression::Node text(std::string value) {
    Expression::Node node;
    node.operation = Operation::String;
    node.text = std::move(value);
    return node;
  }
  static Expression binary(Operation operation, Expression::Node left, Expression::Node right) {
    Expression::Node root;
    root.operation = operation;
    root.operands = {0, 1};
    Expression expression;
    expression.nodes = {std::move(left), std::move(right), std::move(root)};
    return expression;
  }
  static Expression only(Expression::Node node) {
    Expression expression;
    expression.nodes = {std::move(node)};
    return expression;
  }
  static Expression roleIs(const std::string &role) {
    return binary(Operation::Equal, read(Scope::Token, Attribute::Role), text(role));
  }

  std::filesystem::path folder;
  Consumer consumer;
  DataPipeline pipeline = [] {
    DataPipeline made;
    made.seed = 42;
    return made;
  }();
  Ledger ledger;
  std::string origin;
};

} // namespace roux::data
