//===- CPUContract.h - one matmul being lowered to the CPU -----------------===//
//
// What the order of its loops (CPUContract.cpp), the ways its operands get into
// scratch (CPUContractLayout.cpp) and what is fetched before it is used
// (CPUContractFetch.cpp) share; nobody else includes it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/RegisterTile.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

namespace roux {

/// True if both operands come as bf16 and there is an instruction for pairs of them.
bool multipliesPairs(kernel::ContractOp op, const TargetDescription &machine);
/// The load that `region` consists of, if it yields a row of a buffer as it is.
kernel::LoadOp onlyLoad(mlir::Region &region);

/// One matmul being lowered.
class Contract {
public:
  Contract(kernel::ContractOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code),
        tiles(cpu, op.accumulator(), multipliesPairs(op, cpu.machine), Tiles::Size::Wide),
        row(cpu, op.accumulator(), tiles.pairs, Tiles::Size::WideRow), type(op.accumulator()),
        number(tiles.pairs ? code.getBF16Type() : type), each(tiles.pairs ? 2 : 1),
        transposed(op.getForm() == kernel::Form::TN), target(cpu.machine) {
    plan();
  }

  void lower();

private:
  /// Rows [row, end) and columns of the result.
  struct Part {
    mlir::Value row, end, column, columns;
  };
  void plan();
  void run(Part part);
  void shortSums(Part part);
  void longSums(Part part);
  void products(Part part, mlir::Value term, mlir::Value terms, mlir::Value to,
                mlir::Value firstRow);
  void packTiles(mlir::Value row, int64_t width, mlir::Value term, mlir::Value terms);
  int64_t fetches() {
    return llvm::divideCeil(stretch, fetchTerms) * (blockColumns / tiles.panel());
  }
  void fetchLines(mlir::Value first, int64_t distance, mlir::Value number, int64_t lines);
  void fetchLeft(mlir::Value row, mlir::Value term, mlir::Value number);
  void fetchRight(Part part, mlir::Value row, mlir::Value term, mlir::Value terms,
                  mlir::Value number);
  void fetchResult(Part part, mlir::Value row, mlir::Value panel, mlir::Value k);
  LeftTile leftTile(const Tiles &tiles, Part part, mlir::Value row, mlir::Value term,
                    mlir::Value terms);
  void packRows(mlir::Value row, mlir::Value rows, mlir::Value term, mlir::Value terms);
  void packLeft(Part part, mlir::Value term, mlir::Value terms);
  void packRight(Part part, mlir::Value term, mlir::Value terms);
  void packAcross(Part part, mlir::Value term, mlir::Value terms);
  void packAlong(Part part, mlir::Value term, mlir::Value terms);
  void runResult(Part part);

  /// Row `row` of a region at `chunk`, as numbers.
  mlir::Value numbersAt(mlir::Region &region, mlir::Value row, Chunk chunk);
  /// The same as words, where the columns are terms.
  mlir::Value wordsAlong(mlir::Region &region, mlir::Value row, Chunk chunk);
  /// Words of terms k, k + 1 … counted from `term`, of which there are `terms`, where the rows are
  /// terms.
  mlir::Value wordsAcross(mlir::Region &region, mlir::Value term, mlir::Value k, mlir::Value terms,
                          Chunk chunk);
  /// Over [low, high), of which there are a multiple of `unit`.
  void forColumns(mlir::Value low, mlir::Value high, int64_t unit, int64_t width,
                  llvm::function_ref<void(Chunk)> body);
  /// What the numbers of terms, of a part's rows and of its columns are multiples of.
  int64_t termUnit() { return op.terms() < 0 ? 1 : std::gcd(op.terms(), stretch * each); }
  int64_t rowUnit() {
    return op.resultRows() < 0
               ? 1
               : std::gcd(std::gcd(op.resultRows(), perItem), cpu.machine.groupRows);
  }
  int64_t columnUnit() { return std::gcd(op.resultColumns(), blockColumns); }

  kernel::ContractOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  Tiles tiles, row;       ///< the second for rows that are alone
  mlir::FloatType type;   ///< of sums
  mlir::FloatType number; ///< of operands in scratch
  const int64_t each;     ///< terms of a word
  const bool transposed;  ///< the left operand's rows are terms
  CPURows target;
  kernel::LoadOp inPlace;    ///< of a left operand that is read where it is, or as a tile needs it
  kernel::LoadOp plainRight; ///< of a right operand that is read as it is
  bool isLong;               ///< sums pass through scratch
  int64_t stretch;           ///< words laid out at one time
  int64_t perItem;           ///< rows
  int64_t blockColumns;      ///< of the result
  int64_t leftStride;        ///< words from one row to the next, or from one term to the next
  mlir::Value left, right, sums;
  mlir::Value corner; ///< a square of words that is turned
};

} // namespace roux
