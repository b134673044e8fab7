//===- ChatTargetsTest.cpp - what is trained of a chat --------------------===//
//
// Labels are shown at the token that is predicted; a point is a token that is not
// trained.
//
//===----------------------------------------------------------------------===//
#include "PipelineFixture.h"
#include "runtime/data/tokenizer/Formats.h"
#include "tests/Paths.h"

#include <iterator>

using namespace roux;
using namespace roux::data;

namespace {

class ChatTargets : public PipelineFixture {
protected:
  /// The one chat of these messages, with `role == assistant` as target.
  TokenizedRecord chat(const std::string &messages, std::string_view name) {
    return chatThrough(messages, ChatTemplate::named(name));
  }
  TokenizedRecord chatThrough(const std::string &messages, ChatTemplate through) {
    write("c.jsonl", "{\"messages\": [" + messages + "]}\n");
    pipeline.steps.clear();
    source("c", "c.jsonl", SourceKind::Chat);
    consumer.chat = std::move(through);
    consumer.target = roleIs("assistant");
    return run().at(0);
  }
  uint64_t noted(std::string_view rule, Fate fate = Fate::Noted) {
    TokenStoreWriter store(folder / "store", {});
    Ledger notes;
    PipelineRunner runner(pipeline, consumer, notes);
    runner.runSteps();
    runner.write(store, {});
    const LedgerLine *line = notes.find(fate, rule);
    return line ? line->sequences : 0;
  }
};

const std::string two =
    R"({"role": "user", "content": "ab"}, {"role": "assistant", "content": "ab"},
  {"role": "user", "content": "?"}, {"role": "assistant", "content": "no"})";
std::string oneLine(std::string text) {
  std::erase(text, '\n');
  return text;
}

// The question says the same as the answer: searching for the answer would find the question.
TEST_F(ChatTargets, TrainsAnswersAndTheirEnds) {
  TokenizedRecord tokens = chat(oneLine(two), "chatml");
  EXPECT_EQ(show(tokens.ids),
            "<|im_start|>user\nab<|im_end|>\n<|im_start|>assistant\nab<|im_end|>\n"
            "<|im_start|>user\n?<|im_end|>\n<|im_start|>assistant\nno<|im_end|>\n");
  // Control tokens count as one; the first token is left out.
  EXPECT_EQ(showLabels(tokens),
            std::string(20, '.') + "ab<|im_end|>" + std::string(21, '.') + "no<|im_end|>.");
  ASSERT_EQ(tokens.turns.size(), 4u);
  EXPECT_EQ(tokens.textOf(tokens.turns[1].tokens), "ab<|im_end|>");
  EXPECT_EQ(tokens.turns[2].role, "user");
}

// The blanks that the template puts before an answer and its end are the model's to say: it is
// asked with "[/INST]".
TEST_F(ChatTargets, TrainsTheBlankBeforeTheEnd) {
  TokenizedRecord tokens = chat(oneLine(two), "llama2");
  EXPECT_EQ(show(tokens.ids), "<s>[INST] ab [/INST] ab </s><s>[INST] ? [/INST] no </s>");
  EXPECT_EQ(showLabels(tokens),
            std::string(17, '.') + " ab </s>" + std::string(17, '.') + " no </s>");
}

// LongAlign: EOS is the label after every answer, whatever the next input is.
TEST_F(ChatTargets, TrainsLongAlignsEndWhereTheInputDiffers) {
  TokenizedRecord tokens = chat(oneLine(two), "longalign");
  EXPECT_EQ(show(tokens.ids), "<s>[INST]ab[/INST]ab\n\n[INST]?[/INST]no</s>");
  EXPECT_EQ(showLabels(tokens), std::string(15, '.') + "ab</s>" + std::string(15, '.') + "no</s>");
  // At the differing place the input goes on.
  EXPECT_EQ(tokens.ids[18], '\n');
  EXPECT_EQ(tokens.labels[18], 257);
}

// An empty answer trains nothing, and a last question is not part of the chat.
TEST_F(ChatTargets, TrainsNothingOfAnEmptyAnswer) {
  TokenizedRecord tokens =
      chat(R"({"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, )"
           R"({"role": "user", "content": "b"})",
           "longalign");
  EXPECT_EQ(show(tokens.ids), "<s>[INST]a[/INST]</s>");
  EXPECT_EQ(tokens.countTargets(), 0u);
  EXPECT_EQ(noted("empty answer"), 1u);
  EXPECT_EQ(noted("the last question has no answer"), 1u);
}

