//===- TokenizerTest.cpp - what every tokenizer promises ------------------===//
//
// The interface beyond ids: roles and templates from the config, special tokens
// in text or not, hostile corpora, many threads at once.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/data/tokenizer/ReferenceData.h"
#include "tests/runtime/data/tokenizer/TemporaryFile.h"

#include "runtime/data/tokenizer/WholeFile.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <thread>

namespace roux::data {

static const std::string_view small =
    R"({"model":{"vocab":{"a":0,"b":1," ":2,"ab":3},"merges":["a b"]},)"
    R"("added_tokens":[{"id":4,"content":"<s>","special":true},)"
    R"({"id":5,"content":"</s>","special":true}],"decoder":{"type":"Fuse"},)"
    R"("post_processor":{"type":"TemplateProcessing","special_tokens":{"<s>":{"ids":[4]}},)"
    R"("single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}]}})";

TEST(Tokenizer, SpecialTokens) {
  TemporaryFile file("tokenizer.json", small);
  auto tokenizer = loadTokenizer(file.path());
  using Ids = std::vector<TokenId>;
  EXPECT_EQ(tokenizer->encode("ab</s>a"), (Ids{3, 5, 0}));
  EXPECT_EQ(tokenizer->encode("ab", {.surround = true}), (Ids{4, 3}));
  EXPECT_EQ(tokenizer->decode(Ids{4, 3, 5}), "<s>ab</s>");
  EXPECT_EQ(tokenizer->decode(Ids{4, 3, 5}, /*keepSpecial=*/false), "ab");
  EXPECT_TRUE(tokenizer->isSpecial(4));
  EXPECT_FALSE(tokenizer->isSpecial(3));
  EXPECT_EQ(tokenizer->find("ab"), 3u);
  EXPECT_EQ(tokenizer->find("ba"), std::nullopt);
  EXPECT_EQ(tokenizer->spelling(5), "</s>");
  // As ordinary text the spelling needs tokens for '<', which this vocabulary has not.
  EXPECT_THROW(tokenizer->encode("</s>", {.matchSpecial = false}), TokenizerError);
  // Without a config, the usual spellings tell the ends.
  EXPECT_EQ(tokenizer->bos(), 4u);
  EXPECT_EQ(tokenizer->eos(), 5u);
  Encoding encoding = tokenizer->encodeWithOffsets("b</s>ab", {.surround = true});
  EXPECT_EQ(encoding.offsets, (std::vector<ByteRange>{{0, 0}, {0, 1}, {1, 5}, {5, 7}}));
}

TEST(Tokenizer, RolesAndTemplatesFromTheConfig) {
  TemporaryFile file("tokenizer.json", small);
  file.add("tokenizer_config.json",
           R"({"bos_token":null,"eos_token":{"content":"<s>"},"chat_template":)"
           R"([{"name":"default","template":"A"},{"name":"rag","template":"B"}]})");
  auto tokenizer = loadTokenizer(file.path().parent_path());
  EXPECT_EQ(tokenizer->bos(), std::nullopt);
  EXPECT_EQ(tokenizer->eos(), 4u);
  EXPECT_EQ(tokenizer->namedTokens().at("eos_token"), "<s>");
  EXPECT_EQ(tokenizer->chatTemplates().at("default"), "A");
  EXPECT_EQ(tokenizer->chatTemplates().at("rag"), "B");

  std::uint64_t before = tokenizer->contentHash();
  file.add("chat_template.jinja", "C");
  tokenizer = loadTokenizer(file.path());
  EXPECT_EQ(tokenizer->chatTemplates().at("default"), "C");
  EXPECT_EQ(tokenizer->contentHash(), before); // no id hangs on it; ChatTemplate has its own
}

TEST(Tokenizer, SentencePieceControlTokens) {
  SKIP_WITHOUT_REFERENCE_DATA();
  auto tokenizer = loadTokenizer(reference / "tokenizers/mistral-v1/tokenizer.model.v1");
  EXPECT_EQ(tokenizer->bos(), 1u);
  EXPECT_EQ(tokenizer->eos(), 2u);
  EXPECT_EQ(tokenizer->encode("</s>"), std::vector<TokenId>{2});
  EXPECT_GT(tokenizer->encode("</s>", {.matchSpecial = false}).size(), 1u);
  std::vector<TokenId> ids = tokenizer->encode("Hello</s>", {.surround = true});
  EXPECT_EQ(ids.front(), 1u);
  EXPECT_EQ(ids.back(), 2u);
  EXPECT_EQ(tokenizer->decode(ids), "<s>Hello</s>");
  EXPECT_EQ(tokenizer->decode(ids, /*keepSpecial=*/false), "Hello");
}

