//===- LossGroups.h - mean losses that no batch can change ----------------===//
//
// Losses are added up as whole numbers of 2^-40, so the order in which they come,
// and with it the shape of the batches, cannot change a bit of a mean.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace roux::eval {

/// Sum and count of some losses.
class LossSum {
public:
  void add(double nll);
  void add(const LossSum &other);
  uint64_t count() const { return targets; }
  /// 0 without targets.
  double mean() const;

private:
  __int128 units = 0;
  uint64_t targets = 0;
};

struct LossGroup {
  std::string name;             ///< "1", "2..3", "4..7", … or a source
  uint64_t first = 0, last = 0; ///< of positions; 0 for a source
  LossSum sum;
};

class LossGroups {
public:
  /// The loss of predicting token `index`, counted from 0, of a sequence of `source`. Throws
  /// std::runtime_error naming both where it is no number.
  void add(uint32_t index, const std::string &source, double nll);

  const LossSum &all() const { return total; }
  /// By the predicted token's place, in powers of two; groups without targets are left out.
  std::vector<LossGroup> byPosition() const;
  /// By source, in alphabetical order.
  std::vector<LossGroup> bySource() const;

private:
  LossSum total;
  std::map<uint32_t, LossSum> positions; ///< by the power of two
  std::map<std::string, LossSum> sources;
};

} // namespace roux::eval
