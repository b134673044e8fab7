//===- ReportStyle.h - how the report looks -------------------------------===//
//
// One style sheet for the page and the plots in it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string_view>

namespace roux::report {

/// The style sheet: system fonts, two colour schemes, nothing from elsewhere.
std::string_view reportStyle();

} // namespace roux::report
