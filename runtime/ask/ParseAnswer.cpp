//===- ParseAnswer.cpp - what of an answer is a field's value -------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/ask/ParseAnswer.h"

#include <fmt/format.h>
#include <optional>

namespace roux::ask {

using data::AskedRecord;
using data::ParseRule;

static std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// What stands behind "`number`." on a line; none where the line begins otherwise.
static std::optional<std::string_view> behindNumber(std::string_view line, size_t number) {
  line = trimmed(line);
  std::string digits = std::to_string(number);
  if (!line.starts_with(digits) || line.size() == digits.size())
    return std::nullopt;
  char sign = line[digits.size()];
  if (sign != '.' && sign != ')' && sign != ':')
    return std::nullopt;
  return trimmed(line.substr(digits.size() + 1));
}

std::vector<std::string> numberedItems(std::string_view answer) {
  std::vector<std::string> items;
  bool isOpen = false; // lines still belong to the last item
  while (!answer.empty()) {
    size_t end = std::min(answer.find('\n'), answer.size() - 1);
    std::string_view line = answer.substr(0, end + 1);
    answer.remove_prefix(end + 1);
    if (auto item = behindNumber(line, items.size() + 1)) {
      items.emplace_back(*item);
      isOpen = true;
    } else if (trimmed(line).empty()) {
      isOpen = isOpen && items.back().empty();
    } else if (isOpen) {
      items.back() += (items.back().empty() ? "" : "\n") + std::string(trimmed(line));
    }
  }
  return items;
}

static std::optional<std::string_view> between(std::string_view answer, const std::string &tag) {
  std::string open = "<" + tag + ">", close = "</" + tag + ">";
  size_t begin = answer.find(open);
  if (begin == answer.npos)
    return std::nullopt;
  begin += open.size();
  size_t end = answer.find(close, begin);
  if (end == answer.npos)
    return std::nullopt;
  return trimmed(answer.substr(begin, end - begin));
}

static void parseTags(const ParseRule &rule, const std::string &name, const std::string &answer,
                      AskedRecord &record) {
  for (const std::string &tag : rule.tags) {
    std::optional<std::string_view> value = between(answer, tag);
    if (!value || value->empty()) {
      record.missing = fmt::format("the answer for '{}' has no <{}>…</{}>", name, tag, tag);
      return;
    }
    std::string field = rule.kind == ParseRule::Kind::Tag ? name : name + "." + tag;
    record.fields.push_back({field, {std::string(*value)}, false});
  }
}

void parseAnswer(const ParseRule &rule, const std::string &name, const std::string &answer,
                 AskedRecord &record) {
  std::string_view all = trimmed(answer);
  if (all.empty())
    record.missing = fmt::format("the answer for '{}' is empty", name);
  else if (rule.kind == ParseRule::Kind::Whole)
    record.fields.push_back({name, {std::string(all)}, false});
  else if (rule.kind != ParseRule::Kind::Numbered)
    parseTags(rule, name, answer, record);
  else if (std::vector<std::string> items = numberedItems(answer); items.size() == rule.count)
    record.fields.push_back({name, std::move(items), true});
  else
    record.missing = fmt::format("the answer for '{}' has not the {} items that were asked for",
                                 name, rule.count);
}

} // namespace roux::ask