// What `all(turn.tokens > 0 over sequence)` looks for is a turn, whoever says nothing.
TEST_F(ChatTargets, AMessageWithoutWordsIsATurnWithoutTokens) {
  const std::string silent = R"({"role": "system", "content": " "}, {"role": "user", "content": ""},
    {"role": "assistant", "content": "ab"}, {"role": "tool", "content": ""},
    {"role": "assistant", "content": ""}, {"role": "user", "content": ""})";
  ChatTemplate marks("{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}"
                     "{% generation %}{{ m.content }}{% endgeneration %}{% else %}"
                     "{{ m.content | trim }}{% endif %}{% endfor %}");
  auto turnsOf = [&](const ChatTemplate &own) {
    TokenizedRecord tokens = chatThrough(oneLine(silent), own);
    std::string turns;
    uint32_t last = 0;
    for (const Turn &turn : tokens.turns) {
      turns += std::to_string(turn.message) + turn.role[0] + (turn.tokens.size() ? "+ " : " ");
      EXPECT_GE(turn.tokens.begin, last);
      last = turn.tokens.end;
    }
    EXPECT_LE(last, tokens.size());
    return turns;
  };
  EXPECT_EQ(turnsOf(ChatTemplate::named("chatml")), "0s+ 1u 2a+ 3t 4a 5u ");
  EXPECT_EQ(turnsOf(marks), "0s 1u 2a+ 3t 4a 5u ");
}

// A token has one owner, also where a tokenizer makes one unknown token of several messages, and
// where a question begins with what ends answers.
TEST_F(ChatTargets, NoTokenIsOfTwoTurns) {
  std::string file = sourceFolder() + "/tests/runtime/data/tokenizer/fuzz/corpus/llama2.json";
  std::ifstream stream(file);
  std::shared_ptr<const Tokenizer> fuses =
      readHuggingFace(std::string(std::istreambuf_iterator(stream), {}), file);
  ChatTemplate bare("{% for m in messages %}{{ m.content }}{% endfor %}");
  for (const auto &tokenizer : {consumer.tokenizer, fuses}) {
    consumer.tokenizer = tokenizer;
    TokenizedRecord tokens = chatThrough(
        R"({"role": "user", "content": "q"}, {"role": "assistant", "content": "z"},)"
        R"({"role": "user", "content": "</s>q"}, {"role": "assistant", "content": "zz"},)"
        R"({"role": "user", "content": "q"}, {"role": "assistant", "content": "z"})",
        bare);
    uint32_t last = 0;
    for (const Turn &turn : tokens.turns) {
      EXPECT_GE(turn.tokens.begin, last);
      EXPECT_GE(turn.tokens.end, turn.tokens.begin);
      last = turn.tokens.end;
    }
    EXPECT_LE(last, tokens.size());
    EXPECT_GT(tokens.countTargets(), 0u);
  }
}

TEST_F(ChatTargets, TakesGenerationBlocksAtTheirWord) {
  ChatTemplate own("{% for m in messages %}{% if m.role == 'assistant' %}A:{% generation %}"
                   "{{ m.content }}!</s>{% endgeneration %}{% else %}U:{{ m.content }}{% endif %}"
                   "{% endfor %}");
  TokenizedRecord tokens = chatThrough(oneLine(two), own);
  EXPECT_EQ(show(tokens.ids), "U:abA:ab!</s>U:?A:no!</s>");
  EXPECT_EQ(showLabels(tokens), ".....ab!</s>.....no!</s>");
}

// The words of a template between two pieces of an answer are the model's too.
TEST_F(ChatTargets, TrainsWhatStandsInsideAnAnswer) {
  ChatTemplate own("{% for m in messages %}{{ m.role }}:{{ m.content.split('|')[0] }}</think>"
                   "{{ m.content.split('|')[-1] }}</s>{% endfor %}");
  TokenizedRecord tokens = chatThrough(R"({"role": "assistant", "content": "x|y"})", own);
  EXPECT_EQ(showLabels(tokens), ".........x</think>y</s>");
}

