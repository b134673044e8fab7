//===- MeaningChange.cpp - what is another between two meanings ------------===//
//
// Sections by definition, lines by key, calls by argument. What has another name on
// one side is one change there and is not looked into.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/MeaningChange.h"

#include "compiler/frontend/AST.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace roux {

namespace {

/// A key and its value, as text.
struct Entry {
  std::string_view name, value;
};

/// A definition, or one line of what else a train is made from.
struct Section {
  std::string_view heading; ///< "train read", "dtype", "weights"
  std::string_view value;   ///< of a line that is no definition
  std::vector<Entry> entries;
};

struct Call {
  std::string_view name;
  std::vector<Entry> arguments;
};

} // namespace

static std::string_view takeLine(std::string_view &text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

static bool isKind(std::string_view word) {
  using enum ast::Kind;
  return std::ranges::any_of(
      std::initializer_list<ast::Kind>{Prompt, Tokenizer, Model, Data, Score, Train, Eval, Run},
      [&](ast::Kind kind) { return ast::spelling(kind) == word; });
}

/// "what the value is" of a line that stands alone: the last word, or all after the first for a
/// value of several.
static Section lineAlone(std::string_view line) {
  static constexpr std::string_view twoWords[] = {"step format"};
  for (std::string_view two : twoWords)
    if (line.starts_with(two))
      return {two, line.substr(std::min(two.size() + 1, line.size())), {}};
  size_t space = std::min(line.find(' '), line.size());
  return {line.substr(0, space), line.substr(std::min(space + 1, line.size())), {}};
}

static std::vector<Section> sectionsOf(std::string_view text) {
  std::vector<Section> sections;
  while (!text.empty()) {
    std::string_view line = takeLine(text);
    if (line.starts_with("  ") && !sections.empty()) {
      line.remove_prefix(2);
      // "is value" of a definition, "key: value" of a block.
      bool isValue = line.starts_with("is ");
      size_t colon = line.find(": ");
      if (isValue)
        sections.back().entries.push_back({"", line.substr(3)});
      else if (colon != line.npos)
        sections.back().entries.push_back({line.substr(0, colon), line.substr(colon + 2)});
      else
        sections.back().entries.push_back({line, ""});
      continue;
    }
    if (isKind(line.substr(0, line.find(' '))))
      sections.push_back({line, "", {}});
    else
      sections.push_back(lineAlone(line));
  }
  return sections;
}

/// Where the piece of `text` that begins at `at` ends: at a comma outside of brackets and quotes,
/// or at the end.
static size_t pieceEnd(std::string_view text, size_t at) {
  int depth = 0;
  for (bool quoted = false; at < text.size(); ++at) {
    char c = text[at];
    if (quoted && c == '\\')
      ++at;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '(' || c == '['))
      ++depth;
    else if (!quoted && (c == ')' || c == ']'))
      --depth;
    else if (!quoted && c == ',' && depth == 0)
      break;
  }
  return std::min(at, text.size());
}

static bool isName(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
}

/// `value` as a call with named arguments; none where it is something else.
static std::optional<Call> callOf(std::string_view value) {
  size_t open = value.find('(');
  if (open == value.npos || !isName(value.substr(0, open)) ||
      pieceEnd(value, open) != value.size() || !value.ends_with(')'))
    return std::nullopt;
  Call call{value.substr(0, open), {}};
  std::string_view inside = value.substr(open + 1, value.size() - open - 2);
  while (!inside.empty()) {
    size_t end = pieceEnd(inside, 0), colon = inside.find(": ");
    if (colon >= end || !isName(inside.substr(0, colon)))
      return std::nullopt;
    call.arguments.push_back({inside.substr(0, colon), inside.substr(colon + 2, end - colon - 2)});
    inside.remove_prefix(std::min(end + 2, inside.size()));
  }
  return call;
}

static std::string joined(std::string_view path, std::string_view name) {
  return path.empty() || name.empty() ? fmt::format("{}{}", path, name)
                                      : fmt::format("{}.{}", path, name);
}

static const Entry *entryOf(const std::vector<Entry> &entries, std::string_view name) {
  auto found = std::ranges::find(entries, name, &Entry::name);
  return found == entries.end() ? nullptr : &*found;
}

static void compareEntries(std::string_view path, const std::vector<Entry> &before,
                           const std::vector<Entry> &now, std::vector<MeaningChange> &out);

static void compareValues(const std::string &path, std::string_view before, std::string_view now,
                          std::vector<MeaningChange> &out) {
  if (before == now)
    return;
  std::optional<Call> old = callOf(before), fresh = callOf(now);
  if (old && fresh && old->name == fresh->name)
    compareEntries(path, old->arguments, fresh->arguments, out);
  else
    out.push_back({path, std::string(before), std::string(now)});
}

