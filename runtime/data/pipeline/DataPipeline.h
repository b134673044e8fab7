//===- DataPipeline.h - what a `data` definition does, as plain values ----===//
//
// The compiler fills this from a checked recipe: the steps a consumer's data go
// through, each after its inputs. Nothing here refers to the recipe's text.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"
#include "runtime/data/pipeline/AnswerTable.h"
#include "runtime/data/pipeline/AskRule.h"
#include "runtime/data/pipeline/ScoreTable.h"
#include "runtime/data/records/RecordSource.h"

#include <cstdint>
#include <string>
#include <vector>

namespace roux::data {

enum class DataOperation : uint8_t {
  Read,    ///< source
  Where,   ///< expression
  Sample,  ///< amount
  Without, ///< inputs: data, others
  Shuffle,
  Concat,    ///< inputs in order
  Mix,       ///< inputs, shares, byTokens, shorter
  Repeat,    ///< times
  Join,      ///< expression
  Sort,      ///< expression, falling
  Keep,      ///< expression, amount
  Strip,     ///< characters, role
  Spans,     ///< spans
  KeepSpans, ///< expression
  Cut,       ///< tokens, side
  Split,     ///< split
  Ask,       ///< ask, answers
  Pick,      ///< field, times
  AsChat,    ///< chat
  CutField,  ///< field, tokens, side
};
std::string_view spelling(DataOperation operation);

/// A number of records, or a share of them.
struct Amount {
  double value = 0;
  bool isShare = false; ///< 0.02 is 2%
};

/// `mix`: what becomes of a source that runs out before another. Unsaid: as Stop, with a warning.
enum class Short : uint8_t { Unsaid, Stop, Repeat };

enum class Side : uint8_t { Right, Left, Middle };

/// `spans(…)`: one of tokens and `at`.
struct SpanRule {
  enum class At : uint8_t { Tokens, Sentence, Turn, Delimiters };
  At at = At::Sentence;
  uint32_t tokens = 0;
  std::vector<std::string> delimiters; ///< a span ends after each of these texts
  bool dropTail = false;               ///< Tokens: the last span, if it is short
  uint32_t atMost = 0;                 ///< more than this: a random choice, in order; 0: no limit
};

/// `split(pow2: low..high, overlong: …, tail: …)`: pieces of a power of two of positions, with one
/// token more than positions; both bounds are powers of two.
struct SplitRule {
  uint64_t low = 0, high = 0;
  bool randomOverlong = false; ///< else the largest length, again and again
  bool dropTail = false;
};

/// `as_chat`: prompts of the turns; no system turn where that one is empty.
struct ChatPrompts {
  std::string system, user, assistant;
};

/// One construct of a data definition.
struct DataStep {
  DataOperation operation = DataOperation::Read;
  std::string definition;       ///< the data definition that this step completes; or empty
  std::string construct;        ///< its place in the tree of seeds: "chats/shuffle/0"
  uint32_t draw = 0;            ///< of a sample: tells it from those that its rows went through
  std::vector<uint32_t> inputs; ///< earlier steps
  SourceSpec source;
  Expression expression;
  Amount amount;
  std::vector<double> shares; ///< of each input; they add up to 1
  bool byTokens = false;
  Short shorter = Short::Unsaid;
  uint64_t times = 1;
  bool falling = false;
  std::string characters; ///< each of these code points is deleted
  std::string role;       ///< whose; empty: everybody's, and documents
  SpanRule spans;
  uint32_t tokens = 0;
  Side side = Side::Right;
  SplitRule split;
  AskRule ask;
  std::shared_ptr<const AnswerTable> answers; ///< to `ask`, of the records that come to it
  std::string field;                          ///< of the record; "document" is its text
  ChatPrompts chat;
};

/// A consumer's data; the last step's rows are its sequences.
struct DataPipeline {
  uint64_t seed = 0;
  std::vector<DataStep> steps;
  std::vector<std::shared_ptr<const ScoreTable>> scores; ///< that expressions read, by name
};

} // namespace roux::data
