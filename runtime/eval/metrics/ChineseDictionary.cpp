//===- ChineseDictionary.cpp - jieba's package, read where it is installed ===//
//
// `dict.txt` has a word, its count and its kind a line; the model is three Python
// files that each hold one dictionary literal.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/metrics/Characters.h"
#include "runtime/eval/metrics/ChineseWords.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <iterator>

namespace roux::eval {

namespace fs = std::filesystem;

static std::string contentOf(const fs::path &file) {
  std::ifstream in(file, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in)
    throw DictionaryError(
        fmt::format("{} cannot be read; expected the files of Python's jieba", file.string()));
  return content;
}

/// Doubles the table of edges.
void ChineseWords::grow() {
  std::vector<uint64_t> oldKeys = std::move(keys);
  std::vector<uint32_t> oldTargets = std::move(targets);
  keys.assign(oldKeys.size() * 2, 0), targets.assign(oldKeys.size() * 2, 0);
  for (size_t i = 0; i < oldKeys.size(); ++i)
    if (oldKeys[i] != 0)
      edge(static_cast<uint32_t>((oldKeys[i] - 1) >> 32),
           static_cast<char32_t>((oldKeys[i] - 1) & UINT32_MAX)) = oldTargets[i];
}

/// The end of an edge; `nowhere` where it is new.
uint32_t &ChineseWords::edge(uint32_t node, char32_t character) {
  uint64_t key = (uint64_t(node) << 32 | character) + 1;
  size_t mask = keys.size() - 1;
  for (size_t at = (key * 0x9E3779B97F4A7C15u >> 20) & mask;; at = (at + 1) & mask) {
    if (keys[at] == key)
      return targets[at];
    if (keys[at] == 0) {
      keys[at] = key;
      return targets[at] = nowhere;
    }
  }
}

void ChineseWords::addWord(std::u32string_view word, double count) {
  uint32_t node = root;
  for (char32_t character : word) {
    if (counts.size() * 2 > keys.size())
      grow();
    uint32_t &end = edge(node, character);
    if (end == nowhere) {
      end = static_cast<uint32_t>(counts.size());
      counts.push_back(0);
    }
    node = end;
  }
  counts[node] = count;
  total += count;
}

void ChineseWords::readDictionary(const fs::path &file) {
  std::string content = contentOf(file);
  keys.assign(1 << 20, 0), targets.assign(1 << 20, 0);
  counts.assign(1, 0);
  uint64_t number = 0;
  for (size_t at = 0; at < content.size();) {
    size_t end = std::min(content.find('\n', at), content.size());
    std::string_view line = std::string_view(content).substr(at, end - at);
    at = end + 1, ++number;
    size_t space = line.find(' ');
    uint64_t count = 0;
    if (space == 0 || space == line.npos ||
        std::from_chars(line.data() + space + 1, line.data() + line.size(), count).ec !=
            std::errc())
      throw DictionaryError(
          fmt::format("{}:{}: expected a word and its count", file.string(), number));
    addWord(charactersOf(line.substr(0, space)), static_cast<double>(count));
  }
  if (total == 0)
    throw DictionaryError(fmt::format("{} holds no words", file.string()));
  for (double count : counts)
    logarithms.push_back(count > 0 ? std::log(count) : 0);
}

namespace {

/// A literal `P={'B': {'\u4e00': -3.65, …}, …}` or `P={'B': -0.26, …}`, told number by number.
class ProbabilityFile {
public:
  using Sink =
      std::function<void(const std::u32string &outer, const std::u32string &inner, double)>;
  ProbabilityFile(const fs::path &file, const Sink &sink)
      : file(file), content(contentOf(file)), sink(sink), at(content.find('{')) {
    if (at == content.npos)
      fail();
    dictionary({});
  }

private:
  [[noreturn]] void fail() const {
    throw DictionaryError(fmt::format("{} is not as jieba 0.42.1 has it at byte {}", file.string(),
                                      std::min(at, content.size())));
  }
  char peek() {
    at = std::min(content.find_first_not_of(" \t\r\n", at), content.size());
    return at < content.size() ? content[at] : '\0';
  }
  std::u32string text() {
    size_t end = content.find('\'', at + 1);
    if (end == content.npos)
      fail();
    std::string_view quoted = std::string_view(content).substr(at + 1, end - at - 1);
    at = end + 1;
    uint32_t code = 0;
    if (quoted.starts_with("\\u") &&
        std::from_chars(quoted.data() + 2, quoted.data() + quoted.size(), code, 16).ptr ==
            quoted.data() + quoted.size())
      return std::u32string(1, code);
    return charactersOf(quoted);
  }
  void dictionary(const std::u32string &outer) {
    for (++at; peek() == '\'';) {
      std::u32string key = text();
      if (peek() != ':')
        fail();
      ++at;
      if (peek() == '{')
        dictionary(key);
      else
        number(outer, key);
      if (peek() == ',')
        ++at;
    }
    if (peek() != '}')
      fail();
    ++at;
  }
  void number(const std::u32string &outer, const std::u32string &key) {
    double value = 0;
    auto [end, error] =
        std::from_chars(content.data() + at, content.data() + content.size(), value);
    if (error != std::errc())
      fail();
    at = static_cast<size_t>(end - content.data());
    sink(outer, key, value);
  }

