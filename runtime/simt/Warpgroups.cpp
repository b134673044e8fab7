//===- Warpgroups.cpp - wgmma: products that are read from shared memory --===//
//
// Each warp of the four multiplies its own 16 rows, which is all that it gets of the
// result. What is read counts as read by the warp's products, whose groups threads learn
// of when they wait for them, so that a tile which is filled too early shows. Sums are
// kept back until then: registers hold a number that is none, which says where they are.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Warpgroups.h"

#include "runtime/simt/Block.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace roux::simt {

static constexpr uint32_t termsOfProduct = 16, rowsOfWarp = 16;

/// A NaN that no arithmetic makes; its low bits say which sum it stands for.
static constexpr uint32_t inFlight = 0xffd00000, inFlightMask = 0xfff00000;

static std::optional<uint32_t> placeOf(float sum) {
  uint32_t bits = std::bit_cast<uint32_t>(sum);
  return (bits & inFlightMask) == inFlight ? std::optional(bits & ~inFlightMask) : std::nullopt;
}

float SumsInFlight::add(float sum, float product, uint32_t group) {
  std::optional<uint32_t> place = placeOf(sum);
  if (place && *place >= sums.size())
    place.reset(); // a NaN of other making
  if (!place && !unused.empty()) {
    place = unused.back();
    unused.pop_back();
    sums[*place] = {sum, group};
  } else if (!place) {
    place = static_cast<uint32_t>(sums.size());
    sums.push_back({sum, group});
  }
  sums[*place].value += product;
  sums[*place].group = group;
  return std::bit_cast<float>(inFlight | *place);
}

float SumsInFlight::landed(float sum, uint32_t done) {
  std::optional<uint32_t> place = placeOf(sum);
  if (!place || *place >= sums.size() || sums[*place].group > done)
    return sum;
  unused.push_back(*place);
  return sums[*place].value;
}

void SumsInFlight::clear() {
  sums.clear();
  unused.clear();
}

namespace {
/// A tile of shared memory, as the descriptor of a matrix says it: lines of 128 bytes, of which
/// 16 change places by the number of their line. PTX, "Matrix Descriptor Format".
struct Matrix {
  uintptr_t start;
  uint32_t leading, stride; ///< bytes
  bool termsFirst;

  Matrix(uint64_t descriptor, bool termsFirst, const char *shared, const SimtSite *site)
      : start(reinterpret_cast<uintptr_t>(shared) + ((descriptor & 0x3fff) << 4)),
        leading(static_cast<uint32_t>(descriptor >> 16 & 0x3fff) << 4),
        stride(static_cast<uint32_t>(descriptor >> 32 & 0x3fff) << 4), termsFirst(termsFirst) {
    if (descriptor >> 62 != 1)
      Block::running().fail(site, "gives wgmma a matrix that is not swizzled by 128 bytes, which "
                                  "is not emulated");
  }

  /// Where number (row, term) lies: the address bits 4 to 6 are changed by bits 7 to 9.
  const char *at(uint32_t row, uint32_t term) const {
    uint32_t line = termsFirst ? term : row, cell = termsFirst ? row : term;
    uintptr_t plain =
        start + (cell / 64) * leading + (line / 8) * stride + line % 8 * 128 + cell % 64 * 2;
    return reinterpret_cast<const char *>(plain ^ (plain >> 7 & 7) << 4);
  }
};

/// What begins a call; behind it the sums of a thread unless they begin here, four words of the
/// left matrix if it is in registers, then the descriptors.
struct ProductOperands {
  uint32_t columns, leftTermsFirst, rightTermsFirst, leftInRegisters, beginsSums;
  float sums[];

