//===- ChatAnswersTest.cpp - answers that are not plain text --------------===//
//
// Templates of the shapes that published families have, answers of the shapes that
// tools and thinking models give. What is trained must be what a model has to write
// behind the prompt that it is asked with.
//
//===----------------------------------------------------------------------===//
#include "PipelineFixture.h"

using namespace roux;
using namespace roux::data;

namespace {

/// Its end token is one that decoding keeps.
class PlainEnd : public ByteTokenizer {
public:
  explicit PlainEnd(bool fromConfig) {
    if (!fromConfig)
      return;
    setEnds(256, {});
    setAnswerEnds({257});
  }
  bool isSpecial(TokenId id) const override { return id >= 256 && id != 257; }
};

class ChatAnswers : public PipelineFixture {
protected:
  /// What is trained of each answer, with `|` between what does not follow each other.
  std::string trained(const std::string &messages, const std::string &source,
                      const std::string &more = "") {
    write("c.jsonl", "{\"messages\": [" + messages + "]" + more + "}\n");
    pipeline.steps.clear();
    this->source("c", "c.jsonl", SourceKind::Chat);
    consumer.chat = ChatTemplate::among({{"default", source}}, "m");
    consumer.target = roleIs("assistant");
    return stretches(run().at(0));
  }
  std::string stretches(const TokenizedRecord &tokens) const {
    std::string shown;
    for (size_t t = 1; t < tokens.labels.size(); ++t)
      if (tokens.labels[t] != noLabel)
        shown += show({tokens.labels[t]});
      else if (!shown.empty() && shown.back() != '|')
        shown += '|';
    return shown.ends_with('|') ? shown.substr(0, shown.size() - 1) : shown;
  }
  std::string asked(const std::string &source) {
    consumer.chat = ChatTemplate::among({{"default", source}}, "m");
    Message question{"user", "q", ""};
    return show(RecordTokenizer(consumer, false).prompt(std::span(&question, 1)));
  }
};

const std::string begin = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}",
                  end = "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}"
                        "{{ '<|im_start|>assistant\n' }}{% endif %}",
                  calls = "{% for c in m.tool_calls or [] %}<call>{{ c.function.name }} "
                          "{{ c.function.arguments | tojson }}</call>{% endfor %}";

std::string callOf(const std::string &arguments) {
  return R"({"role": "user", "content": "go"}, {"role": "assistant", "content": "", "tool_calls": )"
         R"([{"type": "function", "function": {"name": "f", "arguments": )" +
         arguments +
         R"(}}]}, {"role": "tool", "content": "1"}, {"role": "assistant", "content": )"
         R"("ok"})";
}

// Which tokens are trained may not hang on whether the last argument is a text.
TEST_F(ChatAnswers, TrainWholeToolCallsWhateverTheirArguments) {
  for (const char *arguments :
       {R"({"n": 2})", R"({"n": 2, "at": "Hull"})", R"({"at": "Hull", "n": 2})", "{}", R"([1.5])",
        R"({"on": true})", R"({"x": null})", R"({"far": 123456789012345678901234567890})",
        R"({"a": {"b": [[], {}]}})", R"("plain")"}) {
    std::string whole = "<call>f " + std::string(arguments) + "</call><|im_end|>|ok<|im_end|>";
    EXPECT_EQ(trained(callOf(arguments), begin + "{{ m.content }}" + calls + end), whole);
    // Without words for asking what stands before every answer is its opening.
    EXPECT_EQ(trained(callOf(arguments),
                      begin + "{{ m.content }}" + calls + "{{ '<|im_end|>\n' }}{% endfor %}"),
              whole);
    // By macros, by number, and printed as one value.
    EXPECT_EQ(trained(callOf(arguments), "{% macro say(m) %}" + calls + "{% endmacro %}" + begin +
                                             "{{ m.content }}{{ say(m) }}" + end),
              whole);
    EXPECT_EQ(trained(callOf(arguments), "{% for i in range(messages | length) %}{% set m = "
                                         "messages[i] %}{{ '<|im_start|>' + m.role + '\n' }}"
                                         "{{ m.content }}" +
                                             calls + end),
              whole);
  }
}

