//===- TextTable.h - a table on a terminal ---------------------------------===//
//
// The same cells as on the page, in columns of equal width.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/report/Report.h"

namespace roux::report {

/// True where a column has a cell that is a list, or begins with something else than a number.
bool holdsWords(const Table &table, size_t column);

/// A line a row, the headings first. Words stand to the left, and numbers to the right unless
/// `allLeft`, for columns that hold whatever there is.
std::string textOf(const Table &table, bool allLeft = false);

} // namespace roux::report
