//===- Chat.cpp - `roux chat` ---------------------------------------------===//
//
// Talking to a trained model: on a terminal by typing, on a pipe a line a turn.
// Answers go to stdout and all else to stderr, so a script reads answers only.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Utf8.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/EvalTasks.h"
#include "compiler/tools/LineEditor.h"
#include "compiler/tools/NamedModel.h"
#include "compiler/tools/RunnableRecipe.h"
#include "compiler/tools/Settings.h"
#include "compiler/tools/TrainBuild.h"
#include "runtime/eval/CompiledModel.h"
#include "runtime/eval/Conversation.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace roux {

namespace {

/// What the command line says.
struct ChatArguments {
  std::string path, model, tokenizer, system;
  std::vector<std::string> set;
  CheckOptions check;
  eval::GenerateOptions generation;
};

/// Whom the words are put to.
struct Speaker {
  ModelFacts facts;
  std::unique_ptr<train::ModelProgram> program;
};

} // namespace

/// What only a recipe has a use for is not passed over in silence.
static void refuseRecipeFlags(const ChatArguments &arguments) {
  std::string given = !arguments.model.empty() ? "--model" : !arguments.set.empty() ? "--set" : "";
  for (const auto &[key, value] : arguments.check.run)
    if (given.empty() && !std::ranges::count(modelKeys, key))
      given = "--" + key;
  if (!given.empty())
    throw std::runtime_error(
        fmt::format("{} is for a recipe, and '{}' is none", given, arguments.path));
}

static Speaker speakerOfFiles(const SourceManager &sources, const CheckedRecipe &recipe,
                              const ChatArguments &arguments) {
  model::Model model = openNamedModel(arguments.path);
  Speaker speaker;
  speaker.facts.config = model.config;
  speaker.facts.tokenizer = tokenizerOfModel(arguments.path, arguments.tokenizer);
  model::checkVocabulary(model.config, speaker.facts.tokenizer->vocabularySize(), arguments.path);
  speaker.facts.chat =
      data::ChatTemplate::among(speaker.facts.tokenizer->chatTemplates(), arguments.path);
  speaker.program = compileNamedModel(sources, recipe, model, /*generates=*/true);
  return speaker;
}

/// The definition called `name`, or, where that is empty, the recipe's last train.
static const CheckedDefinition &definitionOf(const CheckedRecipe &recipe, const std::string &name) {
  const CheckedDefinition *found = nullptr;
  std::string names;
  for (const CheckedDefinition &each : recipe.definitions) {
    if (each.kind != ast::Kind::Train && each.kind != ast::Kind::Model)
      continue;
    names += (names.empty() ? "" : ", ") + each.name;
    if (name.empty() ? each.kind == ast::Kind::Train && each.inMainFile : each.name == name)
      found = &each;
  }
  if (found)
    return *found;
  throw std::runtime_error(
      name.empty() ? "the recipe has no train; --model names a model to talk to"
                   : fmt::format("no train or model is named '{}'; there is {}", name, names));
}

/// Refuses a train of which nothing was ever built, before its data are.
static void refuseUnbuilt(const SourceManager &sources, const CheckedDefinition &train,
                          const ChatArguments &arguments) {
  std::filesystem::path output = outputFolder(arguments.path);
  if (std::filesystem::is_directory(output))
    for (const auto &folder : std::filesystem::directory_iterator(output))
      if (folder.path().filename().string().starts_with(train.name + "-") &&
          std::filesystem::exists(folder.path() / "model" / "config.json"))
        return;
  throw RefusedRecipe(sources, train.where,
                      fmt::format("train '{0}' is not built; 'roux run {1} --target {0}' builds it",
                                  train.name, arguments.path));
}

static Speaker speakerOfRecipe(const SourceManager &sources, const CheckedRecipe &recipe,
                               const ChatArguments &arguments) {
  if (!arguments.tokenizer.empty())
    throw std::runtime_error("--tokenizer is for a model without a recipe, which names its own");
  const CheckedDefinition &definition = definitionOf(recipe, arguments.model);
  if (definition.kind == ast::Kind::Train)
    refuseUnbuilt(sources, definition, arguments);
  CheckedValue value;
  value.kind = ValueKind::Reference;
  value.text = definition.name;
  value.definition = static_cast<uint32_t>(&definition - recipe.definitions.data());
  value.where = definition.where;
  TrainBuilder trains(sources, recipe, outputFolder(arguments.path));
  trains.neverTrain();
  // Nothing is trained that an interrupt would have to save.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  model::Model model = trains.modelOf(value);
  Speaker speaker{trains.data().modelOf(value), nullptr};
  if (!speaker.facts.tokenizer)
    throw RefusedRecipe(sources, definition.where, "the model brings no tokenizer to talk with");
  speaker.program = programFor(sources, recipe, nullptr, model.config);
  speaker.program->setParameters(model.weights);
  return speaker;
}

