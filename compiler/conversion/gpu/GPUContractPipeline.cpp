//===- GPUContractPipeline.cpp - a matmul whose operands are copied ahead --===//
//
// Of three warpgroups one has the copy engine fill a ring of stages in shared memory
// (TMA), and two multiply what is there (wgmma), each half of the tile's rows. They meet
// at two mbarriers a stage: it is full when all bytes of its boxes have come, and empty
// when all warps have waited for the products that read it. One stage's products are
// begun before those of the stage before are waited for.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static constexpr int64_t warpgroup = 128, warp = 32;
/// Registers of a thread that has copies made, and of one that multiplies: of both together there
/// are not more than a multiprocessor has.
static constexpr int64_t copyingRegisters = 40, multiplyingRegisters = 232;
static constexpr int64_t mostStages = 4;

/// Why the copy engine cannot bring the rows of `body`; null where it can.
static const char *unreadable(Region &body) {
  constexpr int64_t aligned = 8; // numbers of 16 bytes
  LoadOp load = onlyLoadOf(body);
  if (!load)
    return "its rows are computed on their way";
  auto type = cast<MemRefType>(load.getBuffer().getType());
  if (!type.getElementType().isBF16() || !isa<BlockArgument>(load.getBuffer()))
    return "it is no buffer of bf16";
  if (type.getDimSize(1) % aligned != 0 || load.getFrom() % aligned != 0)
    return "its rows do not begin at multiples of 16 bytes";
  return nullptr;
}

std::string roux::whyNotCopied(ContractOp op, int64_t leastTerms) {
  for (unsigned at = 0; at < op.results(); ++at)
    for (ContractOp::Product product : op.productsOf(at)) {
      int64_t terms = op.terms(product); // -1: the extent
      if (terms >= 0 && terms < leastTerms)
        return llvm::formatv("a sum has {0} terms, fewer than {1}", terms, leastTerms);
      for (auto [body, side] : {std::pair(&op.left(product.left), "left"),
                                std::pair(&op.right(product.right), "right")})
        if (const char *why = unreadable(*body))
          return llvm::formatv("threads bring the {0} operand: {1}", side, why);
    }
  return {};
}

/// Whether the copy engine brings all operands. What it does not bring, threads do.
bool GPUContract::isPipelined() {
  if (!byWarpgroups)
    return false;
  static constexpr auto name = remark::RemarkOpts::name("copy_engine").category("fuse");
  std::string why = whyNotCopied(op, gpu.target.pipelineTerms);
  if (!why.empty())
    remark::missed(op.getLoc(), name) << remark::reason("{0}", why);
  return why.empty();
}

TensorMap GPUContract::mapOf(const Operand &operand) {
  LoadOp load = onlyLoadOf(*operand.body);
  auto type = cast<MemRefType>(load.getBuffer().getType());
  TensorMap map;
  map.argument = cast<BlockArgument>(load.getBuffer()).getArgNumber();
  map.from = load.getFrom() * TensorMap::elementBytes;
  map.rows = operand.lines;
  map.columns = rowType(load.getResult().getType()).getDimSize(0);
  map.pitch = type.getDimSize(1) * TensorMap::elementBytes;
  map.boxRows = operand.tile.termsFirst ? stretch : operand.rows;
  return map;
}

static Value word(LoopBuilder &code, int64_t number) {
  return arith::ConstantIntOp::create(code, number, 32);
}

static Value isEqual(LoopBuilder &code, Value a, int64_t b) {
  return arith::CmpIOp::create(code, arith::CmpIPredicate::eq, a, code.index(b));
}

/// Waits for phase number `round` of an mbarrier, from its first one on.
static void waitFor(LoopBuilder &code, Value barrier, Value round) {
  Value address = LLVM::PtrToIntOp::create(code, code.getI64Type(), barrier);
  Value parity = arith::IndexCastOp::create(code, code.getI32Type(), code.rem(round, 2));
  LLVM::InlineAsmOp::create(
      code, Type(), ValueRange{address, parity},
      "{ .reg .pred p; W: mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1; @p bra.uni D; "
      "bra.uni W; D: }",
      "l,r,~{memory}", /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
}

Value GPUContract::fullBarrier(Value stage) {
  return code.address(barriers, code.getI64Type(), stage);
}

Value GPUContract::emptyBarrier(Value stage) {
  return code.address(barriers, code.getI64Type(), code.add(stage, stages));
}

/// What the copy engine brings of an operand for a stage.
void GPUContract::copyStage(const Operand &operand, Place place, Value stage, Value term) {
  Value map = gpu.tensorMap(mapOf(operand));
  SharedTile tile = stageOf(operand, stage);
  Value first = operand.isLeft ? place.row : place.column;
  int64_t boxes = tile.termsFirst ? llvm::divideCeil(operand.rows, TensorMap::boxColumns) : 1;
  auto coordinate = [&](Value at) -> Value {
    return arith::IndexCastOp::create(code, code.getI32Type(), at);
  };
  for (int64_t box = 0; box < boxes; ++box) {
    Value to = code.address(tile.base, number, code.index(box * stretch * TensorMap::boxColumns));
    Value cell = tile.termsFirst ? code.add(first, box * TensorMap::boxColumns) : term;
    Value line = tile.termsFirst ? term : first;
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        code, to, map, ValueRange{coordinate(cell), coordinate(line)}, fullBarrier(stage),
        ValueRange(), Value(), Value(), NVVM::TMALoadMode::TILE, /*isCTAOnly=*/true,
        NVVM::CTAGroupKindAttr(), Value());
  }
}

