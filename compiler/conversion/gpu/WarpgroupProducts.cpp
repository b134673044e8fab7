//===- WarpgroupProducts.cpp - a block's tile of sums, by wgmma ------------===//
//
// wgmma.mma_async.m64nNk16: of 64 rows each warp of a warpgroup has 16, which lie in its
// threads as those of mma.sync do. The right matrix is read from shared memory, the left
// one from there or from registers, while the threads go on: what they know of sums in
// between is what they waited for.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/BlockTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace roux;

static constexpr int64_t warpgroup = 128, warpRows = 16, productTerms = 16;

BlockTile BlockTile::ofWarpgroups(GPUFunction &gpu, int64_t rows, int64_t columns) {
  LoopBuilder &code = gpu.code;
  BlockTile tile(gpu, code.getBF16Type(), rows, columns, gpu.shape.threads / 2 / rows);
  tile.columnGroups = gpu.shape.threads / 2 / rows;
  if (tile.columnGroups > 1) {
    Value warp = code.div(gpu.thread, warpgroup / 4);
    tile.firstRow = code.mul(code.rem(warp, 4), warpRows);
    tile.firstColumn = code.mul(code.div(gpu.thread, warpgroup), columns / tile.columnGroups);
  }
  return tile;
}

/// `text` on a thread's registers: $0 to $n-1 are what they become, $n to $2n-1 are they, $2n and
/// on are `more`. Nothing passes it by, so sums stay in their registers while they are multiplied.
/// Without registers it gives so many new sums.
BlockTile::Sums BlockTile::assembled(StringRef text, const Sums &registers, ValueRange more,
                                     size_t results) const {
  auto constraint = [](Type type) {
    return type.isInteger(64) ? "l," : type.isInteger(32) ? "r," : "f,";
  };
  SmallVector<Type> types(registers.empty() ? results : 0, sumType);
  llvm::append_range(types, ValueRange(registers).getTypes());
  std::string outputs, inputs;
  for (Type type : types)
    outputs += std::string("=") + constraint(type);
  for (size_t i = 0; i < registers.size(); ++i)
    inputs += std::to_string(i) + ",";
  for (Type type : more.getTypes())
    inputs += constraint(type);
  SmallVector<Value> operands(registers);
  llvm::append_range(operands, more);
  std::string constraints = outputs + inputs;
  if (!constraints.empty())
    constraints.pop_back();
  Type all = LLVM::LLVMStructType::getLiteral(code.getContext(), types);
  auto assembly = LLVM::InlineAsmOp::create(
      code, types.empty() ? Type() : all, operands, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
      LLVM::AsmDialectAttr(), ArrayAttr());
  Sums made;
  for (size_t i = 0; i < types.size(); ++i)
    made.push_back(LLVM::ExtractValueOp::create(code, assembly.getRes(), i));
  return made;
}

/// Where a swizzled tile begins for wgmma, in units of 16 bytes, `skipped` of them on: 1024 bytes
/// to the next eight lines, all lines to the next 64 cells, 128 bytes of a line swizzled.
Value BlockTile::descriptorOf(SharedTile tile, Value skipped) const {
  constexpr int64_t unit = 16, eightLines = 1024 / unit, swizzle = int64_t(1) << 62;
  int64_t nextCells = tile.termsFirst ? tile.pitch * 128 / unit : 1; // read in lines: one block
  auto word = code.getI64Type();
  auto number = [&](int64_t value) { return arith::ConstantIntOp::create(code, value, 64); };
  Value address = LLVM::PtrToIntOp::create(code, word, tile.base);
  Value start =
      arith::AndIOp::create(code, arith::ShRUIOp::create(code, address, number(4)), number(0x3fff));
  start = arith::AddIOp::create(code, start, arith::IndexCastOp::create(code, word, skipped));
  return arith::OrIOp::create(code, start, number(nextCells << 16 | eightLines << 32 | swizzle));
}

void BlockTile::sharedIsSeen() const {
  assembled("fence.proxy.async.shared::cta;", {});
}

BlockTile::Sums BlockTile::beginProducts(const Sums &registers) const {
  return assembled("wgmma.fence.sync.aligned;", registers);
}

void BlockTile::commitProducts() const {
  assembled("wgmma.commit_group.sync.aligned;", {});
}

BlockTile::Sums BlockTile::waitForProducts(int64_t groups, const Sums &registers) const {
  return assembled("wgmma.wait_group.sync.aligned " + std::to_string(groups) + ";", registers);
}

BlockTile::Sums BlockTile::begin(Sums sums, SharedTile left, SharedTile right,
                                 int64_t terms) const {
  sums = multiplied(beginProducts(sums), left, right, terms);
  return assembled("wgmma.commit_group.sync.aligned;", sums);
}

BlockTile::Sums BlockTile::finish(Sums sums) const {
  return waitForProducts(0, sums);
}

