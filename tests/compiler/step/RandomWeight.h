//===- RandomWeight.h - weights as somebody might write them --------------===//
//
// Text of the recipe language that the checker accepts. Comparisons and whole parts
// are made of counts alone: there the plan's value has no rounding, and a kernel
// whose exp differs in the last bit must not be asked for more.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <random>
#include <string>
#include <vector>

namespace roux::step::reference {

class RandomWeight {
public:
  explicit RandomWeight(unsigned seed) : random(seed) {}

  std::string text() { return number(4); }

private:
  size_t below(size_t count) { return random() % count; }
  std::string pick(const std::vector<std::string> &texts) { return texts[below(texts.size())]; }

  std::string count() {
    return pick({"step.index",
                 "step.tokens",
                 "step.targets",
                 "step.sequences",
                 "step.packs",
                 "pack.tokens",
                 "pack.targets",
                 "pack.sequences",
                 "sequence.tokens",
                 "sequence.targets",
                 "sequence.index",
                 "sequence.record",
                 "turn.index",
                 "turn.tokens",
                 "token.index",
                 "token.id",
                 "token.position",
                 "0",
                 "1",
                 "3",
                 "16",
                 "sum(sequence.targets over step)",
                 "max(sequence.tokens over pack)",
                 "count(token.index > 4 over sequence)"});
  }
  std::string truth(int depth) {
    std::string one = count(), other = count();
    switch (below(depth > 0 ? 8 : 5)) {
    case 0:
      return "source == " + pick({"docs", "chats"});
    case 1:
      return "role " + pick({"==", "!="}) + " assistant";
    case 2:
      return one + " in [2, " + other + ", 7]";
    case 3:
      return one + " in 0.." + other;
    case 4:
      return one + " " + pick({"<", "<=", ">", ">=", "==", "!="}) + " " + other;
    case 5:
      return "not (" + truth(depth - 1) + ")";
    default:
      return "(" + truth(depth - 1) + ") " + pick({"and", "or"}) + " (" + truth(depth - 1) + ")";
    }
  }
  std::string number(int depth) {
    if (depth == 0)
      return pick({count(), "0.5", "2", "step.progress"});
    std::string x = number(depth - 1), y = number(depth - 1);
    switch (below(10)) {
    case 0:
    case 1:
      return "(if " + truth(2) + " then " + x + " else " + y + ")";
    case 2:
      return "exp(-abs(" + x + ") / 100)";
    case 3:
      return "log(1 + abs(" + x + "))";
    case 4:
      return "(1 + abs(" + x + ")) ^ " + pick({"0.5", "-0.5", "-1", "2", "(-step.progress)"});
    case 5:
      return pick({"min", "max"}) + "(" + x + ", " + y + ", " + count() + ")";
    case 6:
      return "clamp(" + x + ", " + count() + ", 16)"; // no constant is above
    case 7:
      return "floor(" + count() + " / 4) * mod(" + count() + ", 3)";
    case 8:
      return "sqrt(abs(" + x + ")) - log2(1 + abs(" + y + "))";
    default:
      return "(" + x + " " + pick({"+", "-", "*", "/"}) + " " + y + ")";
    }
  }

  std::mt19937 random;
};

} // namespace roux::step::reference
