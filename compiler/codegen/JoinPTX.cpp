//===- JoinPTX.cpp - modules of PTX as one ---------------------------------===//
//
// See the header. A module names its files behind its functions.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/JoinPTX.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace roux;

/// What ends the head of a module.
static constexpr StringLiteral headEnd = ".address_size 64\n";
/// What begins its end, where it has lines.
static constexpr StringLiteral tailBegin = "\t.section\t.debug_macinfo";

namespace {
class Joined {
public:
  explicit Joined(raw_ostream &out) : out(out) {}
  void add(StringRef module);
  void end();

private:
  void readFiles(StringRef tail);
  void code(StringRef line);

  raw_ostream &out;
  MapVector<StringRef, unsigned, StringMap<unsigned>> files; ///< quoted names, from 1
  StringSet<> declared;
  SmallVector<unsigned> numbers; ///< of the module's files: theirs in the whole
  bool hasHead = false;
};
} // namespace

/// Lines like `.file 1 "tiny.recipe"`.
void Joined::readFiles(StringRef tail) {
  numbers.clear();
  for (StringRef line : split(tail, '\n')) {
    if (!line.consume_front("\t.file\t"))
      continue;
    auto [number, name] = line.split(' ');
    unsigned at = 0;
    if (number.getAsInteger(10, at))
      continue;
    if (numbers.size() <= at)
      numbers.resize(at + 1);
    numbers[at] = files.try_emplace(name, files.size() + 1).first->second;
  }
}

void Joined::code(StringRef line) {
  StringRef place = line;
  unsigned file = 0;
  if (place.consume_front("\t.loc\t") && !place.consumeInteger(10, file) && file < numbers.size())
    out << "\t.loc\t" << numbers[file] << place << '\n';
  else if (!line.starts_with(".extern") || declared.insert(line).second)
    out << line << '\n';
}

void Joined::add(StringRef module) {
  size_t begin = module.find(headEnd) + headEnd.size();
  if (!std::exchange(hasHead, true))
    out << module.take_front(begin);
  auto [body, tail] = module.drop_front(begin).split(tailBegin);
  readFiles(tail);
  for (StringRef line : split(body.rtrim('\n'), '\n'))
    code(line);
}

void Joined::end() {
  if (!files.empty())
    out << tailBegin << "\t{\t}\n";
  for (auto &[name, number] : files)
    out << "\t.file\t" << number << ' ' << name << '\n';
}

std::string roux::joinPTX(ArrayRef<StringRef> modules) {
  std::string text;
  raw_string_ostream out(text);
  Joined joined(out);
  for (StringRef module : modules)
    joined.add(module);
  joined.end();
  return text;
}
