//===- CPUContractPlan.cpp - how a matmul is cut into items ----------------===//
//
// Everything that follows from shapes and the machine alone: how many columns of a
// result an item has, how many terms are laid out at one time, and which operands
// need not be.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUContract.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static bool yieldsBF16(Region &operand) {
  Value row = cast<YieldOp>(operand.front().getTerminator()).getRow();
  return rowType(row.getType()).getElementType().isBF16();
}

bool roux::multipliesPairs(ContractOp op, const TargetDescription &machine) {
  return machine.pairs && llvm::all_of(op.getBodies(), [&](Region &body) {
           return !op.isOperand(body) || yieldsBF16(body);
         });
}

LoadOp roux::onlyLoad(Region &region) {
  Block &body = region.front();
  auto load = cast<YieldOp>(body.getTerminator()).getRow().getDefiningOp<LoadOp>();
  bool plain = load && load->getBlock() == &body && load.getFrom() == 0 &&
               load.getIndices().size() == 1 && load.getIndices()[0] == body.getArgument(0);
  return plain && rowType(load.getType()).getDimSize(0) ==
                      cast<MemRefType>(load.getBuffer().getType()).getDimSize(1)
             ? load
             : LoadOp();
}

Contract::Contract(ContractOp op, CPUFunction &cpu)
    : op(op), cpu(cpu), code(cpu.code),
      tiles(cpu, op.accumulator(), multipliesPairs(op, cpu.machine), Tiles::Size::Wide),
      vector(cpu, op.accumulator(), tiles.pairs, Tiles::Size::Vector), type(op.accumulator()),
      number(tiles.pairs ? code.getBF16Type() : type), each(tiles.pairs ? 2 : 1),
      transposed(op.getForm() == Form::TN), target(cpu.machine),
      perItem(tiles.paddedRows(cpu.machine.itemRows)) {
  for (unsigned at = 0; at < op.results(); ++at)
    results.push_back(planResult(at));
  allocate();
}

/// A left operand whose body only loads it. Where its rows are terms, tiles' columns of them are
/// read, and there may be no part of a tile.
LoadOp Contract::loadInPlace(const Product &product, const Result &result) {
  LoadOp load = onlyLoad(*product.leftBody);
  if (!load || rowType(load.getType()).getElementType() != number)
    return {};
  bool fits = transposed ? each == 1 && llvm::isPowerOf2_64(tiles.tileRows) &&
                               rowUnit(result) % (2 * tiles.tileRows) == 0
                         : product.terms % (each * tiles.wordStep()) == 0;
  return fits ? load : LoadOp();
}

void Contract::planProduct(Product &product, const Result &result) {
  int64_t words = std::max<int64_t>(tiles.words(product.terms), 1);
  product.stretch = result.isLong ? cpu.machine.stretch
                                  : llvm::alignTo(words, std::max(tiles.wordStep(), tiles.lanes));
  product.plainRight = onlyLoad(*product.rightBody);
  product.inPlace = loadInPlace(product, result);
  // A stride of whole pages would put all rows of a tile into the same few lines of the cache.
  if (product.inPlace)
    product.leftStride = transposed ? 2 * tiles.tileRows : product.terms / each;
  else if (!transposed)
    product.leftStride = product.stretch + tiles.lanes;
  else
    product.leftStride = (tiles.blocks ? cpu.machine.stretch : cpu.machine.groupRows) + tiles.lanes;
}

ContractResult Contract::planResult(unsigned at) {
  Result result{&op.result(at).front(), op.columns(at), op.getWindows()[at], op.rows(at), {}};
  for (ContractOp::Product each : op.productsOf(at)) {
    int64_t terms = op.terms(each);
    result.products.push_back({&op.left(each.left), &op.right(each.right), terms});
    result.isLong |= terms < 0 || tiles.words(terms) > cpu.machine.longestSum;
  }
  int64_t stretches = 0;
  for (Product &product : result.products) {
    planProduct(product, result);
    stretches += product.stretch;
  }
  int64_t panel = tiles.panel(), panels = tiles.paddedColumns(result.columns) / panel;
  // Sums in scratch are there for all products at once.
  int64_t columns = result.isLong
                        ? cpu.machine.longColumns / static_cast<int64_t>(result.products.size())
                        : cpu.machine.shortColumns;
  int64_t most =
      std::max<int64_t>(std::min(columns, cpu.machine.rightWords / stretches) / panel, 1);
  // An even number of blocks, for a single row has no other items.
  int64_t blocks = panels > most ? 2 * llvm::divideCeil(panels, 2 * most) : 1;
  int64_t window = result.columns / result.windows;
  int64_t unit = result.windows > 1 ? std::lcm(panel, window) : panel;
  result.blockColumns = std::min<int64_t>(
      llvm::alignTo(llvm::divideCeil(panels, blocks) * panel, unit), panels * panel);
  return result;
}

/// Results follow each other, so they share what they need of scratch.
void Contract::allocate() {
  struct Sizes {
    int64_t left = 0, right = 0, sums = 0;
  };
  SmallVector<Sizes> sizes;
  for (const Result &result : results)
    for (auto [place, product] : llvm::enumerate(result.products)) {
      if (place == sizes.size())
        sizes.emplace_back();
      // A chunk of a row ends up to a vector beyond its last column.
      int64_t leftRows = transposed && !tiles.blocks ? cpu.machine.stretch
                         : transposed ? tiles.paddedRows(cpu.machine.groupRows) + tiles.lanes
                                      : tiles.tileRows;
      int64_t sumRows = result.isLong ? tiles.paddedRows(cpu.machine.groupRows) : tiles.tileRows;
      auto grow = [](int64_t &size, int64_t needed) { size = std::max(size, needed); };
      if (mayBeFew(result) && !product.inPlace)
        grow(sizes[place].left, tiles.tileRows * (tiles.words(product.terms) + 2 * tiles.lanes));
      grow(sizes[place].left, leftRows * product.leftStride + 2 * tiles.panel());
      grow(sizes[place].right, product.stretch * (result.blockColumns + tiles.panel()));
      grow(sizes[place].sums, sumRows * result.blockColumns + 2 * tiles.lanes);
    }
  SmallVector<Product> places;
  for (const Sizes &size : sizes) {
    Product &place = places.emplace_back();
    place.left = cpu.allocate(tiles.word, size.left);
    place.right = cpu.allocate(tiles.word, size.right);
    place.sums = cpu.allocate(type, size.sums);
  }
  for (Result &result : results)
    for (auto [product, place] : llvm::zip(result.products, places))
      product.left = place.left, product.right = place.right, product.sums = place.sums;
  corner = cpu.allocate(tiles.word, tiles.lanes * tiles.lanes);
}