/// On a terminal a model's control characters could do anything.
static void tell(std::string_view piece) {
  static const bool isTerminal = isatty(STDOUT_FILENO);
  if (!isTerminal) {
    fmt::print("{}", piece);
  } else {
    while (!piece.empty()) {
      size_t end = std::min(piece.find_first_of("\n\t"), piece.size());
      fmt::print("{}", printable(piece.substr(0, end)));
      if (end < piece.size())
        std::fputc(piece[end++], stdout);
      piece.remove_prefix(end);
    }
  }
  if (std::fflush(stdout) != 0)
    throw std::runtime_error(fmt::format("cannot write the answer: {}", std::strerror(errno)));
}

static void turn(eval::Conversation &chat, const std::string &line, const ChatArguments &arguments,
                 uint64_t context) {
  eval::Answer answer = chat.say(line, tell);
  tell("\n");
  if (answer.ending == eval::Ending::Context)
    fmt::print(stderr, "(the context of {} tokens is full{})\n", context,
               chat.hasTemplate() ? "; /reset begins anew" : "");
  else if (answer.ending == eval::Ending::Length)
    fmt::print(stderr, "(cut after {} tokens; --max-tokens sets how many)\n",
               arguments.generation.tokens);
}

/// Until the end of the input or /quit.
static int talk(const ChatArguments &arguments, const Speaker &speaker) {
  eval::CompiledModel model(*speaker.program);
  data::Consumer consumer{speaker.facts.tokenizer, speaker.facts.chat, {}, false};
  eval::GenerateOptions options = arguments.generation;
  options.ends = answerEndsOf(speaker.facts);
  options.known = speaker.facts.tokenizer->vocabularySize();
  eval::Conversation chat(model, consumer, options, arguments.system);
  if (!arguments.system.empty() && !chat.hasTemplate())
    throw std::runtime_error("--system is a message, and the model has no chat template for one");
  LineEditor lines;
  bool typed = lines.isTyped();
  if (typed)
    fmt::print(stderr, "{}; /reset forgets what was said, /quit ends\n",
               chat.hasTemplate() ? "say something"
                                  : "the model has no chat template: it goes on with your text");
  for (uint64_t number = 1;; ++number) {
    std::optional<std::string> next = lines.read("> ");
    if (!next || *next == "/quit")
      return 0;
    const std::string &line = *next;
    if (line == "/reset")
      chat.reset();
    else if (line.starts_with('/'))
      fmt::print(stderr, "there is no command '{}', only /reset and /quit\n", printable(line));
    else if (line.find_first_not_of(" \t\r") != line.npos)
      try {
        turn(chat, line, arguments, model.context());
      } catch (const std::runtime_error &error) {
        refuse(fmt::format("<stdin>:{}: {}", number, error.what()));
        if (!typed)
          return 1; // a script would take the next answer for this one
      }
  }
}

int runChat(int argc, char **argv) {
  CLI::App app("talk to a trained model: a line a turn, /reset forgets, /quit ends", "roux chat");
  ChatArguments arguments;
  eval::GenerateOptions &generation = arguments.generation;
  app.add_option("model", arguments.path,
                 "a recipe (.recipe), a model's folder, GGUF or llama2.c file")
      ->required();
  app.add_option("--model", arguments.model, "of a recipe: which train or model; its last train");
  app.add_option("--tokenizer", arguments.tokenizer, "of a model without one");
  app.add_option("--system", arguments.system, "what the model is told before the first turn");
  app.add_option("--temperature", generation.sampling.temperature, "0: always the likeliest token")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--top-p", generation.sampling.topP, "only the likeliest, up to this share")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", generation.seed, "of what is drawn");
  app.add_option("--max-tokens", generation.tokens, "of an answer; 256")
      ->check(CLI::Range(1, 1 << 30));
  addSettings(app, arguments.set);
  addRunKeys(app, arguments.check);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] {
    if (!readSettings(arguments.set, arguments.check))
      return 1;
    if (std::filesystem::path(arguments.path).extension() != ".recipe") {
      refuseRecipeFlags(arguments);
      return withRunKeys(arguments.check,
                         [&](const SourceManager &sources, const CheckedRecipe &recipe) {
                           return talk(arguments, speakerOfFiles(sources, recipe, arguments));
                         });
    }
    auto talkTo = [&](const SourceManager &sources, const CheckedRecipe &recipe) {
      return talk(arguments, speakerOfRecipe(sources, recipe, arguments));
    };
    return withRunnable(arguments.path, arguments.check, talkTo);
  });
}

} // namespace roux
