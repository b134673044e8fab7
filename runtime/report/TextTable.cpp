//===- TextTable.cpp - a table on a terminal -------------------------------===//
//
// Widths are counted in code points, as terminals do for all but the widest scripts.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/TextTable.h"

#include <algorithm>

namespace roux::report {

bool holdsWords(const Table &table, size_t column) {
  return column == 0 || std::ranges::any_of(table.rows, [&](const std::vector<std::string> &row) {
           const std::string &cell = row[column];
           return !cell.empty() &&
                  (cell.find_first_of("-.0123456789") != 0 || cell.find(", ") != cell.npos);
         });
}

static size_t widthOf(const std::string &text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string textOf(const Table &table, bool allLeft) {
  std::vector<std::vector<std::string>> rows{table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  std::vector<size_t> widths(table.columns.size());
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], widthOf(row[i]));
  std::string out;
  for (const auto &row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string room(widths[i] - widthOf(row[i]), ' ');
      line += i == 0 ? "" : "  ";
      line += allLeft || holdsWords(table, i) ? row[i] + room : room + row[i];
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

} // namespace roux::report
