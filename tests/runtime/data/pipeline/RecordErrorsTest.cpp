//===- RecordErrorsTest.cpp - what goes wrong in one record ---------------===//
//
// Whatever fails while a record is read, filtered, tokenized or stored names its
// place, and passes over the record where the recipe says so.
//
//===----------------------------------------------------------------------===//
#include "PipelineFixture.h"

#include <cmath>

using namespace roux;
using namespace roux::data;

namespace {

class RecordErrors : public PipelineFixture {
protected:
  /// The record of line 2 is at fault: stopping names it, skipping leaves it out and counts it.
  void expectLine2(const std::string &cause) {
    for (DataStep &step : pipeline.steps)
      step.source.onError = OnError::Stop;
    try {
      store();
      ADD_FAILURE() << "accepted";
    } catch (const RecordError &error) {
      EXPECT_TRUE(std::string(error.what()).starts_with((folder / "d.jsonl:2: ").string()))
          << error.what();
      EXPECT_NE(std::string(error.what()).find(cause), std::string::npos) << error.what();
    }
    for (DataStep &step : pipeline.steps)
      step.source.onError = OnError::Skip;
    store();
    const LedgerLine *line = ledger.find(Fate::Malformed, "d: on_error: skip");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->sequences, 1u);
    EXPECT_NE(line->first[0].find("d.jsonl:2: "), std::string::npos);
    EXPECT_EQ(TokenStore(folder / "store").sequences().size(), 2u);
  }
  void store() {
    TokenStoreWriter writer(folder / "store", {});
    ledger = {};
    PipelineRunner runner(pipeline, consumer, ledger);
    runner.runSteps();
    runner.write(writer, {});
    writer.finish();
  }
  void lines(const std::string &second) {
    write("d.jsonl", "{\"text\": \"one\", \"score\": 1}\n" + second +
                         "\n{\"text\": \"three\", \"score\": 3}\n");
    pipeline.steps.clear();
    source("d", "d.jsonl", SourceKind::Text);
  }
  static Expression fieldAbove(double bound) {
    return binary(Operation::Greater, read(Scope::Sequence, Attribute::Field, "score"),
                  number(bound));
  }
};

// A store is named after the bytes that were indexed, so it may hold no others.
TEST_F(RecordErrors, FilesThatChangeMeanwhileAreRefused) {
  lines("{\"text\": \"two\"}");
  PipelineRunner runner(pipeline, consumer, ledger);
  runner.runSteps();
  std::ofstream(folder / "d.jsonl", std::ios::app) << "{\"text\": \"four\"}\n";
  TokenStoreWriter writer(folder / "store", {});
  std::string message = (folder / "d.jsonl").string() + ": changed while it was being read; "
                                                        "start again";
  for (auto &read : std::initializer_list<std::function<void()>>{
           [&] { runner.write(writer, {}); },
           [&] {
             std::string text;
             for (auto next = runner.texts(); next(text);)
               ;
           },
           [&] { runner.visitRecords([](const Record &, const Row &, const std::string &) {}); }})
    try {
      read();
      ADD_FAILURE() << "accepted";
    } catch (const FileError &error) {
      EXPECT_EQ(error.what(), message);
    }
}

TEST_F(RecordErrors, OfExpressions) {
  for (auto [line, cause] : {std::pair{R"({"text": "two", "score": "n/a"})", "is not a number"},
                             {R"({"text": "two"})", "has no field 'score'"},
                             {R"({"text": "two", "score": [1]})", "is not a number"}})
    for (DataOperation operation :
         {DataOperation::Where, DataOperation::Sort, DataOperation::Keep}) {
      lines(line);
      DataStep &made = step(operation, {0});
      made.expression = fieldAbove(0);
      made.amount = {2, false};
      expectLine2(cause);
    }
}

