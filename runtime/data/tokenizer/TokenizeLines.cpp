//===- TokenizeLines.cpp - JSONL texts in, JSONL ids out ------------------===//
//
// Input is read in rounds of blocks of whole lines. Threads take the blocks of a
// round as they come free, and the round is written in order.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/TokenizeLines.h"

#include <atomic>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <simdjson.h>
#include <thread>

namespace roux::data {

static constexpr std::size_t blockSize = 1 << 20;
/// Enough blocks a round that threads rarely wait for the last one.
static constexpr std::size_t blocksPerThread = 8;

namespace {

/// Some whole lines and what becomes of them.
struct Block {
  std::string lines;
  std::string output;
  std::size_t count = 0; ///< lines done
  std::string error;     ///< of the line after those
};

/// Cuts a stream into blocks that end where lines end.
class BlockReader {
public:
  explicit BlockReader(std::FILE *in) : in(in) {}

  /// False at the end of the stream.
  bool read(std::string &lines) {
    lines.swap(rest);
    rest.clear();
    std::size_t linesEnd = 0; // behind the last line end, which what is left over never has
    while (linesEnd == 0 || lines.size() < blockSize) {
      std::size_t before = lines.size();
      lines.resize(before + blockSize);
      std::size_t count = std::fread(lines.data() + before, 1, blockSize, in);
      lines.resize(before + count);
      if (count == 0) {
        if (std::ferror(in))
          throw TokenizerError(fmt::format("input cannot be read: {}", std::strerror(errno)));
        return !lines.empty();
      }
      // Only the new part is searched, so that a long line costs its length.
      std::size_t found = std::string_view(lines).substr(before).rfind('\n');
      if (found != std::string_view::npos)
        linesEnd = before + found + 1;
    }
    rest.assign(lines, linesEnd);
    lines.resize(linesEnd);
    return true;
  }

private:
  std::FILE *in;
  std::string rest;
};

/// What one thread reuses from line to line.
class LineTokenizer {
public:
  explicit LineTokenizer(const Tokenizer &tokenizer) : tokenizer(tokenizer) {}

  void run(Block &block) {
    block.output.clear();
    block.count = 0;
    std::string_view lines = block.lines;
    try {
      for (std::size_t at = 0; at < lines.size(); ++block.count) {
        std::size_t end = std::min(lines.find('\n', at), lines.size());
        append(lines.substr(at, end - at), block.output);
        at = end + 1;
      }
    } catch (const std::exception &error) {
      block.error = error.what();
    }
  }

private:
  void append(std::string_view line, std::string &output) {
    ids.clear();
    tokenizer.encode(textOf(line), ids);
    output += "{\"ids\":[";
    char digits[16];
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i > 0)
        output += ',';
      output.append(digits, std::to_chars(digits, std::end(digits), ids[i]).ptr);
    }
    output += "]}\n";
  }

  std::string_view textOf(std::string_view line) {
    simdjson::dom::element root;
    if (simdjson::error_code code = parser.parse(line.data(), line.size()).get(root))
      throw TokenizerError(fmt::format("is not JSON: {}", simdjson::error_message(code)));
    simdjson::dom::object object;
    std::string_view text;
    if (root.get(object))
      throw TokenizerError("found no object, expected {\"text\": \"…\"}");
    simdjson::error_code code = object.at_key("text").get(text);
    if (code == simdjson::NO_SUCH_FIELD)
      throw TokenizerError("has no 'text'");
    if (code)
      throw TokenizerError("'text' is not a string");
    return text;
  }

  const Tokenizer &tokenizer;
  simdjson::dom::parser parser;
  std::vector<TokenId> ids;
};

} // namespace

static void runRound(std::vector<LineTokenizer> &workers, std::span<Block> round) {
  std::atomic<std::size_t> next = 0;
  auto work = [&](LineTokenizer &worker) {
    for (std::size_t i = next++; i < round.size(); i = next++)
      worker.run(round[i]);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min(workers.size(), round.size()); ++i)
    others.emplace_back(work, std::ref(workers[i]));
  work(workers[0]);
}

static void write(const Block &block, std::FILE *out) {
  if (std::fwrite(block.output.data(), 1, block.output.size(), out) != block.output.size())
    throw TokenizerError(fmt::format("output cannot be written: {}", std::strerror(errno)));
}

void tokenizeLines(const Tokenizer &tokenizer, std::FILE *in, std::FILE *out, unsigned threads) {
  std::vector<LineTokenizer> workers;
  for (unsigned i = 0; i < std::max(threads, 1u); ++i)
    workers.emplace_back(tokenizer);
  std::vector<Block> blocks(workers.size() * blocksPerThread);
  BlockReader reader(in);
  std::size_t lines = 0;
  for (bool more = true; more;) {
    std::size_t count = 0;
    while (count < blocks.size() && (more = reader.read(blocks[count].lines)))
      ++count;
    runRound(workers, std::span(blocks).first(count));
    for (const Block &block : std::span(blocks).first(count)) {
      write(block, out);
      lines += block.count;
      if (!block.error.empty()) {
        std::fflush(out);
        throw TokenizerError(fmt::format("line {}: {}", lines + 1, block.error));
      }
    }
  }
  if (std::fflush(out) != 0)
    throw TokenizerError(fmt::format("output cannot be written: {}", std::strerror(errno)));
}

} // namespace roux::data
