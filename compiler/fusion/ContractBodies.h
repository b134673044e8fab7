//===- ContractBodies.h - a matmul kernel taken apart ---------------------===//
//
// A kernel.contract has as many regions as it was made with; joining two, or two
// results of one, makes another of their bodies.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"

namespace roux::kernel {

/// The bodies of contracts that still stand, in the order that the new one shall have them.
struct ContractBodies {
  Form form;
  llvm::SmallVector<mlir::Region *> lefts, rights;
  struct Result {
    mlir::Region *body;
    int64_t windows;
    llvm::SmallVector<ContractOp::Product> products;
  };
  llvm::SmallVector<Result> results;

  explicit ContractBodies(ContractOp op);
  /// Adds the other's results, and of its operands those that there are not yet.
  void append(ContractOp other);
  /// Moves the body of `second` behind that of `first`, which gets the sums of both; its index and
  /// sums become those of the first.
  void meet(unsigned first, unsigned second);
  /// The contract of these bodies, which are moved into it.
  ContractOp build(mlir::OpBuilder &builder, mlir::Location where);
};

/// Moves stores behind everything else: then they come after any reduction, and no load follows.
void sinkStores(mlir::Block &body);

} // namespace roux::kernel