  fs::path file;
  std::string content;
  const Sink &sink;
  size_t at;
};

} // namespace

void ChineseWords::readModel(const fs::path &folder) {
  static constexpr double never = -3.14e100;
  auto stateOf = [&](const std::u32string &name) -> size_t {
    size_t state = name.size() == 1 ? std::u32string_view(U"BEMS").find(name[0]) : name.npos;
    if (state > 3)
      throw DictionaryError(
          fmt::format("{} names a state other than B, E, M and S", folder.string()));
    return state;
  };
  start.fill(never);
  change.fill(start);
  emission.assign(0x9FD5 - 0x4E00 + 1, start);
  ProbabilityFile(folder / "prob_start.py", [&](const auto &, const auto &state, double value) {
    start[stateOf(state)] = value;
  });
  ProbabilityFile(folder / "prob_trans.py", [&](const auto &from, const auto &to, double value) {
    change[stateOf(from)][stateOf(to)] = value;
  });
  ProbabilityFile(folder / "prob_emit.py",
                  [&](const auto &state, const auto &character, double value) {
                    if (character.size() == 1 && character[0] >= 0x4E00 && character[0] <= 0x9FD5)
                      emission[character[0] - 0x4E00][stateOf(state)] = value;
                  });
}

ChineseWords::ChineseWords(const fs::path &folder) {
  readDictionary(folder / "dict.txt");
  readModel(folder / "finalseg");
  std::string about = contentOf(folder / "__init__.py");
  static constexpr std::string_view key = "__version__ = '";
  if (size_t at = about.find(key); at != about.npos)
    packageVersion =
        about.substr(at + key.size(), about.find('\'', at + key.size()) - at - key.size());
}

/// Folders in which Python's packages lie, Debian's first.
static std::vector<fs::path> packageFolders() {
  std::vector<fs::path> folders = {"/usr/lib/python3/dist-packages"};
  auto addLibraries = [&](const fs::path &prefix) {
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(prefix / "lib", ignored))
      if (entry.path().filename().string().starts_with("python3"))
        for (const char *name : {"site-packages", "dist-packages"})
          folders.push_back(entry.path() / name);
  };
  if (const char *environment = std::getenv("VIRTUAL_ENV"))
    addLibraries(environment);
  if (const char *home = std::getenv("HOME"))
    addLibraries(fs::path(home) / ".local");
  addLibraries("/usr/local");
  return folders;
}

const ChineseWords &ChineseWords::installed() {
  static const ChineseWords words = [] {
    if (const char *own = std::getenv("ROUX_JIEBA"); own && *own)
      return ChineseWords(own);
    for (const fs::path &folder : packageFolders())
      if (fs::exists(folder / "jieba" / "dict.txt"))
        return ChineseWords(folder / "jieba");
    throw DictionaryError(
        "Chinese is scored by the words of Python's jieba, which is not installed "
        "here; expected Debian's python3-jieba, PyPI's jieba, or its folder in "
        "the environment variable ROUX_JIEBA");
  }();
  return words;
}

} // namespace roux::eval
