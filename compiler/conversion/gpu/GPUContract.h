//===- GPUContract.h - one matmul on a GPU, on its way to threads ----------===//
//
// What the ways to bring operands have in common: how a result is cut into tiles, and
// what becomes of a tile's sums. Only their files include it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/gpu/BlockTile.h"
#include "llvm/ADT/MapVector.h"

namespace roux {

/// Shared memory that a block may have where there is wgmma.
inline constexpr int64_t mostSharedOfHopper = 227 * 1024;

/// Of an H100, for which launches have blocks enough; others have as many, more or less.
inline constexpr int64_t multiprocessors = 132;

class GPUContract {
public:
  using Value = mlir::Value;
  GPUContract(kernel::ContractOp op, GPUFunction &gpu);
  void lower();

private:
  struct Result {
    mlir::Block *body;
    int64_t columns, window; ///< of a row; of a part that the body sees whole, or 0
    llvm::SmallVector<kernel::ContractOp::Product> products;
    int64_t step, tileColumns; ///< columns of a tile that are used, and that are computed
    int64_t rows;              ///< -1: the extent
    int64_t columnTiles() const { return llvm::divideCeil(columns, step); }
    /// Of a window whose parts, so many columns each, meet column by column: columns of each part
    /// in a tile (few rows only); 0: tiles have whole windows, or there are none.
    int64_t strip = 0, part = 0;
  };
  struct Place {
    Value row, column; ///< first of the tile
  };
  /// An operand of a result, all of its stages.
  struct Operand {
    mlir::Region *body;
    bool isLeft;
    int64_t rows; ///< of the tile: result's rows or columns
    Value terms;  ///< of its sums
    SharedTile tile;
    int64_t words; ///< of a stage
    int64_t lines; ///< that the body has rows for; -1: the extent
  };
  using Operands = llvm::MapVector<mlir::Region *, Operand>;

  Result planResult(unsigned at);
  bool multipliesBF16();
  bool fitsWarpgroups() const;
  void plan();
  int64_t columnsByWaves();
  BlockTile tileOf(const Result &result);
  Operands operandsOf(const Result &result, const BlockTile &tile);
  void allocate(Operands &operands);
  int64_t bytesOf(const Operands &operands); ///< of a stage
  /// Stages that there is room for, at most so many.
  static int64_t stagesFor(int64_t most, int64_t bytes, int64_t room);
  void shapeGrid();
  SharedTile stageOf(const Operand &operand, Value stage);
  Value termsOf(const Result &result);
  /// What is behind the sums of a tile.
  void finish(const Result &result, Place place, const BlockTile &tile,
              llvm::ArrayRef<BlockTile::Sums> sums, int64_t top);
  void runResult(const Result &result, Place place, llvm::ArrayRef<SharedTile> sums);
  /// Runs the body for columns [low, end) of `rows` rows of the tile; `cellOf` says where in the
  /// tile a column is.
  struct Columns {
    int64_t most;
    Value low, end;
    llvm::function_ref<Value(Value number)> indexOf;
    llvm::function_ref<Value(Value column)> cellOf;
  };
  void runColumns(const Result &result, llvm::ArrayRef<SharedTile> sums, Value rows,
                  const Columns &columns);
  void runWindows(const Result &result, Place place, llvm::ArrayRef<SharedTile> sums, Value rows);
  /// Runs `body` for the block's tile, of whatever result.
  void forTile(llvm::function_ref<void(const Result &, Place)> body);
  void forTiles(Value begin, Value rowTiles, int64_t columnTiles,
                llvm::function_ref<void(Value rowTile, Value columnTile)> body);

  // Operands brought by all threads, which then multiply.
  void fill(const Operand &operand, const Result &result, Place place, Value stage, Value term);
  llvm::SmallVector<BlockTile::Sums> sumsOf(const Result &result, Place place,
                                            const BlockTile &tile, Operands &operands);
  void tile(const Result &result, Place place);

  // Few rows, whose operands threads read as they multiply (GPUContractVector.cpp).
  using Values = LoopBuilder::Values;
  int64_t accessOf(kernel::ContractOp::Product product);
  int64_t warpsOf(kernel::ContractOp::Product product);
  static int64_t columnsOfWarp(const Result &result);
  void planFewRows(Result &result);
  void planWindows(Result &result);
  void fitFewRows();
  int64_t sharedOfFewRows(const Result &result);
  void lowerFewRows();
  void sumsOfWarps(const Result &result, Place place, llvm::ArrayRef<SharedTile> sums,
                   int64_t count);
  Values sumsOfThread(const Result &result, kernel::ContractOp::Product product, Place place,
                      Value part, int64_t count);
  Value columnsHere(const Result &result, Place place);
  Value columnOf(const Result &result, Place place, Value cell);
  void runStrips(const Result &result, Place place, llvm::ArrayRef<SharedTile> sums);
  void addWarps(const Result &result, Place place, SharedTile to, int64_t warps);
  void finishFewRows(const Result &result, Place place, llvm::ArrayRef<SharedTile> sums);
  Value acrossWarp(Values sums);

  // Operands brought by the copy engine (GPUContractPipeline.cpp).
  bool isPipelined();
  void lowerPipeline();
  void beginPipeline();
  void produce(const Result &result, Place place);
  void copyStage(const Operand &operand, Place place, Value stage, Value term);
  void consume(const Result &result, Place place);
  void release(Value turn);
  TensorMap mapOf(const Operand &operand);
  Value fullBarrier(Value stage);
  Value emptyBarrier(Value stage);

  Value isBelow(Value a, Value b);
  /// Columns [cell, cell + chunk) of row `line` of an operand.
  Value operandAt(mlir::Region &region, Value line, Value cell, int64_t chunk);
  Value rowsOf(const Result &result) {
    return result.rows < 0 ? gpu.extent : code.index(result.rows);
  }

  kernel::ContractOp op;
  GPUFunction &gpu;
  LoopBuilder &code;
  const bool isTN;
  const bool hasFewRows;       ///< a launch, as its kernel says
  mlir::FloatType sum, number; ///< what is added; what is multiplied
  bool byWarpgroups;           ///< wgmma
  int64_t most, mostTogether;  ///< rows of a tile; columns, of all its products
  int64_t stretch;             ///< terms of a stage
  int64_t stages = 3;          ///< in shared memory at one time, one of them in use
  int64_t tileRows;
  llvm::SmallVector<Result> results;
  Value barriers; ///< mbarriers of full stages, behind them those of empty ones
};

/// The load that `region` consists of, if it yields a row of a buffer as it is.
kernel::LoadOp onlyLoadOf(mlir::Region &region);

} // namespace roux