  uint32_t count() const { return columns / 2; }
  const float *behindSums() const { return sums + (beginsSums ? 0 : count()); }
  uint32_t word(uint32_t which) const {
    uint32_t value;
    std::memcpy(&value, behindSums() + which, sizeof value);
    return value;
  }
  uint32_t descriptors() const { return leftInRegisters ? 1 : 2; }
  uint64_t descriptor(uint32_t which) const {
    auto *end = reinterpret_cast<const char *>(behindSums() + (leftInRegisters ? 4 : 0));
    size_t at = (end - reinterpret_cast<const char *>(this) + 7) / 8 * 8;
    uint64_t value;
    std::memcpy(&value, reinterpret_cast<const char *>(this) + at + which * sizeof value,
                sizeof value);
    return value;
  }
};
} // namespace

static float numberOf(uint16_t half) {
  return std::bit_cast<float>(uint32_t(half) << 16);
}

static float numberAt(const char *from) {
  uint16_t half;
  std::memcpy(&half, from, sizeof half);
  return numberOf(half);
}

/// 16 x `rows` numbers of a matrix, term by term; each of its runs of eight is read at once.
static std::vector<float> numbersOf(const Matrix &matrix, uint32_t firstRow, uint32_t rows,
                                    const SimtSite *site) {
  Block &block = Block::running();
  std::vector<float> numbers(size_t(rows) * termsOfProduct);
  uint32_t lines = matrix.termsFirst ? termsOfProduct : rows;
  uint32_t cells = matrix.termsFirst ? rows : termsOfProduct;
  for (uint32_t line = 0; line < lines; ++line)
    for (uint32_t cell = 0; cell < cells; cell += 8) {
      uint32_t row = firstRow + (matrix.termsFirst ? cell : line);
      uint32_t term = matrix.termsFirst ? line : cell;
      const char *from = matrix.at(row, term);
      block.accessOf(firstProducts + block.current().warp(), block.current().productGroups + 1,
                     from, 16, SimtAccess::ProxyRead, site);
      for (uint32_t i = 0; i < 8; ++i) {
        uint32_t own = row - firstRow + (matrix.termsFirst ? i : 0);
        numbers[own + (term + (matrix.termsFirst ? 0 : i)) * rows] = numberAt(from + 2 * i);
      }
    }
  return numbers;
}

static const ProductOperands &operandsOf(const Meeting &meeting, unsigned lane) {
  return *static_cast<const ProductOperands *>(meeting.operands[lane]);
}

/// The left matrix in registers: of a lane's words each has two terms, of its row or of the one
/// eight below, of the first eight terms or the others.
static std::vector<float> registersOf(const Meeting &meeting) {
  std::vector<float> numbers(size_t(rowsOfWarp) * termsOfProduct);
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane)
    for (uint32_t which = 0; which < 4; ++which)
      for (uint32_t half : {0, 1}) {
        uint32_t row = lane / 4 + which % 2 * 8, term = lane % 4 * 2 + which / 2 * 8 + half;
        uint32_t word = operandsOf(meeting, lane).word(which);
        numbers[row + term * rowsOfWarp] = numberOf(static_cast<uint16_t>(word >> 16 * half));
      }
  return numbers;
}

static void multiplyTogether(Meeting &meeting) {
  Block &block = Block::running();
  const ProductOperands &first = operandsOf(meeting, 0);
  const SimtSite *site = meeting.sites[0];
  uint32_t matrices = first.descriptors();
  for (unsigned lane = 1; lane < lanesOfWarp; ++lane)
    for (uint32_t which = 0; which < matrices; ++which)
      if (operandsOf(meeting, lane).descriptor(which) != first.descriptor(which))
        block.fail(site, "comes to wgmma with another matrix than a lane of its warp");
  uint32_t columns = first.columns, firstRow = block.current().warp() % 4 * rowsOfWarp;
  Matrix right(first.descriptor(matrices - 1), first.rightTermsFirst, block.shared(), site);
  std::vector<float> a;
  if (first.leftInRegisters)
    a = registersOf(meeting);
  else
    a = numbersOf(Matrix(first.descriptor(0), first.leftTermsFirst, block.shared(), site), firstRow,
                  rowsOfWarp, site);
  std::vector<float> b = numbersOf(right, 0, columns, site);
  std::vector<float> products(size_t(rowsOfWarp) * columns);
  for (uint32_t row = 0; row < rowsOfWarp; ++row)
    for (uint32_t term = 0; term < termsOfProduct; ++term)
      for (uint32_t column = 0; column < columns; ++column)
        products[row * columns + column] +=
            a[row + term * rowsOfWarp] * b[column + size_t(term) * columns];
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane) {
    const ProductOperands &own = operandsOf(meeting, lane);
    auto *result = static_cast<float *>(meeting.results[lane]);
    SumsInFlight &sums = block.lane(lane).sumsInFlight;
    uint32_t group = block.lane(lane).productGroups + 1;
    for (uint32_t i = 0; i < own.count(); ++i) {
      uint32_t row = lane / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
      result[i] =
          sums.add(own.beginsSums ? 0 : own.sums[i], products[row * columns + column], group);
    }
  }
}

