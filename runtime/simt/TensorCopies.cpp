//===- TensorCopies.cpp - copies of boxes by the copy engine ---------------===//
//
// PTX, "Swizzling modes": of rows of 128 bytes, 16 change places by the number of
// their row, which is what wgmma reads.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/TensorCopies.h"

#include "runtime/simt/Block.h"

#include <algorithm>
#include <cstring>

namespace roux::simt {

static constexpr int64_t rowBytes = TensorMap::boxColumns * TensorMap::elementBytes;
static constexpr int64_t chunkBytes = 16;

uint32_t TensorCopies::Copy::bytes() const {
  return static_cast<uint32_t>(map->boxRows * rowBytes);
}

/// Bytes of a row of the box that the matrix has, from their first one.
static int64_t bytesThere(const TensorCopies::Copy &copy, int64_t row) {
  if (copy.row + row < 0 || copy.row + row >= copy.map->rows || copy.column < 0)
    return 0;
  int64_t columns = std::clamp<int64_t>(copy.map->columns - copy.column, 0, TensorMap::boxColumns);
  return columns * TensorMap::elementBytes;
}

static const char *rowOf(const TensorCopies::Copy &copy, int64_t row) {
  return copy.map->begin + (copy.row + row) * copy.map->pitch +
         copy.column * TensorMap::elementBytes;
}

void TensorCopies::begin(const Copy &copy) {
  Block &block = Block::running();
  if (copy.map->mark != SimtTensorMap::made)
    block.fail(copy.site, "gives the copy engine no tensor map");
  if (copy.column < 0)
    block.fail(copy.site, "has a box copied that begins before its matrix");
  if (!block.isShared(copy.to) || reinterpret_cast<uintptr_t>(copy.to) % rowBytes != 0)
    block.fail(copy.site, "has a box copied to no multiple of 128 bytes of shared memory");
  for (int64_t row = 0; row < copy.map->boxRows; ++row)
    if (int64_t there = bytesThere(copy, row))
      block.access(rowOf(copy, row), there, SimtAccess::Read, copy.site);
  block.accessOf(firstCopies + copy.mbarrier, copy.clock, copy.to, copy.bytes(),
                 SimtAccess::ProxyWrite, copy.site);
  if (block.copiesEarly())
    return land(copy);
  underWay.push_back(copy);
}

void TensorCopies::land(const Copy &copy) {
  Block &block = Block::running();
  for (int64_t row = 0; row < copy.map->boxRows; ++row)
    for (int64_t at = 0; at < rowBytes; at += chunkBytes) {
      auto plain = reinterpret_cast<uintptr_t>(copy.to + row * rowBytes + at);
      char *to = reinterpret_cast<char *>(plain ^ (plain >> 7 & 7) << 4);
      int64_t there = std::clamp<int64_t>(bytesThere(copy, row) - at, 0, chunkBytes);
      std::memset(to, 0, chunkBytes);
      if (there > 0)
        std::memcpy(to, rowOf(copy, row) + at, static_cast<size_t>(there));
    }
  block.landedOf(firstCopies + copy.mbarrier, copy.clock, copy.epoch, copy.to, copy.bytes(),
                 copy.site);
  block.mbarriers().landed(copy.mbarrier, copy.bytes());
}

bool TensorCopies::landOne(uint64_t chosen) {
  if (underWay.empty())
    return false;
  auto at = underWay.begin() + static_cast<std::ptrdiff_t>(chosen % underWay.size());
  Copy copy = *at;
  underWay.erase(at);
  land(copy);
  return true;
}

namespace {
struct CopyOperands {
  char *to;
  const char *mbarrier;
  const SimtTensorMap *map;
  int32_t column, row;
};
} // namespace

static void beginCopy(const void *operands, void *, const SimtSite *site) {
  auto *given = static_cast<const CopyOperands *>(operands);
  Block &block = Block::running();
  uint32_t number = block.mbarriers().ofCopy(given->mbarrier, site);
  block.tensorCopies().begin({given->to, given->map, given->column, given->row, number,
                              block.mbarriers().clockOf(number), block.barriers(), site});
}

static constexpr SimtInstruction instructions[] = {
    {"cp.async.bulk.tensor.g2s.cta.tile.2d", beginCopy},
};

std::span<const SimtInstruction> tensorCopyInstructions() {
  return instructions;
}

} // namespace roux::simt