// What files beside a SentencePiece model add are tokens with the ids they say.
TEST(Tokenizer, AddedTokensBesideSentencePiece) {
  SKIP_WITHOUT_REFERENCE_DATA();
  TemporaryFile file("tokenizer.model",
                     readWholeFile(reference / "tokenizers/mistral-v1/tokenizer.model.v1"));
  TokenId size = loadTokenizer(file.path())->vocabularySize();
  file.add("added_tokens.json",
           fmt::format(R"({{"<|done|>": {}, "<|plain|>": {}}})", size + 2, size));
  file.add("tokenizer_config.json",
           fmt::format(R"({{"eos_token": "<|done|>", "legacy": false, "odd_key": 1,
             "model_max_length": 1000000000000000019884624838656, "added_tokens_decoder":
             {{"2": {{"content": "</s>", "special": true}},
              "{}": {{"content": "<|done|>", "special": true}}}}}})",
                       size + 2));
  auto tokenizer = loadTokenizer(file.path().parent_path());
  EXPECT_EQ(tokenizer->vocabularySize(), size + 3);
  EXPECT_EQ(tokenizer->eos(), size + 2);
  std::vector<TokenId> ids = tokenizer->encode("<|plain|>Hi<|done|>");
  EXPECT_EQ(ids.front(), size);
  EXPECT_EQ(ids.back(), size + 2);
  EXPECT_EQ(tokenizer->decode(ids), "<|plain|>Hi<|done|>");
  EXPECT_EQ(tokenizer->decode(ids, /*keepSpecial=*/false), "<|plain|>Hi");
  EXPECT_EQ(tokenizer->spelling(size + 1), "");
  ASSERT_EQ(tokenizer->notes().size(), 1u);
  EXPECT_TRUE(tokenizer->notes()[0].ends_with("nothing reads 'legacy', 'odd_key'"));
  auto refusal = [&](const std::string &name, std::string_view text) -> std::string {
    file.add(name, text);
    try {
      loadTokenizer(file.path());
    } catch (const TokenizerError &error) {
      return error.what();
    }
    return "loaded";
  };
  EXPECT_NE(refusal("added_tokens.json", R"({"<|x|>": 5})").find("'<|x|>' cannot have id 5"),
            std::string::npos);
  EXPECT_NE(refusal("added_tokens.json", R"({"</s>": 99999})").find("'</s>' cannot have id 99999"),
            std::string::npos);
  EXPECT_NE(refusal("added_tokens.json", fmt::format(R"({{"<|x|>": {0}, "<|y|>": {0}}})", size + 5))
                .find(fmt::format("'<|y|>' cannot have id {}: '<|x|>' has it", size + 5)),
            std::string::npos);
}

/// What loading a folder with `text` under `name` comes to: the notes, or why it is refused.
static std::string notesWith(const std::string &name, std::string_view text) {
  std::string model(small);
  if (name == "tokenizer.json")
    model.insert(model.find('{') + 1, text);
  TemporaryFile file("tokenizer.json", model);
  if (name != "tokenizer.json")
    file.add(name, text);
  std::string said;
  try {
    std::shared_ptr<const Tokenizer> tokenizer = loadTokenizer(file.path().parent_path());
    for (const std::string &note : tokenizer->notes())
      said += note;
  } catch (const TokenizerError &error) {
    said = error.what();
  }
  size_t folder = said.find(name);
  return folder == said.npos ? said : said.substr(folder);
}

// Read, harmless, refused, or told once with all their names: no key of these files is lost.
TEST(Tokenizer, EveryKeyOfItsFilesIsAccountedFor) {
  EXPECT_EQ(notesWith("tokenizer.json", R"("padding": {}, "novelty": 1, "none": null,)"),
            "tokenizer.json: nothing reads 'novelty'");
  EXPECT_EQ(notesWith("special_tokens_map.json", R"({"novelty": 1, "odd": []})"),
            "special_tokens_map.json: nothing reads 'novelty', 'odd'");
  EXPECT_EQ(notesWith("tokenizer_config.json", R"({"model_max_length": 9, "novelty": 1})"),
            "tokenizer_config.json: nothing reads 'novelty'");
  std::string many = "{\"a\": 1";
  for (int i = 0; i < 1000; ++i)
    many += fmt::format(", \"{}{}\": 1", std::string(1000, 'k'), i);
  std::string said = notesWith("special_tokens_map.json", many + "}");
  EXPECT_LT(said.size(), 4000u);
  EXPECT_TRUE(said.ends_with(", and others")) << said;
  const std::string answers = "generation_config.json";
  EXPECT_EQ(notesWith(answers, R"({"temperature": 0.6, "eos_token_id": [2, 99], "stop_strings": [],
                                   "suppress_tokens": null, "max_length": 1e30})"),
            "");
  EXPECT_EQ(notesWith(answers, R"({"novelty": 1, "older": 2, "absent": null})"),
            answers + ": nothing reads 'novelty', 'older'");
  for (const char *key :
       {"stop_strings", "suppress_tokens", "bad_words_ids", "forced_eos_token_id"})
    EXPECT_EQ(notesWith(answers, fmt::format(R"({{"{}": [7]}})", key)),
              fmt::format("{}: key '{}': is not supported: answers here would be other ones than "
                          "this asks for",
                          answers, key));
}

