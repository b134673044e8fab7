//===- RefusalTest.cpp - files and texts that are not accepted ------------===//
//
// Whatever is wrong with a tokenizer file is said with the file and the key, and
// a feature Roux does not have is named: the exact words are tested.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Regex.h"
#include "tests/runtime/data/tokenizer/ReferenceData.h"
#include "tests/runtime/data/tokenizer/TemporaryFile.h"

#include <functional>

namespace roux::data {

/// What `act` throws, with the folder of `file` taken out.
static std::string messageOf(const std::function<void()> &act,
                             const TemporaryFile *file = nullptr) {
  try {
    act();
  } catch (const TokenizerError &error) {
    std::string message = error.what();
    std::string folder = file ? file->path().parent_path().string() + "/" : "";
    if (!folder.empty() && message.starts_with(folder))
      message.erase(0, folder.size());
    return message;
  }
  return "nothing was thrown";
}

static std::string loading(const std::string &name, std::string_view bytes,
                           std::string_view pattern = {}) {
  TemporaryFile file(name, bytes);
  return messageOf([&] { loadTokenizer(file.path(), pattern); }, &file);
}

/// A tokenizer.json with this model, and these further keys.
static std::string json(std::string_view model, std::string_view more = "") {
  return "{\"version\":\"1.0\",\"model\":" + std::string(model) + std::string(more) + "}";
}

/// A model that is right.
static const std::string_view right =
    R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]})";

TEST(Refusal, TokenizerJsonStructure) {
  EXPECT_EQ(loading("tokenizer.json", "{"),
            "tokenizer.json: is not JSON: The JSON document has an improper structure: "
            "missing or superfluous commas, braces, missing keys, etc.");
  EXPECT_EQ(loading("tokenizer.json", "[]"), "tokenizer.json: found a list, expected an object");
  EXPECT_EQ(loading("tokenizer.json", "{}"), "tokenizer.json: has no 'model'");
  EXPECT_EQ(loading("tokenizer.json", R"({"version":"2.0"})"),
            "tokenizer.json: key 'version': version '2.0' is not supported, expected '1.0'");
  EXPECT_EQ(loading("tokenizer.json", json(right, R"(,"model":{})")),
            "tokenizer.json: key 'model': is given twice");
  EXPECT_EQ(
      loading("tokenizer.json", json(right, R"(,"decoder":{"type":"ByteLevel","novelty":1})")),
      "tokenizer.json: key 'decoder.novelty': is not supported");
  EXPECT_EQ(loading("tokenizer.json", json(right, R"(,"added_tokens":{})")),
            "tokenizer.json: key 'added_tokens': found an object, expected a list");
}

TEST(Refusal, Vocabulary) {
  auto vocab = [](std::string_view vocab) {
    return loading("tokenizer.json", json(R"({"merges":[],"vocab":)" + std::string(vocab) + "}"));
  };
  EXPECT_EQ(
      vocab("[]"),
      "tokenizer.json: key 'model.vocab': found a list, expected an object of tokens and ids");
  EXPECT_EQ(vocab(R"({"a":"0"})"),
            "tokenizer.json: key 'model.vocab.a': found \"0\", expected an id from 0 to 16777215");
  EXPECT_EQ(vocab(R"({"a":-1})"),
            "tokenizer.json: key 'model.vocab.a': found -1, expected an id from 0 to 16777215");
  EXPECT_EQ(vocab(R"({"a":99999999999})"),
            "tokenizer.json: key 'model.vocab.a': found 99999999999, "
            "expected an id from 0 to 16777215");
  EXPECT_EQ(vocab(R"({"a":0,"b":0})"),
            "tokenizer.json: key 'model.vocab': tokens 'a' and 'b' both have id 0");
  EXPECT_EQ(vocab(R"({"a":0,"a":1})"),
            "tokenizer.json: key 'model.vocab': token 'a' is given twice");
}

