//===- ShellCompletion.cpp - `roux completion` -----------------------------===//
//
// Verbs come from the one table, flags from each verb's own --help when they are asked
// for, so that nothing here has to be kept in step.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"

#include <fmt/format.h>

namespace roux {

static std::string namesOfVerbs() {
  std::string names;
  for (const Verb &verb : verbs())
    names += fmt::format("{}{}", names.empty() ? "" : " ", verb.name);
  return names;
}

/// `text` between single quotes of a shell.
static std::string inQuotes(std::string_view text) {
  std::string out = "'";
  for (char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

static std::string bash() {
  return fmt::format(R"sh(# roux completion bash > ~/.local/share/bash-completion/completions/roux
_roux() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" verb="${{COMP_WORDS[1]}}"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(roux "$verb" --help 2>/dev/null | grep -oE -- '--[a-z][a-z_-]*' | sort -u)" -- "$word"))
  elif [[ $verb == completion ]]; then
    COMPREPLY=($(compgen -W "bash zsh fish" -- "$word"))
  fi
}}
complete -o default -F _roux roux
)sh",
                     namesOfVerbs());
}

static std::string zsh() {
  std::string rows;
  for (const Verb &verb : verbs())
    rows += fmt::format("    {}\n", inQuotes(fmt::format("{}:{}", verb.name, verb.summary)));
  return fmt::format(R"sh(#compdef roux
# roux completion zsh > a file _roux in a folder of $fpath
_roux() {{
  local -a verbs flags
  verbs=(
{}  )
  if ((CURRENT == 2)); then
    _describe verb verbs
  elif [[ $words[CURRENT] == -* ]]; then
    flags=(${{(f)"$(roux $words[2] --help 2>/dev/null | grep -oE -- '--[a-z][a-z_-]*' | sort -u)"}})
    compadd -a flags
  elif [[ $words[2] == completion ]]; then
    compadd bash zsh fish
  else
    _files
  fi
}}
compdef _roux roux
)sh",
                     rows);
}

static std::string fish() {
  std::string out = "# roux completion fish > ~/.config/fish/completions/roux.fish\n";
  for (const Verb &verb : verbs())
    out += fmt::format("complete -c roux -f -n __fish_use_subcommand -a {} -d {}\n", verb.name,
                       inQuotes(verb.summary));
  return out +
         R"sh(complete -c roux -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(roux (commandline -opc)[2] --help 2>/dev/null | string match -ra -- "--[a-z][a-z_-]*" | sort -u)'
complete -c roux -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
)sh";
}

int runCompletion(int argc, char **argv) {
  CLI::App app("write what makes a shell complete verbs, flags and files", "roux completion");
  std::string shell;
  app.add_option("shell", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  fmt::print("{}", shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish());
  return 0;
}

} // namespace roux
