//===- RecipeLines.cpp - each instruction at one line of the recipe --------===//
//
// A line table has one line an instruction. Fusion leaves several to an operation, and
// LLVM none to what it merges or makes anew; an instruction without one would count as
// whatever happens to stand before it.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/RecipeLines.h"

#include "compiler/codegen/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Module.h"

namespace roux {
#define GEN_PASS_DEF_NAMERECIPELINES
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;
using namespace roux;

/// The first line that `place` names; null where it names none.
static FileLineColLoc lineOf(Location place) {
  FileLineColLoc found;
  place->walk([&](Location part) {
    found = dyn_cast<FileLineColLoc>(part);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

RecipeLine roux::recipeLineOf(Location place) {
  FileLineColLoc line = lineOf(place);
  return line ? RecipeLine{line.getFilename().str(), line.getLine()} : RecipeLine();
}

namespace {
struct NameRecipeLines : roux::impl::NameRecipeLinesBase<NameRecipeLines> {
  void runOnOperation() override {
    FileLineColLoc kernels = lineOf(getOperation().getLoc());
    getOperation().walk([&](LLVM::LLVMFuncOp function) {
      FileLineColLoc line = lineOf(function.getLoc());
      FileLineColLoc whole = line ? line : kernels;
      if (!whole)
        return;
      function.walk([&](Operation *op) {
        FileLineColLoc own = lineOf(op->getLoc());
        op->setLoc(own ? own : whole);
      });
    });
  }
};
} // namespace

static bool hasLine(const llvm::DILocation *place) {
  return place && place->getLine() != 0;
}

/// Gives the instructions of `block` that have no line that of what is before them, or else behind
/// them; `whole` where none has any.
static void fillBlock(llvm::BasicBlock &block, const llvm::DILocation *whole) {
  const llvm::DILocation *near = whole;
  for (const llvm::Instruction &instruction : block)
    if (const llvm::DILocation *place = instruction.getDebugLoc(); hasLine(place)) {
      near = place;
      break;
    }
  for (llvm::Instruction &instruction : block) {
    if (const llvm::DILocation *place = instruction.getDebugLoc(); hasLine(place))
      near = place;
    else
      instruction.setDebugLoc(near);
  }
}

void roux::fillLines(llvm::Module &code) {
  for (llvm::Function &function : code)
    if (llvm::DISubprogram *scope = function.getSubprogram(); scope && !function.isDeclaration()) {
      auto *whole = llvm::DILocation::get(code.getContext(), scope->getLine(), 0, scope);
      for (llvm::BasicBlock &block : function)
        fillBlock(block, whole);
    }
}
