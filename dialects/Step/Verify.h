//===- Verify.h - what the verifiers of several files say alike -----------===//
//
// Of the dialect's own files alone: who makes operations has no use for these.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Step/Step.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace roux::step {

/// The attributes that say what an argument is; it has one of them, or is of no entry.
inline constexpr llvm::StringLiteral argumentNames[] = {
    StepDialect::columnName, StepDialect::parameterName, StepDialect::gradientName,
    StepDialect::stateName,  StepDialect::cacheName,     StepDialect::attributeName};
/// The same of a result.
inline constexpr llvm::StringLiteral resultNames[] = {
    StepDialect::cacheName, StepDialect::gradientName, StepDialect::resultName};

/// That argument `at`, which is `name`, is nothing else, and that no other argument is that.
llvm::LogicalResult verifyArgumentName(mlir::FunctionOpInterface function, unsigned at,
                                       mlir::NamedAttribute name);
/// The same of a result.
llvm::LogicalResult verifyResultName(mlir::FunctionOpInterface function, unsigned at,
                                     mlir::NamedAttribute name);

/// A number as a message tells it: "weight has 32 elements".
struct Count {
  llvm::StringRef owner;
  int64_t number;
  llvm::StringRef unit;
};

inline int64_t dimension(mlir::Value value, unsigned index) {
  return cast<mlir::RankedTensorType>(value.getType()).getDimSize(index);
}
mlir::Type elementOf(mlir::Value value);
/// Succeeds if the two numbers are equal or not known yet; else reports both, with a note where
/// `value` was made.
llvm::LogicalResult expectEqual(mlir::Operation *op, mlir::Value value, Count found,
                                Count expected);
/// As messages name rows; of none those of tokens.
llvm::StringRef nameOf(std::optional<Rows> rows);
/// Every operand and result in `values` has the rows of `stream`.
llvm::LogicalResult expectTokens(mlir::Operation *op, mlir::Value stream, mlir::ValueRange values);
/// Values that are sums have the accumulation type of `stream`.
llvm::LogicalResult expectAccumulation(mlir::Operation *op, mlir::Value stream, mlir::Value value,
                                       llvm::StringRef name);
/// The region called `name` takes two values, `given`, and `inputs` more as `scalar`, holds arith
/// and math, and yields `yields` values of that type.
llvm::LogicalResult verifyFormula(mlir::Operation *op, mlir::Region &region, llvm::StringRef name,
                                  mlir::Type scalar, size_t inputs, size_t yields,
                                  llvm::StringRef given = "nll, logsumexp");

} // namespace roux::step
