//===- Diagnostic.cpp - how a mistake is shown ----------------------------===//
//
// A person reads the line with a caret under it, a program reads JSON. Both get
// text that is safe to print: a recipe may be one line of ten megabytes, or no
// text at all.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Diagnostic.h"
#include "compiler/frontend/Utf8.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>
#include <utility>

namespace roux {

/// What is shown of a message, and of a source line on either side of the caret, in bytes.
static constexpr size_t longestMessage = 600;
static constexpr size_t shownBefore = 80;
static constexpr size_t shownAfter = 60;

Diagnostic &Diagnostic::note(SourceRange where, std::string message) {
  notes.push_back({where, std::move(message)});
  return *this;
}

/// The longest prefix of `text` of at most `bytes` bytes that does not split a character.
static std::string_view cut(std::string_view text, size_t bytes) {
  if (text.size() <= bytes)
    return text;
  while (bytes > 0 && (text[bytes] & 0xC0) == 0x80)
    --bytes;
  return text.substr(0, bytes);
}

static std::string shortened(std::string message) {
  if (message.size() <= longestMessage)
    return message;
  return std::string(cut(message, longestMessage)) + "…";
}

Diagnostic &Diagnostics::add(Severity severity, Code code, SourceRange where, std::string message) {
  errors += severity == Severity::Error;
  if (found.size() >= limit) {
    ++left;
    ignored = {};
    return ignored;
  }
  return found.emplace_back(Diagnostic{severity, code, where, shortened(std::move(message)), {}});
}

Diagnostic &Diagnostics::error(Code code, SourceRange where, std::string message) {
  return add(Severity::Error, code, where, std::move(message));
}

Diagnostic &Diagnostics::warning(Code code, SourceRange where, std::string message) {
  return add(Severity::Warning, code, where, std::move(message));
}

/// The diagnostics by file and place; those at one place stay in the order found.
static std::vector<const Diagnostic *> inTextOrder(const std::vector<Diagnostic> &found) {
  std::vector<const Diagnostic *> order;
  for (const Diagnostic &diagnostic : found)
    order.push_back(&diagnostic);
  std::sort(order.begin(), order.end(), [](const Diagnostic *a, const Diagnostic *b) {
    return std::tuple(a->where.file, a->where.begin, a) <
           std::tuple(b->where.file, b->where.begin, b);
  });
  return order;
}

/// The line of `where` and a caret range under it; a long line is shown around the caret only.
static std::string excerpt(const SourceManager &sources, SourceRange where) {
  std::string_view whole = sources.line(where.file, where.begin);
  size_t lineStart = static_cast<size_t>(whole.data() - sources.text(where.file).data());
  size_t caret = std::min<size_t>(where.begin - lineStart, whole.size());
  size_t caretEnd = std::clamp<size_t>(where.end - lineStart, caret, whole.size());

  size_t from = caret > shownBefore ? caret - shownBefore : 0;
  while (from > 0 && (whole[from] & 0xC0) == 0x80)
    --from;
  std::string before = printable(whole.substr(from, caret - from));
  std::string_view rest =
      cut(whole.substr(caret), std::max(shownAfter, std::min<size_t>(caretEnd - caret, 100)));
  std::string line = (from ? "…" : "") + before + printable(rest);
  if (caret + rest.size() < whole.size())
    line += "…";

  // Tabs stay tabs under the line, so the caret is right whatever width the terminal gives them.
  std::string pad = from ? " " : "";
  for (char c : before)
    if ((c & 0xC0) != 0x80)
      pad += c == '\t' ? '\t' : ' ';
  size_t width = 0;
  for (char c : printable(cut(rest, caretEnd - caret)))
    width += (c & 0xC0) != 0x80;
  return fmt::format("  {}\n  {}^{:~>{}}\n", line, pad, "", width > 1 ? width - 1 : 0);
}

static std::string shown(const SourceManager &sources, SourceRange where, std::string_view severity,
                         std::string_view message, std::string_view name = {}) {
  LineColumn place = sources.locate(where.file, where.begin);
  return fmt::format("{}:{}:{}: {}: {}{}\n{}", printable(sources.path(where.file)), place.line,
                     place.column, severity, printable(message),
                     name.empty() ? "" : fmt::format(" [{}]", name), excerpt(sources, where));
}

static std::string_view spelling(Severity severity) {
  return severity == Severity::Error ? "error" : "warning";
}

static std::string leftOver(size_t left) {
  return fmt::format("{} more {} not shown", left, left == 1 ? "diagnostic is" : "diagnostics are");
}

std::string Diagnostics::text() const {
  std::string out;
  for (const Diagnostic *diagnostic : inTextOrder(found)) {
    out += shown(sources, diagnostic->where, spelling(diagnostic->severity), diagnostic->message,
                 spelling(diagnostic->code));
    for (const DiagnosticNote &note : diagnostic->notes)
      out += shown(sources, note.where, "note", note.message);
  }
  if (left)
    out += leftOver(left) + "\n";
  return out;
}

std::string jsonString(std::string_view text) {
  std::string out = "\"";
  for (char c : printable(text)) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

static std::string jsonPlace(const SourceManager &sources, SourceRange where) {
  LineColumn begin = sources.locate(where.file, where.begin);
  LineColumn end = sources.locate(where.file, where.end);
  return fmt::format(R"("file":{},"line":{},"column":{},"end_line":{},"end_column":{})",
                     jsonString(sources.path(where.file)), begin.line, begin.column, end.line,
                     end.column);
}

std::string Diagnostics::json() const {
  std::string out;
  for (const Diagnostic *diagnostic : inTextOrder(found)) {
    std::string notes;
    for (const DiagnosticNote &note : diagnostic->notes)
      notes += fmt::format(R"({}{{{},"message":{}}})", notes.empty() ? "" : ",",
                           jsonPlace(sources, note.where), jsonString(note.message));
    out +=
        fmt::format("{{\"severity\":\"{}\",\"code\":\"{}\",{},\"message\":{},\"notes\":[{}]}}\n",
                    spelling(diagnostic->severity), spelling(diagnostic->code),
                    jsonPlace(sources, diagnostic->where), jsonString(diagnostic->message), notes);
  }
  if (left)
    out += fmt::format("{{\"severity\":\"note\",\"message\":{}}}\n", jsonString(leftOver(left)));
  return out;
}

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> older(b.size() + 1), old(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    old[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({old[j] + 1, row[j - 1] + 1, old[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], older[j - 2] + 1);
    }
    older = std::exchange(old, row);
  }
  return old[b.size()];
}

std::string_view nearestName(std::string_view name, std::span<const std::string_view> known) {
  std::string_view nearest;
  // One slip in three letters is a typo; more is another word.
  size_t best = std::max<size_t>(1, name.size() / 3) + 1;
  auto lower = [](std::string_view text) {
    std::string copy(text);
    for (char &c : copy)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return copy;
  };
  std::string plain = lower(name);
  for (std::string_view candidate : known) {
    if (name != candidate && plain == lower(candidate))
      return candidate;
    size_t gap = std::max(name.size(), candidate.size()) - std::min(name.size(), candidate.size());
    if (gap >= best)
      continue;
    size_t distance = editDistance(name, candidate);
    if (distance < best && distance < name.size())
      best = distance, nearest = candidate;
  }
  return nearest;
}

std::string didYouMean(std::string_view name, std::span<const std::string_view> known) {
  std::string_view nearest = nearestName(name, known);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

} // namespace roux
