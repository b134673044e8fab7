//===- SASSListing.cpp - what nvdisasm prints, by function and line --------===//
//
// A marker stands before the instructions of a line and holds for all that follow, into
// the next section even, where it is not said again. Behind a kernel the assembler puts
// what it calls for a division or a root: such a function belongs to the line that calls it.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/SASS.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;
using namespace roux;

static constexpr StringLiteral sectionBegins = "\t.section\t.text.", marker = "\t//## File \"";

/// The line that a marker names: `//## File "tiny.recipe", line 29`, perhaps with more behind it.
static RecipeLine readMarker(StringRef text) {
  auto [file, rest] = text.drop_front(marker.size()).split("\", line ");
  unsigned line = 0;
  if (rest.consumeInteger(10, line) || line == 0)
    return {};
  return {file.str(), line};
}

/// "EXIT ;" of `        /*0050*/                   EXIT ;`; empty of what is no instruction.
static StringRef operationOf(StringRef text) {
  auto [address, operation] = text.ltrim().split("*/");
  return address.starts_with("/*") ? operation.trim() : StringRef();
}

/// The function that an instruction calls, or empty.
static StringRef calledBy(StringRef operation) {
  if (!operation.contains("CALL"))
    return {};
  return operation.split("`(").second.split(')').first;
}

namespace {
class Reader {
public:
  explicit Reader(StringRef listing) : listing(listing) {}
  std::vector<SASSFunction> read();

private:
  void read(StringRef line);

  StringRef listing;
  std::vector<SASSFunction> functions;
  RecipeLine at, marked;
  StringMap<RecipeLine> callers; ///< lines of what was called so far
  std::string declared;          ///< the function whose label comes next
};
} // namespace

void Reader::read(StringRef line) {
  if (line.starts_with("//-----"))
    declared.clear();
  if (line.consume_front(sectionBegins)) {
    functions.push_back({line.split(',').first.str(), {}});
    at = marked;
    callers.clear();
    return;
  }
  if (functions.empty())
    return;
  LinedCode &code = functions.back().code;
  if (line.starts_with(marker)) {
    at = marked = readMarker(line);
  } else if (StringRef operation = operationOf(line); !operation.empty()) {
    if (operation.starts_with("NOP")) // they fill up the last block of instructions
      return;
    if (StringRef called = calledBy(operation); !called.empty())
      callers.try_emplace(called, at);
    addLine(code, at, line.rtrim(), 1);
  } else if (line.ltrim().starts_with(".type")) {
    declared = line.ltrim().drop_front(5).trim().split(',').first.str();
  } else if (line.consume_back(":")) {
    if (line == declared && line != functions.back().name)
      at = callers.lookup(line);
    bool isOwn = line == functions.back().name || line == ".text." + functions.back().name;
    if (!isOwn)
      addLine(code, at, (line + ":").str(), 0);
  }
}

std::vector<SASSFunction> Reader::read() {
  SmallVector<StringRef> lines;
  listing.split(lines, '\n');
  for (StringRef line : lines)
    read(line);
  return std::move(functions);
}

std::vector<SASSFunction> roux::readSASS(StringRef listing) {
  return Reader(listing).read();
}
