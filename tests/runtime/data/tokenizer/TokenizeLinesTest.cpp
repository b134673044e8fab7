//===- TokenizeLinesTest.cpp - JSONL texts in, JSONL ids out --------------===//
//
// Order and content do not depend on threads, and a bad line is named after all
// before it is written.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/TokenizeLines.h"

#include "tests/runtime/data/tokenizer/TemporaryFile.h"

#include <memory>

namespace roux::data {

namespace {

struct Closes {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closes>;

struct Result {
  std::string output, error;
};

Result run(std::string_view input, unsigned threads) {
  TemporaryFile json("tokenizer.json",
                     R"({"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})");
  auto tokenizer = loadTokenizer(json.path());
  File in(std::tmpfile()), out(std::tmpfile());
  std::fwrite(input.data(), 1, input.size(), in.get());
  std::rewind(in.get());
  Result result;
  try {
    tokenizeLines(*tokenizer, in.get(), out.get(), threads);
  } catch (const TokenizerError &error) {
    result.error = error.what();
  }
  std::rewind(out.get());
  char buffer[4096];
  while (std::size_t count = std::fread(buffer, 1, sizeof buffer, out.get()))
    result.output.append(buffer, count);
  return result;
}

} // namespace

TEST(TokenizeLines, KeepsTheOrder) {
  std::string input, expected;
  for (int i = 0; i < 300'000; ++i) {
    int length = static_cast<int>(i * 7919LL % 23);
    std::string text(length, 'b'), ids;
    for (int j = 0; j < length; ++j)
      ids += j ? ",1" : "1";
    input += "{\"id\": " + std::to_string(i) + ", \"text\": \"" + text + "\"}\n";
    expected += "{\"ids\":[" + ids + "]}\n";
  }
  EXPECT_TRUE(run(input, 1).output == expected);
  EXPECT_TRUE(run(input, 3).output == expected);
  input.pop_back(); // the last line needs no end
  EXPECT_TRUE(run(input, 2).output == expected);
  EXPECT_EQ(run("", 2).output, "");
}

TEST(TokenizeLines, ALineLongerThanABlock) {
  std::string text(5 << 20, 'a');
  Result result = run("{\"text\":\"b\"}\n{\"text\":\"" + text + "\"}\n{\"text\":\"ab\"}", 2);
  EXPECT_EQ(result.error, "");
  EXPECT_TRUE(result.output.starts_with("{\"ids\":[1]}\n{\"ids\":[0,0,0"));
  EXPECT_TRUE(result.output.ends_with("0]}\n{\"ids\":[2]}\n"));
}

TEST(TokenizeLines, ABadLineIsNamed) {
  auto second = [](std::string_view line) {
    Result result = run("{\"text\":\"ab\"}\n" + std::string(line) + "\n{\"text\":\"a\"}\n", 2);
    EXPECT_EQ(result.output, "{\"ids\":[2]}\n");
    return result.error;
  };
  EXPECT_EQ(second("{\"text\":\"a\""), "line 2: is not JSON: The JSON document has an "
                                       "improper structure: missing or superfluous commas, braces, "
                                       "missing keys, etc.");
  EXPECT_EQ(second(""), "line 2: is not JSON: Empty: no JSON found");
  EXPECT_EQ(second("[1]"), "line 2: found no object, expected {\"text\": \"…\"}");
  EXPECT_EQ(second("{\"txt\":\"a\"}"), "line 2: has no 'text'");
  EXPECT_EQ(second("{\"text\":1}"), "line 2: 'text' is not a string");
  EXPECT_EQ(second("{\"text\":\"c\"}"), "line 2: character U+0063 at byte 0 has no token in this "
                                        "vocabulary, and there is no token for unknown ones");
}

} // namespace roux::data
