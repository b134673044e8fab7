//===- Tiles.cpp - ldmatrix and mma.sync -----------------------------------===//
//
// A GPU does not say in which order it adds the products of an mma.sync, so neither
// do its users rely on it; here it is that of their numbers, after which the
// accumulator is added.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Tiles.h"

#include "runtime/simt/Block.h"

#include <cstring>

namespace roux::simt {

static float fromBF16(uint32_t bits) {
  bits <<= 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Rows of eight 16-bit numbers, their addresses given by eight lanes a matrix; a lane gets two
// neighbours of a row, or of a column where the matrix is turned.
template <unsigned matrices, bool turned>
static void loadTogether(Meeting &meeting) {
  for (unsigned matrix = 0; matrix < matrices; ++matrix) {
    uint16_t numbers[8][8];
    for (unsigned row = 0; row < 8; ++row)
      std::memcpy(numbers[row], *static_cast<char *const *>(meeting.operands[matrix * 8 + row]),
                  sizeof numbers[row]);
    for (unsigned lane = 0; lane < lanesOfWarp; ++lane) {
      unsigned row = lane / 4, column = lane % 4 * 2;
      uint32_t low = turned ? numbers[column][row] : numbers[row][column];
      uint32_t high = turned ? numbers[column + 1][row] : numbers[row][column + 1];
      static_cast<uint32_t *>(meeting.results[lane])[matrix] = high << 16 | low;
    }
  }
}

template <unsigned matrices, bool turned>
static void loadMatrix(const void *operands, void *result, const SimtSite *site) {
  Block &block = Block::running();
  const void *row = *static_cast<void *const *>(operands);
  if (block.current().lane() < matrices * 8) {
    if (!block.isShared(row))
      block.fail(site, "gives ldmatrix a row that is not in shared memory");
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0)
      block.fail(site, "gives ldmatrix a row at an address that is no multiple of 16");
    block.access(row, 16, SimtAccess::Read, site);
  }
  meet("ldmatrix", wholeWarp, operands, result, site, loadTogether<matrices, turned>);
}

namespace {
struct ProductOperands {
  uint32_t a[4], b[2];
  float c[4];
};
} // namespace

// D = A B + C of 16 x 16, 16 x 8: a lane has rows lane / 4 and that plus 8, two columns of each
// half of A's, two rows of each half of B's.
static void multiplyTogether(Meeting &meeting) {
  float a[16][16], b[16][8], d[16][8] = {};
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane) {
    auto *own = static_cast<const ProductOperands *>(meeting.operands[lane]);
    unsigned group = lane / 4, pair = lane % 4 * 2;
    for (unsigned part = 0; part < 4; ++part)
      for (unsigned i = 0; i < 2; ++i) {
        float number = fromBF16(own->a[part] >> (16 * i) & 0xffff);
        a[group + part % 2 * 8][pair + part / 2 * 8 + i] = number;
      }
    for (unsigned part = 0; part < 2; ++part)
      for (unsigned i = 0; i < 2; ++i)
        b[pair + part * 8 + i][group] = fromBF16(own->b[part] >> (16 * i) & 0xffff);
  }
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned inner = 0; inner < 16; ++inner)
      for (unsigned column = 0; column < 8; ++column)
        d[row][column] += a[row][inner] * b[inner][column];
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane) {
    auto *own = static_cast<const ProductOperands *>(meeting.operands[lane]);
    auto *result = static_cast<float *>(meeting.results[lane]);
    for (unsigned i = 0; i < 4; ++i)
      result[i] = own->c[i] + d[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
  }
}

static void multiply(const void *operands, void *result, const SimtSite *site) {
  meet("mma.sync", wholeWarp, operands, result, site, multiplyTogether);
}

static constexpr SimtInstruction instructions[] = {
    {"ldmatrix.sync.aligned.m8n8.x1.b16.p3", loadMatrix<1, false>},
    {"ldmatrix.sync.aligned.m8n8.x1.trans.b16.p3", loadMatrix<1, true>},
    {"ldmatrix.sync.aligned.m8n8.x2.b16.p3", loadMatrix<2, false>},
    {"ldmatrix.sync.aligned.m8n8.x2.trans.b16.p3", loadMatrix<2, true>},
    {"ldmatrix.sync.aligned.m8n8.x4.b16.p3", loadMatrix<4, false>},
    {"ldmatrix.sync.aligned.m8n8.x4.trans.b16.p3", loadMatrix<4, true>},
    {"mma.m16n8k16.row.col.bf16", multiply},
};

std::span<const SimtInstruction> tileInstructions() {
  return instructions;
}

} // namespace roux::simt