TEST(Refusal, Merges) {
  auto merges = [](std::string_view merges) {
    return loading("tokenizer.json",
                   json(R"({"vocab":{"a":0,"b":1,"ab":2},"merges":)" + std::string(merges) + "}"));
  };
  EXPECT_EQ(merges("{}"), "tokenizer.json: key 'model.merges': found an object, expected a list of "
                          "merges");
  EXPECT_EQ(merges(R"(["a b", "c a"])"),
            "tokenizer.json: key 'model.merges': merge 1: the token 'c' is not in the vocabulary");
  EXPECT_EQ(
      merges(R"(["b a"])"),
      "tokenizer.json: key 'model.merges': merge 0: the result 'ba' is not in the vocabulary");
  EXPECT_EQ(merges(R"(["a b a"])"), "tokenizer.json: key 'model.merges': merge 0: found 'a b a', "
                                    "expected two tokens and one space between them");
  EXPECT_EQ(merges(R"([["a"]])"),
            "tokenizer.json: key 'model.merges': merge 0: expected \"a b\" or [\"a\", \"b\"]");
  EXPECT_EQ(merges(R"([["a",""]])"), "tokenizer.json: key 'model.merges': merge 0: has an empty "
                                     "half, so it would merge a token into itself");
}

TEST(Refusal, AddedTokens) {
  auto added = [](std::string_view token) {
    return loading("tokenizer.json",
                   json(right, R"(,"added_tokens":[)" + std::string(token) + "]"));
  };
  EXPECT_EQ(added(R"({"id":3,"content":"<s>"})"), "nothing was thrown");
  EXPECT_EQ(added(R"({"content":"<s>"})"), "tokenizer.json: key 'added_tokens[0]': has no 'id'");
  EXPECT_EQ(
      added(R"({"id":1.5,"content":"<s>"})"),
      "tokenizer.json: key 'added_tokens[0].id': found 1.5, expected a whole number from 0 to "
      "2147483647");
  EXPECT_EQ(added(R"({"id":3,"content":""})"),
            "tokenizer.json: key 'added_tokens[0].content': is empty");
  EXPECT_EQ(added(R"({"id":0,"content":"ab"})"),
            "tokenizer.json: key 'added_tokens[0]': token 'ab' "
            "has id 0 here and 2 in the vocabulary");
  EXPECT_EQ(added(R"({"id":1,"content":"<s>"})"), "tokenizer.json: key 'added_tokens[0]': token "
                                                  "'<s>' has id 1, which is 'b' in the vocabulary");
  EXPECT_EQ(added(R"({"id":9,"content":"<s>"})"), "tokenizer.json: key 'added_tokens[0]': token "
                                                  "'<s>' has id 9, but the next free id is 3");
  EXPECT_EQ(
      loading("tokenizer.json", json(right, R"(,"normalizer":{"type":"Strip"},"added_tokens":)"
                                            R"([{"id":3,"content":" "}])")),
      "tokenizer.json: key 'added_tokens[0]': token ' ' is empty behind the normalizer");
}

