//===- ProductForm.cpp - a kernel's matrix product in numbers -------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/ProductForm.h"

#include <fmt/format.h>

namespace roux {

static constexpr const char *shapeNames[] = {"nt", "nn", "tn"};

int64_t productElementBytes(const std::string &element) {
  return element == "bf16" ? 2 : element == "f32" ? 4 : 0;
}

int64_t ProductForm::columnsOf(Argument which) const {
  if (which == Left)
    return shape == Shape::TN ? rows : terms;
  if (which == Right)
    return shape == Shape::NT ? terms : columns;
  return columns;
}

bool ProductForm::canBe() const {
  constexpr int64_t most = int64_t(1) << 31;
  auto isCount = [](int64_t number) { return number >= 1 && number < most; };
  if (shape > Shape::TN || !isCount(columns))
    return false;
  bool isTN = shape == Shape::TN;
  if ((isTN ? terms : rows) != -1 || !isCount(isTN ? rows : terms))
    return false;
  if (!productElementBytes(operand) || !productElementBytes(stored) ||
      (operand == "f32" && stored != "f32"))
    return false;
  for (Argument which : {Left, Right, Result, Addend, Bias}) {
    const Matrix &matrix = matrices[which];
    if (!has(which) && which <= Result)
      return false;
    if (has(which) && (matrix.from < 0 || !isCount(matrix.pitch) ||
                       matrix.from > matrix.pitch - columnsOf(which)))
      return false;
  }
  return true;
}

std::string ProductForm::text() const {
  std::string sizes = shape == Shape::TN ? fmt::format("{} x {}", rows, columns)
                                         : fmt::format("{} columns of {} terms", columns, terms);
  std::string text =
      fmt::format("product {}, {}, {} into {}", shapeNames[size_t(shape)], sizes, operand, stored);
  if (has(Addend))
    text += addsToResult() ? ", added to what is there" : ", added to a matrix";
  return has(Bias) ? text + ", with a bias" : text;
}

} // namespace roux