TEST_F(ChatTargets, NotesWhatLooksWrong) {
  chatThrough(R"({"role": "user", "content": "</s>"}, {"role": "assistant", "content": "b"})",
              ChatTemplate("{{ bos_token }}{{ bos_token }}{% for m in messages %}{{ m.content }}"
                           "{% endfor %}"));
  EXPECT_EQ(noted("double BOS"), 1u);
  std::string_view untrained = "an answer's end is not trained: no control token follows it";
  EXPECT_EQ(noted(untrained, Fate::Warned), 1u);
  EXPECT_NE(remedyOf(untrained).find("does not learn to stop"), std::string_view::npos);
  EXPECT_EQ(noted("a control token is spelled in a message"), 1u);
  consumer.target = roleIs("nobody");
  EXPECT_EQ(noted("a chat with an answer has no target"), 1u);
  consumer.target = binary(Operation::NotEqual, read(Scope::Token, Attribute::Role), text("x"));
  EXPECT_EQ(noted("every token of a chat is a target"), 1u); // the second BOS opens nothing
}

// Four spellings of one mark; what its author says is wrong is no target, but is still read.
TEST_F(ChatTargets, LeaveOutTheAnswersThatAreMarked) {
  for (std::string mark : {R"("weight": 0)", R"("train": false)", R"("training": false)",
                           R"("loss": false)", R"("loss_weight": 0.0)"})
    EXPECT_EQ(
        showLabels(chat(R"({"role": "user", "content": "q"},)"
                        R"({"role": "assistant", "content": "no", )" +
                            mark + R"(}, {"role": "assistant", "content": "yes", "weight": 1})",
                        "chatml")),
        std::string(34, '.') + "yes<|im_end|>.")
        << mark;
}

