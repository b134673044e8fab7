//===- RenderChats.cpp - what Roux makes of chats, for who compares -------===//
//
// RenderChats TOKENIZER TEMPLATE CHATS: a line a record, {"ids", "trained"} or {"error"}.
// RenderChats NAME: the template that a recipe calls so. compare.py holds both against
// other people's libraries.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/JsonText.h"
#include "runtime/data/pipeline/RecordTokenizer.h"

#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <sstream>

using namespace roux::data;

/// Ids, and which of them are answers' tokens.
static std::string shown(const RecordTokenizer &tokenizer, const Record &record) {
  TokenizedRecord tokens;
  tokenizer.tokenize(record, Ends::None, tokens, nullptr);
  uint8_t assistant = tokens.role("assistant");
  std::vector<int> trained;
  for (uint8_t role : tokens.roles)
    trained.push_back(role == assistant);
  return fmt::format(R"({{"ids": [{}], "trained": [{}]}})", fmt::join(tokens.ids, ", "),
                     fmt::join(trained, ", "));
}

int main(int count, char **arguments) {
  if (count == 2) {
    fmt::print("{}", ChatTemplate::named(arguments[1]).source());
    return 0;
  }
  if (count != 4)
    return 2;
  try {
    std::ostringstream source;
    source << std::ifstream(arguments[2]).rdbuf();
    Consumer consumer;
    consumer.tokenizer = loadTokenizer(arguments[1]);
    consumer.chat = ChatTemplate(source.str());
    RecordTokenizer tokenizer(consumer, false);
    Ledger ledger;
    SourceSpec spec;
    spec.name = "chats";
    spec.files = std::filesystem::absolute(arguments[3]).string();
    RecordSource chats(spec, ledger, 1);
    RecordSource::Reader reader(chats);
    for (uint64_t i = 0; i < chats.size(); ++i)
      try {
        fmt::print("{}\n", shown(tokenizer, reader.read(i)));
      } catch (const RecordError &error) {
        fmt::print("{{\"error\": {}}}\n", jsonText(error.what()));
      }
  } catch (const std::exception &error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
