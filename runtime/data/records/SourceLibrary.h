//===- SourceLibrary.h - each source opened once for all who read it ------===//
//
// The trains and evals of a recipe read the same definitions; a corpus is found
// and validated once for all of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/RecordSource.h"

#include <map>

namespace roux::data {

class SourceLibrary {
public:
  /// Indexes are kept in `folder`; empty: nowhere. `threads` 0: all.
  explicit SourceLibrary(std::filesystem::path folder = {}, unsigned threads = 0)
      : folder(std::move(folder)), threads(threads) {}

  /// The source that `spec` describes, opened the first time. Throws as
  /// RecordSource does.
  std::shared_ptr<RecordSource> open(const SourceSpec &spec);

private:
  std::filesystem::path folder;
  unsigned threads;
  std::map<std::string, std::shared_ptr<RecordSource>> sources;
};

} // namespace roux::data