// A `<think>` that the prompt does not hold is the model's to write.
TEST_F(ChatAnswers, TrainThoughtsFromWhereThePromptEnds) {
  const std::string two =
      R"({"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nh\n</think>\n\nb"}, )"
      R"({"role": "user", "content": "c"}, {"role": "assistant", "content": "<think>\ni\n</think>\n\nd"})";
  const std::string split =
      "{% if m.role == 'assistant' and '</think>' in m.content %}{% if loop.last %}{{ '<think>\n' "
      "+ "
      "m.content.split('</think>')[0].split('<think>')[-1].strip('\n') + '\n</think>\n\n' }}"
      "{% endif %}{{ m.content.split('</think>')[-1].strip('\n') }}{% else %}{{ m.content }}"
      "{% endif %}";
  EXPECT_EQ(trained(two, begin + split + end), "b<|im_end|>|<think>\ni\n</think>\n\nd<|im_end|>");
  std::string opens = begin + split + end;
  opens.replace(opens.rfind("assistant\n"), 10, "assistant\n<think>\n");
  EXPECT_EQ(trained(two, opens), "b<|im_end|>|i\n</think>\n\nd<|im_end|>");
  EXPECT_EQ(asked(begin + split + end), "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(asked(opens), "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n<think>\n");
  const std::string always = begin +
                             "{% if m.role == 'assistant' %}<think>{{ m.reasoning_content or '' }}"
                             "</think>{% endif %}{{ m.content }}";
  const std::string thinks = R"({"role": "user", "content": "a"}, {"role": "assistant", )"
                             R"("content": "4", "reasoning_content": "h"})";
  EXPECT_EQ(trained(thinks, always + end), "<think>h</think>4<|im_end|>");
  EXPECT_EQ(asked(always + end), "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n");
  // Where nothing says how to ask, the model decides what it thinks, or whether it does.
  EXPECT_EQ(trained(thinks, always + "<|im_end|>{% endfor %}"), "h</think>4<|im_end|>");
  EXPECT_EQ(asked(always + "<|im_end|>{% endfor %}"),
            "<|im_start|>user\nq<|im_end|><|im_start|>assistant\n<think>");
  // Thoughts that a template drops were never trained, so nobody is asked for them.
  std::string drops = begin + "{{ m.content.split('</think>')[-1].strip() }}" + end;
  drops.replace(drops.rfind("assistant\n"), 10, "assistant\n<think>\n");
  EXPECT_EQ(trained(two, drops), "b<|im_end|>|d<|im_end|>");
  EXPECT_EQ(asked(drops), "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n");
}

// What the author marks is trained, whoever wrote its bytes, and nothing else.
TEST_F(ChatAnswers, TakeGenerationBlocksAtTheirWord) {
  const std::string own =
      "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation %}"
      "{{ m.content }}{% endgeneration %}{% generation %}</s>!{% endgeneration %}{% else %}"
      "{{ m.content }}</s>{% endif %}{% endfor %}";
  EXPECT_EQ(
      trained(R"({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})", own),
      "b</s>!");
  EXPECT_EQ(
      trained(R"({"role": "user", "content": "a"}, {"role": "assistant", "content": ""})", own),
      "</s>!");
  EXPECT_EQ(
      trained(R"({"role": "assistant", "content": "x"}, {"role": "user", "content": "b"})", own),
      "x</s>!");
  // A block without a byte marks nothing, and its end is none either.
  EXPECT_EQ(trained(R"({"role": "user", "content": "a"}, {"role": "assistant", "content": ""})",
                    "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}"
                    "{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}"
                    "{% endif %}</s>{% endfor %}"),
            "");
}

// "special" says what decoding leaves out; the end of an answer is what a file names so.
TEST_F(ChatAnswers, EndWithTheTokenThatTheFilesName) {
  const std::string plain =
      R"({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})";
  const std::string source =
      "{% for m in messages %}{{ m.role }}:{{ m.content }}</s>\n{% endfor %}";
  for (bool fromConfig : {false, true}) {
    consumer.tokenizer = std::make_shared<PlainEnd>(fromConfig);
    EXPECT_EQ(trained(plain, source), "b</s>");
  }
  // A control token inside of the turn is not its end, nor is one that the data spell.
  EXPECT_EQ(trained(plain, "{% for m in messages %}{{ m.role }}:{{ m.content }}<|im_start|>.</s>\n"
                           "{% endfor %}"),
            "b<|im_start|>.</s>");
  EXPECT_EQ(
      trained(R"({"role": "user", "content": "a"}, {"role": "assistant", "content": "b</s>c"})",
              source),
      "b</s>c</s>");
}

// Two templates in one folder: the record says which one is meant.
TEST_F(ChatAnswers, RenderRecordsWithToolsByTheTemplateForTools) {
  auto render = [&](const std::string &more) {
    write("c.jsonl", R"({"messages": [{"role": "user", "content": "a"}])" + more + "}\n");
    pipeline.steps.clear();
    source("c", "c.jsonl", SourceKind::Chat);
    consumer.chat = ChatTemplate::among({{"default", "{% for m in messages %}{{ m.content }}"
                                                     "{% endfor %}"},
                                         {"tool_use", "TOOLS {{ tools | length }}"}},
                                        "m");
    consumer.target = {};
    return show(run().at(0).ids);
  };
  EXPECT_EQ(render(""), "a");
  EXPECT_EQ(render(R"(, "tools": [{"name": "f"}])"), "TOOLS 1");
  EXPECT_EQ(render(R"(, "tools": null)"), "a");
  EXPECT_EQ(render(R"(, "tools": "")"), "a");
  EXPECT_EQ(render(R"(, "tools": [])"), "TOOLS 0"); // as transformers: a list, if an empty one
  EXPECT_FALSE(ChatTemplate::among({{"tool_use", "x"}}, "m").has_value());
}

TEST_F(ChatAnswers, NameTheTemplateThatIsNone) {
  for (std::string name : {"default", "tool_use"})
    try {
      std::map<std::string, std::string> named = {{"default", "a"}};
      named[name] = "b\n{% if %}";
      ChatTemplate::among(named, "models/m");
      ADD_FAILURE() << "accepted";
    } catch (const TemplateError &error) {
      EXPECT_TRUE(std::string_view(error.what())
                      .starts_with("models/m: chat template '" + name + "': line 2: "))
          << error.what();
    }
}

// What a template makes of a question's last words is its own, and no two questions need end alike.
TEST_F(ChatAnswers, BeginAlikeHoweverQuestionsEnd) {
  EXPECT_EQ(
      trained(R"({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, )"
              R"({"role": "user", "content": "c\n\n"}, {"role": "assistant", "content": "d"})",
              "{% for m in messages %}{{ 'A: ' if m.role == 'assistant' else 'Q: ' }}"
              "{{ m.content | replace('\\n', ' ') }}{{ '</s>' if m.role == 'assistant' }}\n"
              "{% endfor %}{% if add_generation_prompt %}{{ 'A: ' }}{% endif %}"),
      " b</s>| d</s>");
}

// The prompts of a conversation are, token by token, the beginnings of what trains its answers.
TEST_F(ChatAnswers, BeginWherePromptsEnd) {
  std::vector<Message> messages = {
      {"user", "a", ""}, {"assistant", "b", ""}, {"user", "c", ""}, {"assistant", "d", ""}};
  for (std::string_view name : ChatTemplate::names()) {
    consumer.chat = ChatTemplate::named(name);
    RecordTokenizer tokenizer(consumer, false);
    Record record;
    record.layout = Layout::Messages;
    record.messages = messages;
    TokenizedRecord tokens;
    tokenizer.tokenize(record, Ends::None, tokens, nullptr);
    for (size_t answer : {1, 3}) {
      std::vector<int32_t> prompt = tokenizer.prompt(std::span(messages).first(answer));
      ASSERT_LT(prompt.size(), tokens.size()) << name;
      EXPECT_EQ(tokens.turns[answer].tokens.begin, prompt.size()) << name;
      if (name != "longalign") // whose end is only a label
        EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), tokens.ids.begin())) << name;
    }
  }
}

} // namespace
