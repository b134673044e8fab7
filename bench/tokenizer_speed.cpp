//===- tokenizer_speed.cpp - the clock for tokenizer_speed.py ------------===//
//
// Holds a tokenizer and texts in memory and encodes them all each time a line
// with a number of threads arrives, so that the script can interleave its runs
// with the other library's.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Tokenizer.h"
#include "runtime/data/tokenizer/WholeFile.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <simdjson.h>
#include <thread>

using namespace roux::data;

static std::vector<std::string> readTexts(const char *path) {
  std::vector<std::string> texts;
  std::string bytes = readWholeFile(path);
  simdjson::dom::parser parser;
  for (simdjson::dom::element record : parser.parse_many(bytes, bytes.size() + 1))
    texts.emplace_back(std::string_view(record["text"]));
  return texts;
}

/// Encodes every text; the number of tokens.
static std::size_t encodeAll(const Tokenizer &tokenizer, const std::vector<std::string> &texts,
                             unsigned threads) {
  std::atomic<std::size_t> next = 0, tokens = 0;
  auto work = [&] {
    std::vector<TokenId> ids;
    std::size_t count = 0;
    for (std::size_t i = next++; i < texts.size(); i = next++) {
      ids.clear();
      tokenizer.encode(texts[i], ids);
      count += ids.size();
    }
    tokens += count;
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back(work);
  work();
  others.clear();
  return tokens;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: tokenize-bench TOKENIZER TEXTS.jsonl [PATTERN]\n");
    return 1;
  }
  try {
    auto tokenizer = loadTokenizer(argv[1], argc > 3 ? argv[3] : "");
    std::vector<std::string> texts = readTexts(argv[2]);
    unsigned threads;
    while (std::scanf("%u", &threads) == 1) {
      std::clock_t clockBegin = std::clock();
      auto begin = std::chrono::steady_clock::now();
      std::size_t tokens = encodeAll(*tokenizer, texts, threads);
      std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      double processor = double(std::clock() - clockBegin) / CLOCKS_PER_SEC;
      std::printf("%.6f %.6f %zu\n", seconds.count(), processor, tokens);
      std::fflush(stdout);
    }
  } catch (const TokenizerError &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
