//===- CharacterClass.cpp - letters, numbers, spaces ----------------------===//
//
// A flat table of 1.1 MB, of which a text touches a few lines; it is filled
// once, in some milliseconds.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/CharacterClass.h"

#include <utf8proc.h>
#include <vector>

namespace roux::data {

static bool isControlSpace(char32_t codepoint) {
  return (codepoint >= '\t' && codepoint <= '\r') || codepoint == 0x85;
}

static std::uint8_t classify(char32_t codepoint) {
  std::uint8_t classes = 0;
  switch (utf8proc_category(codepoint)) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
    return letterClass;
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_NO:
    return numberClass;
  case UTF8PROC_CATEGORY_ZS:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return spaceClass;
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
    return markClass;
  case UTF8PROC_CATEGORY_PC:
  case UTF8PROC_CATEGORY_PD:
  case UTF8PROC_CATEGORY_PS:
  case UTF8PROC_CATEGORY_PE:
  case UTF8PROC_CATEGORY_PI:
  case UTF8PROC_CATEGORY_PF:
  case UTF8PROC_CATEGORY_PO:
    return punctuationClass;
  default:
    break;
  }
  if (isControlSpace(codepoint))
    classes |= spaceClass;
  if (codepoint == '\r' || codepoint == '\n')
    classes |= newlineClass;
  if (codepoint > ' ' && codepoint < 0x7F)
    classes |= punctuationClass;
  return classes;
}

const std::uint8_t *characterClasses() {
  static const std::vector<std::uint8_t> table = [] {
    std::vector<std::uint8_t> classes(0x110000);
    for (char32_t codepoint = 0; codepoint < classes.size(); ++codepoint)
      classes[codepoint] = classify(codepoint);
    return classes;
  }();
  return table.data();
}

} // namespace roux::data
