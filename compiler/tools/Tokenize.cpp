//===- Tokenize.cpp - `roux tokenize` -------------------------------------===//
//
// A filter for people who want the ids and nothing else: texts come in on
// stdin, ids leave on stdout, one JSON object a line.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"
#include "runtime/data/tokenizer/TokenizeLines.h"

#include <thread>

namespace roux {

int runTokenize(int argc, char **argv) {
  CLI::App app("write the ids of texts: JSONL {\"text\": …} on stdin, {\"ids\": […]} on stdout, no "
               "special tokens added",
               "roux tokenize");
  std::string path, pattern;
  unsigned threads = std::thread::hardware_concurrency();
  app.add_option("--tokenizer", path,
                 "tokenizer.json, SentencePiece .model, tiktoken ranks, llama2.c .bin, or a folder "
                 "of a Hugging Face model")
      ->required();
  app.add_option("--pattern", pattern, "how tiktoken ranks cut text: gpt2, cl100k or o200k");
  app.add_option("--threads", threads, "threads to use")->check(CLI::Range(1u, 1024u));
  if (std::optional<int> status = parseArguments(app, argc, argv))
    return *status;
  return guarded([&] {
    data::tokenizeLines(*data::loadTokenizer(path, pattern), stdin, stdout, threads);
    return 0;
  });
}

} // namespace roux
