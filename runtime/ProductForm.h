//===- ProductForm.h - a kernel's matrix product in numbers ---------------===//
//
// A device may have a library that multiplies matrices quicker than a kernel does. What
// a kernel that does nothing else multiplies, and where it lies, the compiler says here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace roux {

/// One result of kernel.contract whose operands are rows as they lie, and which is stored as it is
/// or behind a sum with another matrix and with a row. Sums are f32.
struct ProductForm {
  enum class Shape : uint8_t { NT, NN, TN };
  enum Argument : uint8_t {
    Left,
    Right,
    Result,
    Addend, ///< of the result's type and shape; the result itself where a product is added to it
    Bias,   ///< a row of the result's type
  };
  static constexpr size_t argumentKinds = Bias + 1;

  struct Matrix {
    int64_t argument = -1; ///< of the kernel; -1: none
    int64_t from = 0;      ///< first column
    int64_t pitch = 0;     ///< columns of a row of the buffer
    bool operator==(const Matrix &) const = default;
  };

  int64_t kernel = 0; ///< of Program::kernels; it may have several
  Shape shape = Shape::NT;
  int64_t rows = -1;   ///< of the result; -1: the extent (nt, nn)
  int64_t columns = 1; ///< of the result
  int64_t terms = -1;  ///< of a sum; -1: the extent (tn)
  std::string operand; ///< of left and right: "bf16" or "f32"
  std::string stored;  ///< of all others
  std::array<Matrix, argumentKinds> matrices = {};

  const Matrix &operator[](Argument which) const { return matrices[which]; }
  bool has(Argument which) const { return matrices[which].argument >= 0; }
  bool addsToResult() const { return matrices[Addend] == matrices[Result]; }
  /// Columns that are read, or written, of each of its rows.
  int64_t columnsOf(Argument which) const;
  /// A launch over `extent` has so many rows, or terms.
  int64_t rowsFor(int64_t extent) const { return rows < 0 ? extent : rows; }
  int64_t termsFor(int64_t extent) const { return terms < 0 ? extent : terms; }
  /// Whether it is a product at all: what a file says may be anything.
  bool canBe() const;
  /// "product nt, 192 columns of 64 terms, bf16 into f32, added to what is there, with a bias".
  std::string text() const;

  bool operator==(const ProductForm &) const = default;
};

/// Bytes of the types that a form may have; 0: it may not.
int64_t productElementBytes(const std::string &element);

/// What a library may use beside, whichever product it is.
inline constexpr int64_t productWorkspaceBytes = 32 << 20;

} // namespace roux
