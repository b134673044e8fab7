//===- ContractBodies.cpp - a matmul kernel taken apart -------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/ContractBodies.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;
using namespace roux::kernel;

ContractBodies::ContractBodies(ContractOp op) : form(op.getForm()) {
  for (unsigned at = 0; at < op.getLefts(); ++at)
    lefts.push_back(&op.left(at));
  for (unsigned at = 0; at < op.getRights(); ++at)
    rights.push_back(&op.right(at));
  for (unsigned at = 0; at < op.results(); ++at)
    results.push_back({&op.result(at), op.getWindows()[at], op.productsOf(at)});
}

/// The place in `bodies` of one equal to `body`, which is added if there is none.
static unsigned placeOf(SmallVector<Region *> &bodies, Region &body) {
  for (auto [place, known] : llvm::enumerate(bodies))
    if (OperationEquivalence::isRegionEquivalentTo(known, &body,
                                                   OperationEquivalence::IgnoreLocations))
      return place;
  bodies.push_back(&body);
  return bodies.size() - 1;
}

void ContractBodies::append(ContractOp other) {
  for (unsigned at = 0; at < other.results(); ++at) {
    Result &result = results.emplace_back(Result{&other.result(at), other.getWindows()[at], {}});
    for (ContractOp::Product product : other.productsOf(at))
      result.products.push_back(
          {placeOf(lefts, other.left(product.left)), placeOf(rights, other.right(product.right))});
  }
}

void ContractBodies::meet(unsigned first, unsigned second) {
  Result &kept = results[first], &added = results[second];
  Block &body = kept.body->front(), &behind = added.body->front();
  SmallVector<Value> arguments{body.getArgument(0)};
  for (BlockArgument sum : llvm::drop_begin(behind.getArguments()))
    arguments.push_back(body.addArgument(sum.getType(), sum.getLoc()));
  body.getTerminator()->erase();
  for (auto [argument, value] : llvm::zip_equal(behind.getArguments(), arguments))
    argument.replaceAllUsesWith(value);
  body.getOperations().splice(body.end(), behind.getOperations());
  llvm::append_range(kept.products, added.products);
  results.erase(results.begin() + second);
}

ContractOp ContractBodies::build(OpBuilder &builder, Location where) {
  SmallVector<int64_t> products, windows;
  for (const Result &result : results) {
    windows.push_back(result.windows);
    for (ContractOp::Product product : result.products)
      products.append({product.left, product.right});
  }
  auto op =
      ContractOp::create(builder, where, form, lefts.size(), rights.size(), products, windows);
  SmallVector<Region *> bodies = lefts;
  llvm::append_range(bodies, rights);
  for (const Result &result : results)
    bodies.push_back(result.body);
  for (auto [to, from] : llvm::zip_equal(op.getBodies(), bodies))
    to.takeBody(*from);
  return op;
}

void roux::kernel::sinkStores(Block &body) {
  SmallVector<StoreOp> stores(body.getOps<StoreOp>());
  bool ends = body.back().hasTrait<OpTrait::IsTerminator>();
  for (StoreOp store : stores)
    store->moveBefore(&body, ends ? Block::iterator(body.back()) : body.end());
}
