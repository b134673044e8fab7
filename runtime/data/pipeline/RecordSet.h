//===- RecordSet.h - some records of some sources -------------------------===//
//
// `without` and `source in d` ask of every record whether it is among others. Records
// of a source are numbered, so an answer is a bit and not an entry of a table.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace roux::data {

class RecordSet {
public:
  void insert(uint32_t source, uint64_t index) {
    std::vector<bool> &of = sources[source];
    if (index >= of.size())
      of.resize(index + 1);
    of[index] = true;
  }
  bool contains(uint32_t source, uint64_t index) const {
    auto of = sources.find(source);
    return of != sources.end() && index < of->second.size() && of->second[index];
  }

private:
  std::map<uint32_t, std::vector<bool>> sources;
};

} // namespace roux::data