/// wgmma.mma_async that adds to a thread's sums, or begins them. Of `left`, the words of it that
/// are in registers, or 0: it is a matrix in shared memory like the right one.
static std::string productText(int64_t columns, size_t sums, bool begins, unsigned left,
                               StringRef leftByTerms, bool rightByTerms) {
  auto registers = [](size_t from, size_t count) {
    std::string all;
    for (size_t i = from; i < from + count; ++i)
      all += (i > from ? ", $" : "$") + std::to_string(i);
    return count > 1 ? "{" + all + "}" : all;
  };
  size_t behind = begins ? sums : 2 * sums, words = std::max(left, 1u);
  return llvm::formatv(
      "{{ .reg .pred p; setp.ne.b32 p, {0}, 0; wgmma.mma_async.sync.aligned.m64n{1}k16.f32.bf16."
      "bf16 {2}, {3}, {4}, p, 1, 1, {5}{6}; }",
      begins ? 0 : 1, columns, registers(0, sums), registers(behind, words),
      registers(behind + words, 1), leftByTerms, int(rightByTerms));
}

/// Units of 16 bytes from a tile's first term to `term`: in a line, of this block of cells or of a
/// later one; or lines.
static int64_t stepTo(SharedTile tile, int64_t term) {
  if (tile.termsFirst)
    return term * 8;
  return term / BlockTile::swizzledCells * tile.pitch * 8 + term % BlockTile::swizzledCells / 8;
}

/// The right matrix of a warpgroup, whose columns are lines, or cells of all lines.
Value BlockTile::rightAt(SharedTile tile, int64_t term) const {
  Value skipped = code.index(stepTo(tile, term));
  if (columnGroups > 1) {
    int64_t columns = tileColumns / columnGroups;
    assert((!tile.termsFirst || columns % swizzledCells == 0) && "whole blocks of cells");
    int64_t each = tile.termsFirst ? columns / swizzledCells * tile.pitch * 8 : columns * 8;
    skipped = code.add(code.mul(code.div(gpu.thread, warpgroup), each), skipped);
  }
  return descriptorOf(tile, skipped);
}

/// As wgmma has them: of a warpgroup's 64 rows a warp has 16, of which a thread has the sums that
/// it has of as many mma.sync beside each other: two rows, pairs of columns eight apart.
BlockTile::Sums BlockTile::inOrder(const Sums &sums) const {
  Sums given = sums, ordered;
  for (int64_t j = 0; j < (given.empty() ? 0 : ownColumns); j += 2)
    for (int64_t n = 0; n < 4; ++n)
      ordered.push_back(at(*this, given, n / 2, j + n % 2));
  return ordered;
}

BlockTile::Sums BlockTile::byRows(const Sums &ordered) const {
  Sums sums(ordered.size());
  for (int64_t j = 0; j < ownColumns; j += 2)
    for (int64_t n = 0; n < 4; ++n)
      at(*this, sums, n / 2, j + n % 2) = ordered[j * 2 + n];
  return sums;
}

BlockTile::Sums BlockTile::multiplied(Sums sums, SharedTile left, SharedTile right,
                                      int64_t terms) const {
  assert(left.isSwizzled && right.isSwizzled && ownRows == 2 && "laid out for wgmma");
  // 64 rows are 64 lines, or the next cells of all lines.
  Value rows = code.index(0);
  if (columnGroups == 1)
    rows = code.mul(code.div(gpu.thread, warpgroup), (left.termsFirst ? left.pitch : 64) * 8);
  left = left.addressedHere(code), right = right.addressedHere(code);
  size_t count = ownRows * ownColumns;
  Sums ordered = inOrder(sums);
  for (int64_t k = 0; k < terms; k += productTerms) {
    std::string text = productText(tileColumns / columnGroups, count, ordered.empty(), 0,
                                   left.termsFirst ? "1, " : "0, ", right.termsFirst);
    Value leftPart = descriptorOf(left, code.add(rows, stepTo(left, k)));
    ordered = assembled(text, ordered, {leftPart, rightAt(right, k)}, count);
  }
  return byRows(ordered);
}

BlockTile::Sums BlockTile::multipliedBy(const Sums &weights, Sums sums, SharedTile right,
                                        int64_t terms) const {
  assert(right.isSwizzled && ownRows == 2 && "laid out for wgmma");
  constexpr unsigned words = 4; // of 16 terms
  right = right.addressedHere(code);
  size_t count = ownRows * ownColumns;
  Sums ordered = inOrder(sums);
  for (int64_t k = 0; k < terms; k += productTerms) {
    std::string text = productText(tileColumns / columnGroups, count, ordered.empty(), words, "",
                                   right.termsFirst);
    Sums operands(ArrayRef(weights).slice(k / productTerms * words, words));
    operands.push_back(rightAt(right, k));
    ordered = assembled(text, ordered, operands, count);
  }
  return byRows(ordered);
}
