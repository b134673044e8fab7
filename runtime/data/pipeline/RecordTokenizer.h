//===- RecordTokenizer.h - a record through a consumer's tokenizer --------===//
//
// Each consumer of data (a train, score or eval) has its own tokenizer, template
// and target; this is the three together. Targets come from the rendering: no
// text is ever searched for.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"
#include "runtime/data/Ledger.h"
#include "runtime/data/pipeline/ChatTemplate.h"
#include "runtime/data/pipeline/TokenizedRecord.h"
#include "runtime/data/records/RecordSource.h"
#include "runtime/data/tokenizer/Tokenizer.h"

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace roux::data {

struct ChatExtent;

/// Who will read the data, and how.
struct Consumer {
  std::shared_ptr<const Tokenizer> tokenizer; ///< null: only texts are read, to train one
  std::optional<ChatTemplate> chat;           ///< needed for chats only
  Expression target;      ///< of token scope; empty: every token that can be predicted
  bool sentences = false; ///< wants the first tokens of sentences (`gaps(at: sentence)`)
};

/// What was noticed about one record, counted by the caller: the rules' names.
using Lints = std::vector<std::string_view>;
/// Whether it is noted, or warned of because a person would want to know before training.
Fate fateOf(std::string_view lint);
/// "; " and what would mend it, or "".
std::string_view remedyOf(std::string_view lint);

class RecordTokenizer {
public:
  /// `withText` keeps text and byte ranges (spans and sentences need them) where it costs time.
  RecordTokenizer(const Consumer &consumer, bool withText);

  /// Tokens of `record`; labels are all that could be predicted. Throws RecordError without a
  /// place: the caller knows it. `lints` may be null.
  void tokenize(const Record &record, Ends ends, TokenizedRecord &tokens, Lints *lints) const;

  /// What `messages` become up to where the template puts the next answer; nothing if they are
  /// none. Throws RecordError.
  std::vector<int32_t> prompt(std::span<const Message> messages) const;

private:
  /// Both conversations of a pair, one behind the other, each a span.
  void tokenizePair(const Record &record, TokenizedRecord &tokens, Lints *lints) const;
  void tokenizeChat(const Record &record, TokenizedRecord &tokens, Lints *lints) const;
  void tokenizeCompletion(const Record &record, Ends ends, TokenizedRecord &tokens) const;
  void tokenizeText(const Record &record, Ends ends, TokenizedRecord &tokens) const;
  void takeIds(const Record &record, TokenizedRecord &tokens) const;
  void encode(const Text &text, TokenizedRecord &tokens, bool separate) const;
  void encodePiece(std::string_view text, uint32_t shift, TokenizedRecord &tokens) const;
  void addToken(int32_t id, std::string_view role, TokenizedRecord &tokens) const;
  void assignRoles(std::span<const ChatExtent> extents, const Record &record,
                   TokenizedRecord &tokens) const;
  uint32_t endOfAnswer(const ChatExtent &answer, TokenRange turn, uint32_t next,
                       const TokenizedRecord &tokens) const;
  void addEmptyTurns(const Record &record, TokenizedRecord &tokens) const;
  void labelAnswerEnds(TokenizedRecord &tokens) const;
  void findSentences(TokenizedRecord &tokens) const;
  void lint(const Record &record, const Text &text, const TokenizedRecord &tokens,
            Lints &lints) const;

  const Consumer &consumer;
  bool withText;
  std::string bosText, eosText;
  std::optional<int32_t> bos, eos;
};

} // namespace roux::data