/// By one thread: has all stages filled that a tile needs, each when it is empty.
void GPUContract::produce(const Result &result, Place place) {
  int64_t top = gpu.sharedTop;
  BlockTile tile = tileOf(result);
  Operands operands = operandsOf(result, tile);
  allocate(operands);
  Value turns = code.div(code.add(termsOf(result), stretch - 1), stretch);
  code.loop(code.index(0), turns, 1, [&](Value turn) {
    Value stage = code.rem(turn, stages), round = code.div(turn, stages);
    waitFor(code, emptyBarrier(stage), code.add(round, 1)); // the one before the first is over
    NVVM::MBarrierArriveExpectTxOp::create(code, Type(), fullBarrier(stage),
                                           word(code, bytesOf(operands)), NVVM::MemScopeKind::CTA,
                                           /*relaxed=*/false, Value());
    for (auto &[region, operand] : operands)
      copyStage(operand, place, stage, code.mul(turn, stretch));
  });
  gpu.reuseFrom(top);
}

/// The stage of the turn before is empty: its products are waited for. A warp's first lane says so,
/// in all turns but the first: one comparison, for which LLVM does not peel that turn off.
void GPUContract::release(Value turn) {
  constexpr int64_t beyondTurns = int64_t(1) << 32;
  Value lane = code.rem(gpu.thread, warp);
  code.when(isBelow(code.mul(lane, beyondTurns), turn), {}, [&] {
    Value before = code.rem(code.add(turn, -1), stages);
    NVVM::MBarrierArriveOp::create(code, Type(), emptyBarrier(before), Value());
    return LoopBuilder::Values();
  });
}

/// By the threads of two warpgroups: the tile's sums, and what becomes of them.
void GPUContract::consume(const Result &result, Place place) {
  int64_t top = gpu.sharedTop;
  BlockTile tile = tileOf(result);
  Operands operands = operandsOf(result, tile);
  allocate(operands);
  Value turns = code.div(code.add(termsOf(result), stretch - 1), stretch);
  LoopBuilder::Values start;
  for (size_t i = 0; i < result.products.size(); ++i)
    llvm::append_range(start, tile.zero());
  int64_t each = tile.rowsEach() * tile.columnsEach();
  auto all = code.loop(code.index(0), turns, 1, start, [&](Value turn, ValueRange carried) {
    Value stage = code.rem(turn, stages);
    waitFor(code, fullBarrier(stage), code.div(turn, stages));
    tile.beginProducts();
    LoopBuilder::Values next;
    for (auto [i, product] : llvm::enumerate(result.products))
      llvm::append_range(next, tile.multiplied(BlockTile::Sums(carried.slice(i * each, each)),
                                               stageOf(operands[&op.left(product.left)], stage),
                                               stageOf(operands[&op.right(product.right)], stage),
                                               stretch));
    tile.commitProducts();
    tile.waitForProducts(1);
    release(turn);
    return next;
  });
  SmallVector<BlockTile::Sums> sums;
  for (size_t i = 0; i < result.products.size(); ++i)
    sums.push_back(tile.finish(BlockTile::Sums(ValueRange(all).slice(i * each, each))));
  finish(result, place, tile, sums, top);
}

/// Makes the mbarriers, by one thread, and has all threads meet behind that.
void GPUContract::beginPipeline() {
  stages = mostStages;
  for (const Result &result : results) {
    BlockTile tile = tileOf(result);
    int64_t room = mostSharedOfHopper - BlockTile::swizzledAlignment;
    stages = stagesFor(stages, bytesOf(operandsOf(result, tile)), room);
  }
  barriers = gpu.allocate(code.getI64Type(), 2 * stages);
  code.when(isEqual(code, gpu.thread, 0), {}, [&] {
    for (int64_t stage = 0; stage < stages; ++stage) {
      int64_t warps = gpu.shape.threads / warp;
      NVVM::MBarrierInitOp::create(code, fullBarrier(code.index(stage)), word(code, 1), Value());
      NVVM::MBarrierInitOp::create(code, emptyBarrier(code.index(stage)), word(code, warps),
                                   Value());
    }
    NVVM::FenceMbarrierInitOp::create(code);
    return LoopBuilder::Values();
  });
  gpu.barrier();
}

void GPUContract::lowerPipeline() {
  int64_t multiplying = gpu.shape.threads;
  beginPipeline();
  // The same in all lanes, as wgmma and setmaxnreg need it, in a way that the assembler sees.
  Value group =
      arith::IndexCastOp::create(code, code.getI32Type(), code.div(gpu.thread, warpgroup));
  group = NVVM::ShflOp::create(code, code.getI32Type(), word(code, -1), group, word(code, 0),
                               word(code, warp - 1), NVVM::ShflKind::idx, {});
  Value multiplies = arith::CmpIOp::create(code, arith::CmpIPredicate::ult, group,
                                           word(code, multiplying / warpgroup));
  auto both = scf::IfOp::create(code, multiplies, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(code);
    code.setInsertionPointToStart(both.thenBlock());
    NVVM::SetMaxRegisterOp::create(code, multiplyingRegisters,
                                   NVVM::SetMaxRegisterAction::increase);
    gpu.meeting = multiplying;
    forTile([&](const Result &result, Place place) { consume(result, place); });
    code.setInsertionPointToStart(both.elseBlock());
    NVVM::SetMaxRegisterOp::create(code, copyingRegisters, NVVM::SetMaxRegisterAction::decrease);
    code.when(isEqual(code, gpu.thread, multiplying), {}, [&] {
      forTile([&](const Result &result, Place place) { produce(result, place); });
      return LoopBuilder::Values();
    });
  }
  gpu.shape.threads = multiplying + warpgroup;
}