// Results are kept under it: only what decides ids and the ends of answers may change it.
TEST(Tokenizer, ItsContentIsWhatItsFilesMean) {
  TemporaryFile file("tokenizer.json", small);
  auto hash = [&](const std::string &name, std::string_view text) {
    file.add(name, text);
    return loadTokenizer(file.path().parent_path())->contentHash();
  };
  std::string spaced(small), config = "tokenizer_config.json", answers = "generation_config.json";
  spaced.insert(spaced.find('{') + 1, "\n\t ");
  spaced.replace(spaced.find("</s>"), 4, "\\u003c/s>"); // spelled otherwise
  std::uint64_t bare = hash("tokenizer.json", small);
  EXPECT_EQ(hash("tokenizer.json", spaced), bare);
  std::uint64_t ended = hash(answers, R"({"eos_token_id": 1})");
  EXPECT_NE(ended, bare);
  EXPECT_EQ(hash(answers, R"({ "temperature": 0.6, "eos_token_id": [1], "novelty": 1})"), ended);
  EXPECT_NE(hash(answers, R"({"eos_token_id": 0})"), ended);
  std::uint64_t named = hash(config, R"({"eos_token": "</s>"})");
  EXPECT_EQ(hash(config, R"({ "transformers_version": "5", "eos_token":"</s>", "novelty": 2,
                              "chat_template": "{{ messages }}"})"),
            named); // templates have a hash of their own
  EXPECT_NE(hash(config, R"({"eos_token": "<s>"})"), named);
}

// Neither is a file that says nothing: it would be waited for, or missed in silence.
TEST(Tokenizer, PipesAndLinksThatLeadNowhere) {
  for (const char *name : {"generation_config.json", "chat_template.jinja", "tokenizer_config.json",
                           "special_tokens_map.json"}) {
    auto refusal = [&](auto make) -> std::string {
      TemporaryFile file("tokenizer.json", small);
      make((file.path().parent_path() / name).string());
      try {
        loadTokenizer(file.path().parent_path());
      } catch (const TokenizerError &error) {
        std::string said = error.what();
        return said.substr(said.find(name));
      }
      return "loaded";
    };
    EXPECT_EQ(refusal([](const std::string &path) { mkfifo(path.c_str(), 0600); }),
              fmt::format("{}: is no regular file", name));
    EXPECT_EQ(
        refusal([](const std::string &path) { std::filesystem::create_symlink("nowhere", path); }),
        fmt::format("{}: cannot be opened: No such file or directory", name));
  }
}

// JSON may hold a key twice; which one counts matters where it is read.
TEST(Tokenizer, KeysGivenTwice) {
  const std::string name = "tokenizer_config.json";
  EXPECT_EQ(notesWith(name, R"({"novelty": 1, "novelty": 2, "clean_up_tokenization_spaces": true,
                                "clean_up_tokenization_spaces": false})"),
            name + ": nothing reads 'novelty'");
  EXPECT_EQ(notesWith(name, R"({"eos_token": "</s>", "eos_token": "<s>"})"),
            name + ": key 'eos_token': is given twice");
  EXPECT_EQ(notesWith(name, R"({"added_tokens_decoder": {"5": {"content": "</s>"},
                                                         "5": {"content": "</s>"}}})"),
            name + ": key 'added_tokens_decoder.5': is given twice");
}

// Before there were files for it, a model's config said where answers end.
TEST(Tokenizer, EndsOfAnswersInTheModelsConfig) {
  TemporaryFile file("tokenizer.json", small);
  auto ends = [&] {
    std::vector<TokenId> found;
    auto tokenizer = loadTokenizer(file.path());
    for (TokenId id = 0; id < tokenizer->vocabularySize(); ++id)
      if (tokenizer->endsAnswers(id))
        found.push_back(id);
    return found;
  };
  std::vector<TokenId> before = ends();
  file.add("config.json", R"({"hidden_size": 4, "hidden_size": 5, "eos_token_id": [0, 99]})");
  EXPECT_EQ(ends().front(), 0u);
  EXPECT_EQ(ends().size(), before.size() + 1);
  file.add("generation_config.json", R"({"eos_token_id": 1})");
  EXPECT_EQ(ends().front(), 1u);
}

