//===- Ledger.cpp - what was lost on the way to a step, and why -----------===//
//
// Lines keep the order of their first use, which is the order in which rules apply
// to the data.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Ledger.h"

#include "runtime/data/JsonText.h"
#include "runtime/data/PackedBytes.h"

#include <fmt/format.h>

#include <algorithm>

namespace roux::data {

static constexpr std::string_view fates[] = {"kept",        "cut",       "split", "dropped",
                                             "zero-target", "malformed", "noted", "warning"};

std::string_view spelling(Fate fate) {
  return fates[static_cast<size_t>(fate)];
}

const LedgerLine *Ledger::find(Fate fate, std::string_view rule) const {
  for (const LedgerLine &entry : entries)
    if (entry.fate == fate && entry.rule == rule)
      return &entry;
  return nullptr;
}

LedgerLine &Ledger::line(Fate fate, std::string_view rule) {
  if (const LedgerLine *known = find(fate, rule))
    return const_cast<LedgerLine &>(*known);
  LedgerLine fresh;
  fresh.fate = fate;
  fresh.rule = rule;
  return entries.emplace_back(std::move(fresh));
}

static void addName(LedgerLine &line, std::string_view name) {
  if (!name.empty() && line.first.size() < Ledger::names &&
      std::find(line.first.begin(), line.first.end(), name) == line.first.end())
    line.first.emplace_back(name);
}

void Ledger::add(Fate fate, std::string_view rule, uint64_t sequences, uint64_t tokens,
                 uint64_t targets, std::string_view name) {
  LedgerLine &entry = line(fate, rule);
  entry.sequences += sequences;
  entry.tokens += tokens;
  entry.targets += targets;
  addName(entry, name);
}

bool Ledger::wantsName(Fate fate, std::string_view rule) const {
  const LedgerLine *known = find(fate, rule);
  return !known || known->first.size() < names;
}

void Ledger::merge(const Ledger &other) {
  for (const LedgerLine &from : other.entries) {
    add(from.fate, from.rule, from.sequences, from.tokens, from.targets);
    for (const std::string &name : from.first)
      addName(line(from.fate, from.rule), name);
  }
}

std::string Ledger::text() const {
  std::string out;
  size_t width = 0;
  for (const LedgerLine &entry : entries)
    width = std::max(width, entry.rule.size());
  for (const LedgerLine &entry : entries) {
    out += fmt::format("{:<12} {:<{}} {:>10} sequences {:>14} tokens {:>14} targets",
                       spelling(entry.fate), entry.rule, width, entry.sequences, entry.tokens,
                       entry.targets);
    if (!entry.first.empty())
      out += fmt::format("  {}{}", fmt::join(entry.first, " "),
                         entry.sequences > entry.first.size() ? " ..." : "");
    out += '\n';
  }
  return out;
}

std::string Ledger::json() const {
  std::string out = "[";
  for (const LedgerLine &entry : entries) {
    std::vector<std::string> first;
    for (const std::string &name : entry.first)
      first.push_back(jsonText(name));
    out += fmt::format("{}\n  {{\"fate\": \"{}\", \"rule\": {}, \"sequences\": {}, \"tokens\": {}, "
                       "\"targets\": {}, \"first\": [{}]}}",
                       out.size() > 1 ? "," : "", spelling(entry.fate), jsonText(entry.rule),
                       entry.sequences, entry.tokens, entry.targets, fmt::join(first, ", "));
  }
  return out + (entries.empty() ? "]\n" : "\n]\n");
}

void Ledger::write(PackedWriter &out) const {
  out.value<uint64_t>(entries.size());
  for (const LedgerLine &entry : entries) {
    out.value(entry.fate);
    out.text(entry.rule);
    for (uint64_t count : {entry.sequences, entry.tokens, entry.targets})
      out.value(count);
    out.texts(entry.first);
  }
}

Ledger Ledger::read(PackedReader &in) {
  Ledger ledger;
  for (uint64_t left = in.value<uint64_t>(); left > 0; --left) {
    LedgerLine entry;
    entry.fate = in.value<Fate>();
    if (static_cast<size_t>(entry.fate) >= std::size(fates))
      throw std::out_of_range("a ledger line has no known fate");
    entry.rule = in.text();
    for (uint64_t *count : {&entry.sequences, &entry.tokens, &entry.targets})
      *count = in.value<uint64_t>();
    entry.first = in.texts();
    ledger.entries.push_back(std::move(entry));
  }
  return ledger;
}

} // namespace roux::data
