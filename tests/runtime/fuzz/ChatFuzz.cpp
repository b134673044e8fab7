// Any template and any messages through a tokenizer, as training and asking do it: a record is
// refused with a message, or every token has its bytes, its role and, if it is a target, a turn.
#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/data/template/Meter.h"
#include "runtime/data/tokenizer/Formats.h"
#include "tests/Paths.h"
#include "tests/runtime/golden/Artefacts.h"

using namespace roux;
using namespace roux::data;

static std::shared_ptr<const Tokenizer> tokenizerOf(const char *name) {
  std::string file = sourceFolder() + "/tests/runtime/data/tokenizer/fuzz/corpus/" + name + ".json";
  return readHuggingFace(golden::bytesOf(file), file);
}

/// The template and what follows it, apart where a byte 0xff stands, which no UTF-8 has.
static std::vector<std::string_view> parts(std::string_view input) {
  std::vector<std::string_view> all;
  for (;;) {
    size_t end = std::min(input.find('\xff'), input.size());
    all.push_back(input.substr(0, end));
    if (end == input.size())
      return all;
    input.remove_prefix(end + 1);
  }
}

static void require(bool holds) {
  if (!holds)
    std::abort();
}

static void check(const TokenizedRecord &tokens, int64_t vocabulary) {
  require(tokens.labels.size() == tokens.size() && tokens.roles.size() == tokens.size());
  for (uint32_t t = 0; t < tokens.size(); ++t) {
    require(tokens.ids[t] >= 0 && tokens.ids[t] < vocabulary);
    require(tokens.labels[t] == noLabel || tokens.labels[t] < vocabulary);
    require(tokens.roles[t] < tokens.roleNames.size());
  }
  for (TokenRange range : tokens.bytes)
    require(range.begin <= range.end && range.end <= tokens.text.size());
  uint32_t last = 0;
  for (const Turn &turn : tokens.turns) {
    require(turn.tokens.begin >= last && turn.tokens.begin <= turn.tokens.end);
    last = turn.tokens.end;
    require(last <= tokens.size());
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::shared_ptr<const Tokenizer> tokenizers[] = {
      tokenizerOf("llama2"), tokenizerOf("llama3"), tokenizerOf("nfkc-lower-strip")};
  if (size == 0)
    return 0;
  Consumer consumer;
  consumer.tokenizer = tokenizers[data[0] % 3];
  std::vector<std::string_view> given = parts({reinterpret_cast<const char *>(data) + 1, size - 1});
  Record record;
  record.layout = Layout::Messages;
  static constexpr const char *roles[] = {"user", "assistant", "system", "tool"};
  for (size_t i = 1; i < given.size(); ++i) {
    Message message;
    bool isShort = given[i].empty();
    message.role = roles[isShort ? 2 : (i - 1) % 2];
    message.content = given[i];
    message.trained = i % 5 != 4;
    record.messages.push_back(message);
  }
  try {
    consumer.chat.emplace(given[0]);
    for (bool withText : {false, true}) {
      RecordTokenizer tokenizer(consumer, withText);
      TokenizedRecord tokens;
      Lints lints;
      tokenizer.tokenize(record, Ends::None, tokens, &lints);
      check(tokens, consumer.tokenizer->vocabularySize());
      tokenizer.prompt(record.messages);
    }
  } catch (const TemplateError &) {
  } catch (const RecordError &) {
  } catch (const TokenizerError &) {
  }
  return 0;
}