// Where the tokenizer's own file has them all, what restates them has to agree.
TEST(Tokenizer, AddedTokensThatAreRestated) {
  TemporaryFile file("tokenizer.json", small);
  auto refusal = [&](std::string_view text) -> std::string {
    file.add("tokenizer_config.json", text);
    try {
      loadTokenizer(file.path());
    } catch (const TokenizerError &error) {
      return error.what();
    }
    return "loaded";
  };
  EXPECT_EQ(refusal(R"({"added_tokens_decoder": {"5": {"content": "</s>"}}})"), "loaded");
  EXPECT_NE(
      refusal(R"({"added_tokens_decoder": {"6": {"content": "</s>"}}})").find("has id 6 here"),
      std::string::npos);
  EXPECT_NE(refusal(R"({"added_tokens_decoder": {"6": {"content": "<x>"}}})").find("'<x>' of id 6"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"additional_special_tokens": ["<y>"]})").find("token '<y>' is not"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"split_special_tokens": true})").find("split_special_tokens"),
            std::string::npos);
  // An older file counts where the config states none.
  file.add("added_tokens.json", R"({"</s>": 5, "<x>": 6})");
  EXPECT_NE(refusal("{}").find("added_tokens.json: key '<x>': token '<x>' of id 6 is not"),
            std::string::npos);
  EXPECT_EQ(refusal(R"({"added_tokens_decoder": {"5": {"content": "</s>"}}})"), "loaded");
  file.add("added_tokens.json", R"({"</s>": 5})");
  EXPECT_EQ(refusal("{}"), "loaded");
}

/// Every tokenizer of the reference data, with its pattern.
static std::vector<std::shared_ptr<const Tokenizer>> referenceTokenizers() {
  std::filesystem::path folder = reference / "tokenizers";
  return {loadTokenizer(folder / "gpt2/gpt2.tiktoken", "gpt2"),
          loadTokenizer(folder / "gpt-neox-olmo"), loadTokenizer(folder / "dolma2-cl100k"),
          loadTokenizer(folder / "mistral-v1/tokenizer.model.v1"),
          loadTokenizer(reference / "models/stories260K/tok512.bin")};
}

TEST(Tokenizer, HostileCorpora) {
  SKIP_WITHOUT_REFERENCE_DATA();
  std::vector<std::string> texts;
  simdjson::dom::parser parser;
  for (std::string_view text : parser.load(reference / "parsers/blns/blns.json").get_array())
    texts.emplace_back(text);
  // Lines and all of a corpus of broken UTF-8: encoded, or refused by its byte.
  std::string broken = readBytes(reference / "parsers/utf8/utf8tests.bin");
  texts.push_back(broken);
  for (std::size_t at = 0; at < broken.size(); at += 37)
    texts.push_back(broken.substr(at, 37));
  texts.push_back(std::string(300'000, ' '));
  texts.push_back(std::string(300'000, 'x'));
  texts.push_back(std::string(5, '\0'));

  for (const auto &tokenizer : referenceTokenizers()) {
    std::size_t refused = 0;
    for (const std::string &text : texts) {
      try {
        std::vector<TokenId> ids = tokenizer->encode(text);
        EXPECT_EQ(tokenizer->encodeWithOffsets(text).ids, ids);
        tokenizer->decode(ids);
      } catch (const TokenizerError &error) {
        EXPECT_TRUE(std::string_view(error.what()).starts_with("text is not UTF-8: byte 0x"));
        ++refused;
      }
    }
    EXPECT_GT(refused, 0u);
    EXPECT_LT(refused, texts.size());
  }
}

TEST(Tokenizer, ManyThreadsAtOnce) {
  SKIP_WITHOUT_REFERENCE_DATA();
  std::vector<std::string> texts = referenceTexts();
  for (const auto &tokenizer : referenceTokenizers()) {
    std::vector<std::vector<TokenId>> expected;
    for (const std::string &text : texts)
      expected.push_back(tokenizer->encode(text));
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        for (std::size_t j = i; j < texts.size(); ++j)
          ASSERT_EQ(tokenizer->encode(texts[j]), expected[j]);
      });
  }
}

} // namespace roux::data