TEST(Refusal, FeaturesAreNamed) {
  auto with = [](std::string_view key, std::string_view value) {
    return loading("tokenizer.json",
                   json(right, ",\"" + std::string(key) + "\":" + std::string(value)));
  };
  EXPECT_EQ(loading("tokenizer.json", json(R"({"type":"Unigram"})")),
            "tokenizer.json: key 'model.type': model 'Unigram' is not supported, expected 'BPE'");
  EXPECT_EQ(loading("tokenizer.json", json(R"({"dropout":0.1})")),
            "tokenizer.json: key 'model.dropout': is not supported");
  EXPECT_EQ(loading("tokenizer.json", json(R"({"end_of_word_suffix":"</w>"})")),
            "tokenizer.json: key 'model.end_of_word_suffix': is not supported");
  EXPECT_EQ(with("normalizer", R"({"type":"Precompiled"})"),
            "tokenizer.json: key 'normalizer.type': normalizer 'Precompiled' is not supported");
  EXPECT_EQ(with("normalizer", R"({"type":"NFC","form":1})"),
            "tokenizer.json: key 'normalizer.form': is not supported");
  EXPECT_EQ(with("pre_tokenizer", R"({"type":"UnicodeScripts"})"),
            "tokenizer.json: key 'pre_tokenizer.type': pre-tokenizer 'UnicodeScripts' is not "
            "supported");
  EXPECT_EQ(with("pre_tokenizer", R"({"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},)"
                                  R"({"type":"Digits"}]})"),
            "tokenizer.json: key 'pre_tokenizer.pretokenizers[1].type': pre-tokenizer 'Digits' "
            "after ByteLevel is not supported");
  EXPECT_EQ(with("pre_tokenizer", R"({"type":"Split","pattern":{"Regex":"a"},"behavior":"Kept"})"),
            "tokenizer.json: key 'pre_tokenizer.behavior': behaviour 'Kept' is not supported");
  EXPECT_EQ(with("pre_tokenizer", R"({"type":"Split","pattern":{},"behavior":"Removed"})"),
            "tokenizer.json: key 'pre_tokenizer.pattern': found no pattern, expected 'String' or "
            "'Regex'");
  EXPECT_EQ(with("pre_tokenizer", R"({"type":"Metaspace","prepend_scheme":"last"})"),
            "tokenizer.json: key 'pre_tokenizer.prepend_scheme': prepend scheme 'last' is not "
            "supported");
  EXPECT_EQ(with("post_processor", R"({"type":"BertProcessing"})"),
            "tokenizer.json: key 'post_processor.type': post-processor 'BertProcessing' is not "
            "supported");
  EXPECT_EQ(with("post_processor", R"({"type":"TemplateProcessing","special_tokens":{},"single":)"
                                   R"([{"SpecialToken":{"id":"<s>"}}]})"),
            "tokenizer.json: key 'post_processor.special_tokens': has no '<s>'");
  EXPECT_EQ(with("post_processor",
                 R"({"type":"TemplateProcessing","special_tokens":{"<s>":{"ids":[7]}},"single":)"
                 R"([{"SpecialToken":{"id":"<s>"}}]})"),
            "tokenizer.json: key 'post_processor.special_tokens.<s>.ids[0]': id 7 is not in the "
            "vocabulary");
  EXPECT_EQ(with("decoder", R"({"type":"WordPiece"})"),
            "tokenizer.json: key 'decoder.type': decoder 'WordPiece' is not supported");
}

TEST(Refusal, Patterns) {
  auto pattern = [](std::string_view pattern) { return messageOf([&] { Regex regex(pattern); }); };
  EXPECT_EQ(pattern(R"(\p{L}+(?i:x)|[^\r\n\s]{1,3}|\x{3042}|^\h$)"), "nothing was thrown");
  EXPECT_EQ(pattern(R"(a\b)"), R"(regular expression 'a\b': '\b' is not supported)");
  EXPECT_EQ(pattern(R"([\S])"), R"(regular expression '[\S]': '\S' in a class is not supported)");
  EXPECT_EQ(pattern("[a&&b]"), "regular expression '[a&&b]': '&&' inside a class is not supported");
  EXPECT_EQ(pattern("[a[b]]"), "regular expression '[a[b]]': '[' inside a class is not supported");
  EXPECT_EQ(pattern("a{1,2}+"),
            "regular expression 'a{1,2}+': '+' after a counted repeat is not supported");
  EXPECT_EQ(pattern("(?<x>a)"), "regular expression '(?<x>a)': the group '(?<x' is not supported");
  EXPECT_EQ(pattern("(*UTF)a"), "regular expression '(*UTF)a': '(*' is not supported");
  EXPECT_EQ(pattern("(a"),
            "regular expression '(a' cannot be compiled: missing closing parenthesis");
}

