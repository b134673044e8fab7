//===- Monomial.h - a formula as a product of powers ----------------------===//
//
// Weights are products and quotients of counts. Written as powers, factors sort
// by the rows they belong to, and the sum of a step's weights can be worked out
// by cancelling.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"

#include <map>
#include <optional>
#include <string>

namespace roux {

/// coefficient * product of factor ^ exponent.
struct Monomial {
  struct Factor {
    Scope scope; ///< the narrowest it reads
    double exponent;
    std::string formula;  ///< as the author would write it
    bool isCount = false; ///< an attribute by itself
  };
  double coefficient = 1;
  /// By canonical text, so that equal factors meet.
  std::map<std::string, Factor> factors;

  void multiply(const std::string &key, Factor factor);
  /// Takes out the factors of `scope` and narrower.
  Monomial takeUpTo(Scope scope);
  bool isOne() const { return factors.empty() && coefficient == 1; }
  /// Canonical text.
  std::string key() const;
};

/// The root of `expression` as a product; a factor is whatever is no product itself.
Monomial asMonomial(const Expression &expression);
/// The value of the subtree at `node` when it reads nothing.
std::optional<double> constantAt(const Expression &expression, uint32_t node);
/// The subtree at `node` as an expression of its own.
Expression subtree(const Expression &expression, uint32_t node);

} // namespace roux
