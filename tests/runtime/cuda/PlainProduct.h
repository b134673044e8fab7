//===- PlainProduct.h - what a product's form says, in plain loops --------===//
//
// In double, from the memory of the process: what a library or a kernel is held to.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ProductForm.h"

#include <bit>
#include <cstring>
#include <span>
#include <vector>

namespace roux::test {

inline double readNumber(const std::string &element, uint64_t address) {
  const void *from = std::bit_cast<const void *>(address);
  if (element == "f32") {
    float value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return std::bit_cast<float>(uint32_t(bits) << 16);
}

inline void writeNumber(const std::string &element, uint64_t address, double value) {
  void *to = std::bit_cast<void *>(address);
  auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  uint16_t high = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  if (element == "f32")
    std::memcpy(to, &bits, sizeof bits);
  else
    std::memcpy(to, &high, sizeof high);
}

/// A form's matrices at addresses, over an extent.
struct PlainProduct {
  const ProductForm &form;
  int64_t extent;
  std::span<const uint64_t> arguments; ///< of the kernel

  const std::string &elementOf(ProductForm::Argument which) const {
    return which <= ProductForm::Right ? form.operand : form.stored;
  }
  uint64_t place(ProductForm::Argument which, int64_t row, int64_t column) const {
    const ProductForm::Matrix &matrix = form[which];
    int64_t at = row * matrix.pitch + matrix.from + column;
    return arguments[matrix.argument] + at * productElementBytes(elementOf(which));
  }
  double number(ProductForm::Argument which, int64_t row, int64_t column) const {
    return form.has(which) ? readNumber(elementOf(which), place(which, row, column)) : 0;
  }
  double result(int64_t i, int64_t n) const {
    using Shape = ProductForm::Shape;
    double sum = number(ProductForm::Addend, i, n) + number(ProductForm::Bias, 0, n);
    for (int64_t k = 0; k < form.termsFor(extent); ++k)
      sum += (form.shape == Shape::TN ? number(ProductForm::Left, k, i)
                                      : number(ProductForm::Left, i, k)) *
             (form.shape == Shape::NT ? number(ProductForm::Right, n, k)
                                      : number(ProductForm::Right, k, n));
    return sum;
  }
  /// Row after row, from what is there now.
  std::vector<double> results() const {
    std::vector<double> all;
    for (int64_t i = 0; i < form.rowsFor(extent); ++i)
      for (int64_t n = 0; n < form.columns; ++n)
        all.push_back(result(i, n));
    return all;
  }
  /// What is stored where they go.
  std::vector<double> stored() const {
    std::vector<double> all;
    for (int64_t i = 0; i < form.rowsFor(extent); ++i)
      for (int64_t n = 0; n < form.columns; ++n)
        all.push_back(number(ProductForm::Result, i, n));
    return all;
  }
  void store(const std::vector<double> &all) const {
    for (int64_t i = 0; i < form.rowsFor(extent); ++i)
      for (int64_t n = 0; n < form.columns; ++n)
        writeNumber(form.stored, place(ProductForm::Result, i, n), all[i * form.columns + n]);
  }
};

} // namespace roux::test