TEST_F(RecordErrors, OfPatterns) {
  write("d.jsonl", R"({"text": "one", "score": "1"})"
                   "\n"
                   R"({"text": "two", "score": 2})"
                   "\n"
                   R"({"text": "three", "score": "3"})"
                   "\n");
  source("d", "d.jsonl", SourceKind::Text);
  step(DataOperation::Where, {0}).expression =
      binary(Operation::Matches, read(Scope::Sequence, Attribute::Field, "score"), text("[0-9]"));
  expectLine2("2 is not a text");
}

// Not a number is neither true nor false, and no place in an order.
TEST_F(RecordErrors, OfNumbersThatAreNone) {
  auto division = binary(Operation::Divide, read(Scope::Sequence, Attribute::Field, "score"),
                         read(Scope::Sequence, Attribute::Field, "score"));
  for (DataOperation operation : {DataOperation::Where, DataOperation::Sort, DataOperation::Join}) {
    lines(R"({"text": "two", "score": 0})");
    step(operation, {0}).expression = division;
    if (operation == DataOperation::Join) // the two others become one
      step(DataOperation::Concat, {1, 1});
    expectLine2("is not a number");
  }
}

TEST_F(RecordErrors, OfTargets) {
  lines(R"({"text": "two", "score": "n/a"})");
  consumer.target = fieldAbove(0);
  expectLine2("is not a number");
}

TEST_F(RecordErrors, OfLayoutsTemplatesAndRoles) {
  lines("{\"text\": 7}");
  expectLine2("'text' is a number");
  auto chat = [](const std::string &role) {
    return "{\"messages\": [{\"role\": \"" + role + "\", \"content\": \"a\"}]}\n";
  };
  write("d.jsonl", chat("user") + chat("odd") + chat("user"));
  pipeline.steps.clear();
  source("d", "d.jsonl", SourceKind::Chat);
  consumer.chat = ChatTemplate(
      "{{ raise_exception('odd') if messages[0].role == 'odd' else messages[0].content }}");
  expectLine2("odd");
}

// A target may ask for the turn that a token is in, as a plan's weight may.
TEST_F(RecordErrors, NoneOfTurnsInATarget) {
  write("d.jsonl", R"({"messages": [{"role": "user", "content": "a"}, )"
                   R"({"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, )"
                   R"({"role": "assistant", "content": "d"}]})");
  source("d", "d.jsonl", SourceKind::Chat);
  consumer.target = binary(Operation::Greater, read(Scope::Turn, Attribute::Index), number(2));
  EXPECT_TRUE(showLabels(run().at(0)).ends_with(".d<|im_end|>."));
  EXPECT_EQ(run().at(0).countTargets(), 2u);
  consumer.target = binary(Operation::Equal, read(Scope::Turn, Attribute::Role), text("user"));
  EXPECT_EQ(run().at(0).countTargets(), 2u);
}

// A mistyped number is refused before anything is made of it.
TEST_F(RecordErrors, OfMoreRowsThanThereCanBe) {
  lines(R"({"text": "two"})");
  for (uint32_t depth = 0; depth < 4; ++depth)
    step(DataOperation::Repeat, {last()}).times = 1000;
  EXPECT_THROW(run(), DataError);
  pipeline.steps.resize(1);
  for (uint32_t depth = 0; depth < 40; ++depth)
    step(DataOperation::Concat, {last(), last()});
  EXPECT_THROW(run(), DataError);
}

TEST_F(RecordErrors, FindOnlyWhatTheRecipeWritesAsAPattern) {
  std::filesystem::path odd = folder / "set[1]*";
  std::filesystem::create_directory(odd);
  for (const char *name : {"set[1]*/a[1].jsonl", "set[1]*/b.jsonl", "set[1]*/a1.jsonl"})
    write(name, std::string("{\"text\": \"") + name + "\"}\n");
  EXPECT_EQ(findFiles("*.jsonl", odd).size(), 3u);
  EXPECT_EQ(findFiles("a[1].jsonl", odd), std::vector{(odd / "a[1].jsonl").string()});
  EXPECT_EQ(findFiles("?.jsonl", odd), std::vector{(odd / "b.jsonl").string()});
  EXPECT_THROW(findFiles("[ab].jsonl", odd), FileError);
}

} // namespace
