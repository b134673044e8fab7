//===- PTXListing.cpp - a module of PTX by function and line ---------------===//
//
// As LLVM prints it: a function begins and ends at the margin, `.file` numbers the
// files and `.loc` says from where on instructions are of which line.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/PTXListing.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace roux;

/// The name behind `.entry` or `.func`, which may have a result before it; empty of other lines.
static StringRef definedBy(StringRef line) {
  if (!line.starts_with(".") || !(line.contains(".entry ") || line.contains(".func ")))
    return {};
  StringRef head = line.rtrim().rtrim('(');
  return head.rsplit(' ').second;
}

namespace {
class Reader {
public:
  std::vector<PTXFunction> read(StringRef module);

private:
  void code(StringRef line);
  void file(StringRef line);

  DenseMap<unsigned, StringRef> files;
  std::vector<PTXFunction> functions;
  RecipeLine at;
};
} // namespace

/// `.file 1 "tiny.recipe"`.
void Reader::file(StringRef line) {
  auto [number, name] = line.ltrim().drop_front(5).trim().split(' ');
  unsigned index = 0;
  if (!number.getAsInteger(10, index))
    files[index] = name.trim().trim('"');
}

void Reader::code(StringRef line) {
  StringRef text = line.ltrim();
  if (text.consume_front(".loc")) {
    SmallVector<StringRef> numbers;
    text.split(numbers, ' ', -1, /*KeepEmpty=*/false);
    unsigned index = 0, number = 0;
    if (numbers.size() >= 2 && !numbers[0].trim().getAsInteger(10, index) &&
        !numbers[1].getAsInteger(10, number) && number)
      at = {files.lookup(index).str(), number};
    return;
  }
  bool isInstruction = text.contains(';') && !text.starts_with(".") && !text.starts_with("//");
  addLine(functions.back().code, at, line.rtrim(), isInstruction);
}

std::vector<PTXFunction> Reader::read(StringRef module) {
  SmallVector<StringRef> lines;
  module.split(lines, '\n');
  // Files are named behind the functions.
  for (StringRef line : lines)
    if (line.ltrim().starts_with(".file"))
      file(line);
  bool isInside = false;
  for (StringRef line : lines) {
    if (StringRef name = definedBy(line); !name.empty()) {
      functions.push_back({name.str(), {}});
      at = {};
      isInside = true;
    }
    if (isInside)
      code(line);
    isInside &= !line.starts_with("}");
  }
  return std::move(functions);
}

std::vector<PTXFunction> roux::readPTX(StringRef module) {
  return Reader().read(module);
}