TEST(Refusal, OtherFormats) {
  EXPECT_EQ(
      loading("t.txt", "x"),
      "t.txt: unknown kind of tokenizer, expected a folder or a file ending in .json, .model, "
      ".tiktoken or .bin (or .gz of these)");
  EXPECT_EQ(loading("tokenizer.json", json(right), "gpt2"),
            "tokenizer.json: has its own pattern; 'pattern:' is for tiktoken ranks");
  EXPECT_EQ(loading("t.tiktoken", "IQ== 0\n"),
            "t.tiktoken: tiktoken ranks need 'pattern:', which is one of gpt2, cl100k, o200k");
  EXPECT_EQ(loading("t.tiktoken", "IQ== 0\n", "gpt3"),
            "t.tiktoken: unknown pattern 'gpt3', expected one of gpt2, cl100k, o200k");
  EXPECT_EQ(loading("t.tiktoken", "IQ== 0\n", "gpt2"), "t.tiktoken: byte 0x00 has no rank");
  EXPECT_EQ(loading("t.tiktoken", "IQ== 0\nIg== 0\n", "gpt2"),
            "t.tiktoken:2: rank 0 is given twice");
  EXPECT_EQ(loading("t.tiktoken", "IQ== 0\nIQ== 1\n", "gpt2"),
            "t.tiktoken:2: token '!' is given twice");
  EXPECT_EQ(loading("t.tiktoken", "IQ= 0\n", "gpt2"),
            "t.tiktoken:1: found 'IQ= 0', expected a token in base64 and its rank");
  EXPECT_EQ(loading("t.tiktoken", "IQ== 99999999\n", "gpt2"),
            "t.tiktoken:1: rank 99999999 is out of range; the largest is 16777215");
  EXPECT_EQ(loading("t.bin", "\1\2"), "t.bin: byte 0: ends inside the length of the longest token");
  EXPECT_EQ(loading("t.bin", std::string_view("\7\0\0\0\0\0\0\0\0\1\0\0", 12)),
            "t.bin: byte 12: token 0 has score 0 and length 256, expected a number and a length up "
            "to 7; is this a llama2.c tokenizer?");
  EXPECT_EQ(loading("t.model", "no model"), "t.model: is not a SentencePiece model");
}

TEST(Refusal, FilesThatCannotBeRead) {
  EXPECT_EQ(messageOf([] { loadTokenizer("/nowhere/tokenizer.json"); }),
            "/nowhere/tokenizer.json: cannot be opened: No such file or directory");
  TemporaryFile file("x", "");
  EXPECT_EQ(messageOf([&] { loadTokenizer(file.path().parent_path()); }),
            file.path().parent_path().string() +
                ": holds no tokenizer, expected one of tokenizer.json, tokenizer.json.gz, "
                "tokenizer.model, tokenizer.tiktoken");
  SKIP_WITHOUT_REFERENCE_DATA();
  std::string gzip = readBytes(reference / "tokenizers/gpt2/tokenizer.json.gz");
  std::string message = loading("t.json.gz", gzip.substr(0, 100'000));
  EXPECT_TRUE(message.starts_with("t.json.gz: cannot be read past byte ")) << message;
  EXPECT_TRUE(message.ends_with(": unexpected end of file")) << message;
}

TEST(Refusal, ConfigBesideTheTokenizer) {
  TemporaryFile file("tokenizer.json",
                     json(right, R"(,"added_tokens":[{"id":3,"content":"<s>"}])"));
  file.add("tokenizer_config.json", R"({"bos_token":{"content":"<s>"},"eos_token":"</s>"})");
  std::string config = file.path().parent_path().string() + "/tokenizer_config.json";
  EXPECT_EQ(messageOf([&] { loadTokenizer(file.path()); }),
            config + ": key 'eos_token': token '</s>' is not in the vocabulary");
  file.add("tokenizer_config.json", R"({"bos_token":7})");
  EXPECT_EQ(messageOf([&] { loadTokenizer(file.path()); }),
            config + ": key 'bos_token': found a number, expected a string");
}

TEST(Refusal, TextsAndIds) {
  TemporaryFile file("tokenizer.json", json(right));
  auto tokenizer = loadTokenizer(file.path());
  auto encode = [&](std::string_view text) {
    std::vector<TokenId> ids = {5};
    std::string message = messageOf([&] { tokenizer->encode(text, ids, {}); });
    EXPECT_EQ(ids, std::vector<TokenId>{5}); // nothing half done
    return message;
  };
  EXPECT_EQ(encode("ab\xFFzz"), "text is not UTF-8: byte 0xFF at offset 2");
  EXPECT_EQ(encode("a\xED\xA0\x80"), "text is not UTF-8: byte 0xED at offset 1"); // a surrogate
  EXPECT_EQ(encode("abé"), "character U+00E9 at byte 2 has no token in this vocabulary, and there "
                           "is no token for unknown ones");
  TokenId id = 3;
  EXPECT_EQ(messageOf([&] { tokenizer->decode({&id, 1}); }),
            "id 3 is outside the vocabulary, which has 3 ids");
}

} // namespace roux::data
