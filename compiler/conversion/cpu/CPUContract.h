//===- CPUContract.h - one matmul being lowered to the CPU -----------------===//
//
// What the order of its loops (CPUContract.cpp, CPUContractVector.cpp), how it is cut
// (CPUContractPlan.cpp), the ways its operands get into scratch (CPUContractLayout.cpp)
// and what is fetched before it is used (CPUContractFetch.cpp) share; nobody else
// includes it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/cpu/RegisterTile.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

namespace roux {

inline constexpr int64_t lineBytes = 64;

/// True if both operands come as bf16 and there is an instruction for pairs of them.
bool multipliesPairs(kernel::ContractOp op, const TargetDescription &machine);
/// The load that `region` consists of, if it yields a row of a buffer as it is.
kernel::LoadOp onlyLoad(mlir::Region &region);

/// One of the products of a matmul kernel: what is multiplied, and where it lies in scratch.
struct ContractProduct {
  mlir::Region *leftBody, *rightBody;
  int64_t terms;          ///< -1: the extent
  int64_t stretch = 0;    ///< words laid out at one time
  int64_t leftStride = 0; ///< words from one row to the next, or from one term to the next
  kernel::LoadOp inPlace =
      {}; ///< of a left operand that is read where it is, or as a tile needs it
  kernel::LoadOp plainRight = {}; ///< of a right operand that is read as it is
  mlir::Value left = {}, right = {}, sums = {};
};

/// A result and the products that its body gets.
struct ContractResult {
  mlir::Block *body;
  int64_t columns, windows;
  int64_t rows; ///< -1: the extent
  llvm::SmallVector<ContractProduct> products;
  bool isLong = false;      ///< sums pass through scratch
  int64_t blockColumns = 0; ///< of an item, whole windows
  int64_t blocks() const { return llvm::divideCeil(columns, blockColumns); }
};

/// One matmul kernel being lowered.
class Contract {
public:
  Contract(kernel::ContractOp op, CPUFunction &cpu);

  void lower();

private:
  using Value = mlir::Value;
  using Values = LoopBuilder::Values;
  using Product = ContractProduct;
  using Result = ContractResult;
  /// Products of one left operand, one behind the other.
  using Sharing = llvm::ArrayRef<Product>;
  /// Rows [row, end) and columns of a result.
  struct Part {
    const Result &result;
    Value row, end, column, columns;
    Value many; ///< null: always
    Part rows(Value begin, Value end) const { return {result, begin, end, column, columns, many}; }
  };
  Result planResult(unsigned at);
  void planProduct(Product &product, const Result &result);
  kernel::LoadOp loadInPlace(const Product &product, const Result &result);
  void allocate();

  void runItems(const Result &result, Value begin, Value end, Value rowItems, int64_t blocksBefore);
  void shortSums(Part part, int64_t blocksBefore);
  void longSums(Part part);
  void forSharing(const Result &result, llvm::function_ref<void(Sharing)> body);
  void sums(Part part, llvm::function_ref<void(Sharing)> ofMany);
  void products(Sharing sharing, Part part, Value term, Value terms, Value firstRow);
  void runResult(Part part);
  void runWindows(Part part, Value row);

  /// Whether rows of it can be multiplied without laying the right operand out, and whether those
  /// of a part are too many for that: null if they always are.
  bool mayBeFew(const Result &result);
  Value areMany(Part part);
  void sumsOfFew(Sharing sharing, Part part);
  void vectorsOfSums(const Product &product, Part part, llvm::ArrayRef<Value> left, Value scratch);
  Values leftRows(const Product &product, Part part, int64_t count);
  Values turnedSums(const Product &product, Part part, Value group, Value term, Value end,
                    llvm::ArrayRef<Value> left);
  void fetchSquare(const Product &product, Part part, Value group, Value term);
  /// Turning costs as much for each tile's rows; above so many a laid out operand is quicker.
  int64_t mostFew() const { return (tiles.pairs ? 2 : 3) * tiles.tileRows; }
  /// Terms of as many words as a vector has lanes.
  int64_t squareTerms() const { return each * vector.lanes; }

  int64_t fetches(const Product &product, const Result &result) {
    return llvm::divideCeil(product.stretch, fetchTerms) * (result.blockColumns / tiles.panel());
  }
  void fetchLines(Value first, int64_t distance, Value number, int64_t lines, int64_t level = 1);
  void fetchLeft(const Product &product, Part part, Value row, Value term, Value number);
  void fetchRight(const Product &product, Part part, Value row, Value term, Value terms,
                  Value number);
  void fetchResult(const Product &product, Part part, Value row, Value panel, Value k);

  LeftTile leftTile(const Product &product, Part part, Value row, Value term, Value terms);
  void packTiles(const Product &product, Part part, Value row, Value term, Value terms);
  void packRows(const Product &product, Value row, Value rows, Value term, Value terms,
                int64_t stride);
  void packLeft(const Product &product, Part part, Value term, Value terms);
  void packRight(const Product &product, Part part, Value term, Value terms);
  void packAcross(const Product &product, Part part, Value term, Value terms);
  void packAlong(const Product &product, Part part, Value term, Value terms);

  /// Row `row` of a region at `chunk`, as numbers.
  Value numbersAt(mlir::Region &region, Value row, Chunk chunk);
  /// The same as words, where the columns are terms.
  Value wordsAlong(mlir::Region &region, Value row, Chunk chunk);
  /// Words of terms k, k + 1 … counted from `term`, of which there are `terms`, where the rows are
  /// terms.
  Value wordsAcross(mlir::Region &region, Value term, Value k, Value terms, Chunk chunk);
  /// Over [low, high), of which there are a multiple of `unit`.
  void forColumns(Value low, Value high, int64_t unit, int64_t width,
                  llvm::function_ref<void(Chunk)> body);
  /// What the numbers of terms, of a part's rows and of its columns are multiples of.
  int64_t termUnit(const Product &product) {
    return product.terms < 0 ? 1 : std::gcd(product.terms, product.stretch * each);
  }
  int64_t rowUnit(const Result &result) {
    return result.rows < 0 ? 1 : std::gcd(std::gcd(result.rows, perItem), cpu.machine.groupRows);
  }
  int64_t columnUnit(const Result &result) { return std::gcd(result.columns, result.blockColumns); }

  kernel::ContractOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  Tiles tiles, vector;    ///< the second for few rows
  mlir::FloatType type;   ///< of sums
  mlir::FloatType number; ///< of operands in scratch
  const int64_t each;     ///< terms of a word
  const bool transposed;  ///< the left operand's rows are terms
  CPURows target;
  int64_t perItem; ///< rows
  llvm::SmallVector<Result> results;
  Value corner; ///< a square of words that is turned
};

} // namespace roux