static void compareEntries(std::string_view path, const std::vector<Entry> &before,
                           const std::vector<Entry> &now, std::vector<MeaningChange> &out) {
  for (const Entry &entry : now) {
    const Entry *old = entryOf(before, entry.name);
    compareValues(joined(path, entry.name), old ? old->value : "", entry.value, out);
  }
  for (const Entry &entry : before)
    if (!entryOf(now, entry.name))
      out.push_back({joined(path, entry.name), std::string(entry.value), ""});
}

/// Whether a line only follows from the others: the plan's own summary of the train's keys.
static bool followsFromOthers(const Section &section) {
  return section.heading == "plan" || section.heading.ends_with(':');
}

static bool isDefinition(const Section &section) {
  return section.value.empty() && section.heading.find(' ') != std::string_view::npos;
}

/// Compares `now` with what it was; `before` is null where it was not there. Keys of the train
/// itself have no name before them.
static void compareSections(const Section *before, const Section &now, bool isTrain,
                            std::vector<MeaningChange> &out) {
  std::string heading(now.heading.substr(0, now.heading.find(':')));
  if (!before)
    out.push_back({heading, "", now.value.empty() ? "there" : std::string(now.value)});
  else if (isDefinition(now))
    compareEntries(isTrain ? "" : now.heading.substr(now.heading.find(' ') + 1), before->entries,
                   now.entries, out);
  else
    compareValues(heading, before->value, now.value, out);
}

std::vector<MeaningChange> changesOf(std::string_view before, std::string_view now) {
  std::vector<Section> old = sectionsOf(before);
  std::vector<MeaningChange> causes, consequences;
  bool isTrain = true;
  for (const Section &section : sectionsOf(now)) {
    // Of several lines with one heading, the next.
    auto same = std::ranges::find(old, section.heading, &Section::heading);
    compareSections(same == old.end() ? nullptr : &*same, section, isTrain,
                    followsFromOthers(section) ? consequences : causes);
    if (same != old.end())
      old.erase(same);
    isTrain = isTrain && !isDefinition(section);
  }
  for (const Section &section : old)
    (followsFromOthers(section) ? consequences : causes)
        .push_back({std::string(section.heading),
                    section.value.empty() ? "there" : std::string(section.value), ""});
  return causes.empty() ? consequences : causes;
}

std::string shortened(const std::string &value) {
  constexpr size_t most = 80;
  if (value.size() <= most)
    return value;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80)
    --end;
  return value.substr(0, end) + "…";
}

namespace {
struct Words {
  std::string_view what, text;
};
} // namespace

/// What is said of values that tell a person nothing.
static constexpr Words hashes[] = {
    {"tokens", "its data are others"},
    {"plan", "its steps are others"},
    {"weights", "the weights it starts from are others"},
    {"shape", "the config of the model it starts from is another"},
    {"from", "the train it starts from is another"},
    {"save", "the saves it is the average of are others"},
    {"watched", "what is watched for the best weights is measured otherwise"},
    {"edited", "a stage was edited by hand"},
    {"step format", "this build makes steps in another way"},
};

std::string movedSamples(const std::vector<MeaningChange> &changes, std::string_view now) {
  if (now.find("sample(") == now.npos)
    return "";
  auto draws = [](const MeaningChange &change) {
    return change.what == "seed" || change.what.ends_with("amount"); // of sample
  };
  if (std::ranges::any_of(changes, draws))
    return "; its samples are others, so what was held out before may now be trained on";
  bool isOfContents =
      std::ranges::all_of(changes, [](const MeaningChange &each) { return isHash(each.what); });
  return isOfContents && !changes.empty() ? "; samples go by file and line, so a record that has "
                                            "moved to another line may now be "
                                            "trained on, or held out"
                                          : "";
}

bool isHash(std::string_view what) {
  return std::ranges::find(hashes, what, &Words::what) != std::end(hashes);
}

std::string print(const MeaningChange &change) {
  if (isHash(change.what))
    return std::string(std::ranges::find(hashes, change.what, &Words::what)->text);
  if (change.before.empty() || change.now.empty()) {
    const std::string &value = change.before.empty() ? change.now : change.before;
    return fmt::format("{}{} is {}", change.what, value == "there" ? "" : ": " + shortened(value),
                       change.before.empty() ? "new" : "gone");
  }
  return fmt::format("{} is {} and was {}", change.what, shortened(change.now),
                     shortened(change.before));
}

} // namespace roux