static void multiply(const void *operands, void *result, const SimtSite *site) {
  Block &block = Block::running();
  if (!block.current().registersFenced)
    block.fail(site, "multiplies by wgmma what it may just have written to registers, and has not "
                     "fenced since the group before (wgmma.fence)");
  meet("wgmma.mma_async", wholeWarp, operands, result, site, multiplyTogether);
}

/// Sums pass through what orders them; those of the first `done` groups are there behind it.
static void passSums(const void *operands, void *result, uint32_t done) {
  uint32_t count;
  std::memcpy(&count, operands, sizeof count);
  std::memcpy(result, static_cast<const char *>(operands) + sizeof count, count * sizeof(float));
  SumsInFlight &sums = Block::running().current().sumsInFlight;
  for (uint32_t i = 0; i < count; ++i) {
    auto *sum = static_cast<float *>(result) + i;
    *sum = sums.landed(*sum, done);
  }
}

static void fence(const void *operands, void *result, const SimtSite *) {
  Block::running().current().registersFenced = true;
  passSums(operands, result, 0);
}

static void commitGroup(const void *operands, void *result, const SimtSite *) {
  Thread &thread = Block::running().current();
  ++thread.productGroups;
  thread.registersFenced = false;
  passSums(operands, result, 0);
}

/// All groups are done but so many: until now they have read. Behind that come sums.
static void waitForGroups(const void *operands, void *result, const SimtSite *) {
  Block &block = Block::running();
  Thread &thread = block.current();
  uint32_t pending;
  std::memcpy(&pending, operands, sizeof pending);
  uint32_t done = thread.productGroups - std::min(pending, thread.productGroups);
  block.warp().productsDone = std::max(block.warp().productsDone, done);
  learn(thread, firstProducts + thread.warp(), done);
  passSums(static_cast<const char *>(operands) + sizeof pending, result, done);
}

static void fenceProxy(const void *, void *, const SimtSite *) {
  Block::running().fenceProxy();
}

/// Nothing here runs out of registers.
static void changeRegisters(const void *operands, void *, const SimtSite *site) {
  uint32_t count = *static_cast<const uint32_t *>(operands);
  if (count < 24 || count > 256 || count % 8 != 0)
    Block::running().fail(site, fmt::format("asks for {} registers by setmaxnreg, which takes "
                                            "multiples of 8 from 24 to 256",
                                            count));
}

static constexpr SimtInstruction instructions[] = {
    {"wgmma.mma_async", multiply},
    {"wgmma.fence", fence},
    {"wgmma.commit_group", commitGroup},
    {"wgmma.wait_group", waitForGroups},
    {"fence.proxy.async.shared::cta", fenceProxy},
    {"setmaxnreg.dec.sync.aligned.u32", changeRegisters},
    {"setmaxnreg.inc.sync.aligned.u32", changeRegisters},
};

std::span<const SimtInstruction> warpgroupInstructions() {
  return instructions;
}

} // namespace roux::simt
