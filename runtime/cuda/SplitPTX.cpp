//===- SplitPTX.cpp - a module of PTX as one for each function ------------===//
//
// See the header. It reads lines, and only those at the left margin: a function's are
// further in, but for its braces and how many threads it has.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/SplitPTX.h"

namespace roux::cuda {

static constexpr std::string_view headEnd = ".address_size 64\n", entry = ".visible .entry ";
/// What begins its end, where it has lines of a recipe.
static constexpr std::string_view tailBegin = "\t.section\t.debug_macinfo";

/// Takes a line with its end from the front.
static std::string_view takeLine(std::string_view &text) {
  size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
  std::string_view line = text.substr(0, size);
  text.remove_prefix(size);
  return line;
}

/// "roux_shared" of ".extern .shared .align 1024 .b8 roux_shared[];".
static std::string_view nameOf(std::string_view declaration) {
  std::string_view name = declaration.substr(0, declaration.find_first_of("[;("));
  return name.substr(name.rfind(' ') + 1);
}

/// Functions without head and tail, and what is declared, of what stands between those.
static bool read(std::string_view body, std::vector<PTXFunction> &functions,
                 std::vector<std::string_view> &declared) {
  bool isInside = false;
  while (!body.empty()) {
    std::string_view line = takeLine(body);
    if (isInside) {
      functions.back().module += line;
      isInside = line != "}\n";
    } else if (line.starts_with(entry)) {
      std::string_view name = line.substr(entry.size());
      functions.push_back({std::string(name.substr(0, name.find('('))), std::string(line)});
      isInside = true;
    } else if (line.starts_with(".extern ")) {
      declared.push_back(line);
    } else if (line != "\n" && !line.starts_with("\t//") && !line.starts_with("//")) {
      return false;
    }
  }
  return !isInside;
}

std::vector<PTXFunction> splitPTX(std::string_view module) {
  size_t begin = module.find(headEnd);
  if (begin == module.npos)
    return {};
  begin += headEnd.size();
  size_t end = module.find(tailBegin, begin);
  std::string_view tail = end == module.npos ? "" : module.substr(end);
  std::vector<PTXFunction> functions;
  std::vector<std::string_view> declared;
  if (!read(module.substr(begin, end - begin), functions, declared))
    return {};
  for (PTXFunction &function : functions) {
    std::string whole(module.substr(0, begin));
    for (std::string_view declaration : declared)
      if (function.module.find(nameOf(declaration)) != function.module.npos)
        whole += declaration;
    function.module = (whole += function.module) += tail;
  }
  return functions;
}

} // namespace roux::cuda
