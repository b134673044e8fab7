//===- AskData.cpp - a model asked about the records of some data ---------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/ask/AskData.h"

#include "runtime/ask/ParseAnswer.h"
#include "runtime/data/records/RecordError.h"

#include <fmt/format.h>
#include <set>

namespace roux::ask {

using namespace data;

namespace {

/// Records that are asked together.
class Group {
public:
  Group(const AskRule &rule, const Answers &answers) : rule(rule), answers(answers) {}

  void add(RecordQuestions record) { records.push_back(std::move(record)); }
  size_t size() const { return records.size(); }
  /// Asks them and appends their lines; how many have no answer.
  uint64_t finish(std::string &lines);

private:
  endpoint::Question questionOf(const RecordQuestions &record, size_t number) const;
  AskedRecord fieldsOf(const RecordQuestions &record,
                       std::span<const endpoint::Answered> answered) const;

  const AskRule &rule;
  const Answers &answers;
  std::vector<RecordQuestions> records;
};

} // namespace

endpoint::Question Group::questionOf(const RecordQuestions &record, size_t number) const {
  const RecordQuestion &asked = record.questions[number];
  endpoint::Question question;
  question.prompt = asked.prompt;
  question.tokens = rule.tokens;
  question.temperature = rule.temperature;
  // Without chance equal prompts have equal answers; with it each record has its own.
  if (rule.temperature > 0)
    question.draw = fmt::format("{:016x}/{}", record.key, asked.field);
  return question;
}

AskedRecord Group::fieldsOf(const RecordQuestions &record,
                            std::span<const endpoint::Answered> answered) const {
  AskedRecord found;
  for (size_t i = 0; i < record.questions.size() && found.missing.empty(); ++i) {
    const RecordQuestion &asked = record.questions[i];
    if (!answered[i].refused.empty())
      found.missing = fmt::format("no answer for '{}': {}", asked.field, answered[i].refused);
    else
      parseAnswer(rule.parse, asked.field, answered[i].reply.text, found);
    if (!asked.promptName.empty())
      found.fields.push_back({choiceField(asked.field), {asked.promptName}, false});
    if (rule.chunk > 0)
      found.fields.push_back({chunkField(asked.field), {record.chunkText}, false});
  }
  if (!found.missing.empty())
    found.fields.clear();
  return found;
}

uint64_t Group::finish(std::string &lines) {
  std::vector<endpoint::Question> questions;
  for (const RecordQuestions &record : records)
    for (size_t i = 0; i < record.questions.size(); ++i)
      questions.push_back(questionOf(record, i));
  std::vector<endpoint::Answered> answered = answers.ask(questions);
  size_t at = 0;
  uint64_t missing = 0;
  for (const RecordQuestions &record : records) {
    size_t count = record.questions.size();
    std::vector<std::string> keys;
    for (size_t i = 0; i < count; ++i)
      keys.push_back(answers.keyOf(questions[at + i]));
    AskedRecord found = fieldsOf(record, std::span(answered).subspan(at, count));
    missing += !found.missing.empty();
    lines += lineOf(record, keys, answers.model, found);
    at += count;
  }
  records.clear();
  return missing;
}

std::string askData(const AskRule &rule, SeedTree construct, PipelineRunner &runner,
                    const Tokenizer *tokenizer, const Answers &answers,
                    const std::function<void(const AskProgress &)> &tell) {
  constexpr size_t together = 256;
  Group group(rule, answers);
  AskProgress progress{runner.size(), 0, 0};
  std::set<uint64_t> known; // rows of equal key are one record
  std::string lines;
  auto finish = [&] {
    progress.done += group.size();
    progress.missing += group.finish(lines);
    tell(progress);
  };
  runner.visitRecords([&](const Record &record, const Row &row, const std::string &name) {
    if (!known.insert(row.key).second)
      return;
    RecordQuestions asked;
    try {
      asked = questionsOf(rule, record, construct / row.key, tokenizer);
    } catch (const RecordError &error) {
      throw RecordError(fmt::format("{}: {}", name, error.what()));
    }
    asked.key = row.key;
    asked.name = name;
    group.add(std::move(asked));
    if (group.size() == together)
      finish();
  });
  if (group.size() > 0)
    finish();
  return lines;
}

} // namespace roux::ask