// Under every layout a message's other keys reach the template, and a null key is an absent one.
TEST_F(ChatTargets, GiveTemplatesAllThatMessagesSay) {
  ChatTemplate thinking("{% for m in messages %}{{ m.role[0] }}{{ m.reasoning_content }}|"
                        "{{ m.content }};{% endfor %}");
  for (std::string key : {"reasoning_content", "reasoning", "thinking"}) {
    std::string answer = R"({"role": "assistant", "content": null, ")" + key + R"(": "why"})";
    EXPECT_EQ(show(chatThrough(R"({"role": "user", "content": "q"}, )" + answer, thinking).ids),
              "u|q;awhy|;");
    EXPECT_EQ(noted("c: the template does not read '" + key + "' of messages"), 0u);
  }
  write("c.jsonl", R"({"system": "s", "tools": "[{\"n\": 1}]", "extra": 1, "conversations": [)"
                   R"({"from": "human", "value": "q"}, {"from": "gpt", "value": "r", )"
                   R"("reasoning": "why", "mood": "good"}]})");
  consumer.chat =
      ChatTemplate("{{ tools[0].n }}{% for m in messages %}{{ m.role[0] }}{{ m.thinking }}|"
                   "{{ m.content }};{% endfor %}");
  EXPECT_EQ(texts().at(0), "1s|s;u|q;awhy|r;");
  EXPECT_EQ(noted("c: nothing reads key 'extra'"), 1u);
  EXPECT_EQ(noted("c: the template does not read 'mood' of messages"), 1u);
  EXPECT_EQ(noted("c: nothing reads key 'system'"), 0u);
  // A template that asks whether there is content is answered.
  EXPECT_EQ(show(chatThrough(R"({"role": "assistant", "content": null, "tool_calls": []})",
                             ChatTemplate("{{ 'call' if messages[0]['content'] is none else '' }}"))
                     .ids),
            "call");
}

TEST_F(ChatTargets, TellOfThoughtsThatNoTemplateReads) {
  chat(
      R"({"role": "user", "content": "q"}, {"role": "assistant", "content": "r", "thinking": "w"})",
      "chatml");
  EXPECT_EQ(noted("c: the template does not read 'thinking' of messages"), 1u);
}

// What a record hands to its template is lost where the template does not have the word.
TEST_F(ChatTargets, TellOfToolsAndDocumentsThatNoTemplateReads) {
  write(
      "c.jsonl",
      R"({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "r"}], )"
      R"("tools": [{"n": 1}], "documents": [{"t": 1}], "chat_template_kwargs": {"mode": 1, "tone": 2}})"
      "\n"
      R"({"messages": [{"role": "user", "content": "q"}], "tools": [], "documents": null})");
  source("c", "c.jsonl", SourceKind::Chat);
  consumer.chat = ChatTemplate("{{ mode }}{% for m in messages %}{{ m.content }}{% endfor %}");
  EXPECT_EQ(texts().at(0), "1qr");
  for (std::string key : {"tools", "documents", "tone"})
    EXPECT_EQ(noted("c: the template does not read '" + key + "'"), 1u) << key;
  EXPECT_EQ(noted("c: the template does not read 'mode'"), 0u);
  consumer.chat = ChatTemplate("{{ tools }}{{ documents }}{{ tone }}{{ mode }}");
  for (std::string key : {"tools", "documents", "tone"})
    EXPECT_EQ(noted("c: the template does not read '" + key + "'"), 0u) << key;
}

// A template reads thoughts under one name: a second one that says something else would be lost.
TEST_F(ChatTargets, RefuseThoughtsThatDiffer) {
  auto thinking = [&](const std::string &keys) {
    return show(chatThrough(R"({"role": "assistant", "content": "r", )" + keys + "}",
                            ChatTemplate("{{ messages[0].thinking }}{{ messages[0].content }}"))
                    .ids);
  };
  EXPECT_EQ(thinking(R"("reasoning": "w", "reasoning_content": "w")"), "wr");
  EXPECT_EQ(thinking(R"("reasoning": null, "reasoning_content": "w")"), "wr");
  try {
    thinking(R"("reasoning": "v", "reasoning_content": "w")");
    ADD_FAILURE() << "accepted";
  } catch (const RecordError &error) {
    EXPECT_NE(std::string(error.what())
                  .find("c.jsonl:1: message 0 has other thoughts under 'reasoning' than under "
                        "'reasoning_content'"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(ChatTargets, TrainOnlyACompletionsMessages) {
  write("p.jsonl", R"({"prompt": [{"role": "user", "content": "a"}, )"
                   R"({"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}], )"
                   R"("completion": [{"role": "assistant", "content": "d"}]})");
  consumer.target = roleIs("assistant");
  for (SourceKind kind : {SourceKind::Completion, SourceKind::Chat}) {
    pipeline.steps.clear();
    source("p", "p.jsonl", kind);
    TokenizedRecord tokens = run().at(0);
    EXPECT_TRUE(showLabels(tokens).ends_with("....d<|im_end|>."));
    EXPECT_EQ(tokens.countTargets(), 2u);
  }
}

// A token that holds a byte of the completion is the completion's.
TEST_F(ChatTargets, GiveTheTokenAcrossTheBorderToTheCompletion) {
  write("p.jsonl", R"({"prompt": "a</", "completion": "s>b"})");
  pipeline.steps.clear();
  source("p", "p.jsonl", SourceKind::Completion);
  consumer.target = roleIs("assistant");
  TokenizedRecord tokens = run().at(0);
  EXPECT_EQ(show(tokens.ids), "a</s>b");
  EXPECT_EQ(showLabels(tokens), "</s>b");
  EXPECT_EQ(tokens.turns.size(), 2u);
}

TEST_F(ChatTargets, NamesTheRecordATemplateRefuses) {
  try {
    chat(R"({"role": "assistant", "content": "b"})", "llama2");
    FAIL() << "not refused";
  } catch (const RecordError &error) {
    std::string message = error.what();
    EXPECT_EQ(message.substr(message.find("c.jsonl")),
              "c.jsonl:1: chat template: line 1: the template says: llama2 needs user and "
              "assistant in turn");
  }
  EXPECT_THROW(ChatTemplate::named("vicuna"), TemplateError);
}

TEST_F(ChatTargets, KeepsWhatAToolCallSays) {
  ChatTemplate own("{% for m in messages %}{{ m.role }}:{% if m.tool_calls %}"
                   "{{ m.tool_calls[0].function | tojson }}{% else %}{{ m.content }}{% endif %}</s>"
                   "{% endfor %}");
  TokenizedRecord tokens =
      chatThrough(R"({"role": "user", "content": "a"}, {"role": "assistant", "content": null, )"
                  R"("tool_calls": [{"function": {"name": "f"}}]})",
                  own);
  EXPECT_EQ(showLabels(tokens), "................{\"name\": \"f\"}</s>");
}

TEST_F(ChatTargets, CompletionsTrainTheirEnd) {
  write("p.jsonl", R"({"prompt": "ab", "completion": "cd"})");
  pipeline.steps.clear();
  source("p", "p.jsonl", SourceKind::Completion, Ends::Both);
  consumer.target = roleIs("assistant");
  TokenizedRecord tokens = run().at(0);
  EXPECT_EQ(show(tokens.ids), "<s>abcd</s>");
  EXPECT_EQ(showLabels(tokens), "..cd</s>");
}

TEST_F(ChatTargets, PlainTextsNeverPredictABos) {
  write("t.jsonl", "{\"text\": \"ab\"}\n");
  pipeline.steps.clear();
  source("t", "t.jsonl", SourceKind::Text, Ends::Both);
  consumer.target = {};
  TokenizedRecord tokens = run().at(0);
  EXPECT_EQ(tokens.labels, (std::vector<int32_t>{noLabel, 'a', 'b', 257}));
}

/// Many base models begin and end a text with one token.
class OneEndTokenizer : public ByteTokenizer {
public:
  OneEndTokenizer() {
    setEnds(257, 257);
    setNamedTokens({{"bos_token", "</s>"}, {"eos_token", "</s>"}});
  }
};

// A label is told by its place: what opens a sequence is none, the same token at an end is one.
TEST_F(ChatTargets, LearnToStopWhereOneTokenBeginsAndEnds) {
  consumer.tokenizer = std::make_shared<OneEndTokenizer>();
  auto labels = [&](const std::string &line, SourceKind kind, Ends ends, Expression target) {
    write("r.jsonl", line + "\n");
    pipeline.steps.clear();
    source("r", "r.jsonl", kind, ends);
    consumer.target = std::move(target);
    TokenizedRecord tokens = run().at(0);
    if (tokens.ids[0] == 257)
      EXPECT_EQ(tokens.labels[0], noLabel) << line;
    return showLabels(tokens);
  };
  EXPECT_EQ(labels(R"({"text": "ab"})", SourceKind::Text, Ends::Both, {}), "ab</s>");
  EXPECT_EQ(labels(R"({"text": "a</s>b"})", SourceKind::Text, Ends::Bos, {}), "a</s>b");
  EXPECT_EQ(labels(R"({"prompt": "ab", "completion": "cd"})", SourceKind::Completion, Ends::Eos,
                   roleIs("assistant")),
            ".cd</s>");
  EXPECT_EQ(labels(R"({"ids": [257, 97, 98, 257]})", SourceKind::Tokens, Ends::None, {}), "ab</s>");
  EXPECT_EQ(labels(R"({"ids": [97, 98, 257], "labels": [-100, -100, 257]})", SourceKind::Tokens,
                   Ends::None, {}),
            ".</s>");
  consumer.chat = ChatTemplate(
      "{{ bos_token }}{% for m in messages %}{{ m.role[0] + ':' + m.content + eos_token }}"
      "{% endfor %}");
  EXPECT_EQ(labels(R"({"messages": [{"role": "user", "content": "x"}, )"
                   R"({"role": "assistant", "content": "y"}]})",
                   SourceKind::Chat, Ends::None, roleIs("assistant")),
            "......y</s>");
}

// On real chats and a real tokenizer: what is trained reads as the answers and their ends, nothing
// else.
TEST_F(ChatTargets, TrainsExactlyTheAnswersOfTheReferenceChats) {
  std::filesystem::path data = referenceData();
  if (!std::filesystem::exists(data))
    GTEST_SKIP() << data << " is not here";
  consumer.tokenizer = loadTokenizer(data / "tokenizers/dolma2-cl100k/tokenizer.json");
  consumer.target = roleIs("assistant");
  uint32_t read = source("c", (data / "chat/mixed_chat_small.jsonl").string(), SourceKind::Chat);
  std::vector<TokenizedRecord> sequences = run();
  ASSERT_EQ(sequences.size(), 280u);
  RecordSource chats(pipeline.steps[read].source, ledger);
  RecordSource::Reader reader(chats);
  for (uint64_t i = 0; i < chats.size(); ++i) {
    std::string expected, trained;
    for (const Message &message : reader.read(i).messages)
      if (message.role == "assistant")
        expected += std::string(message.content) + "<|im_end|>";
    std::vector<int32_t> targets;
    for (size_t t = 1; t < sequences[i].labels.size(); ++t)
      if (sequences[i].labels[t] != noLabel)
        targets.push_back(sequences[i].labels[t]);
    EXPECT_EQ(show(targets), expected) << i;
  }
}

} // namespace
