//===- SourceLibrary.h - each source opened once for all who read it ------===//
//
// The trains, evals and scores of a recipe read the same definitions; a corpus is
// found and validated once for all of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/RecordSource.h"

#include <functional>
#include <map>

namespace roux::data {

class SourceLibrary {
public:
  /// Indexes are kept in `folder`; empty: nowhere. `threads` 0: all.
  explicit SourceLibrary(std::filesystem::path folder = {}, unsigned threads = 0)
      : folder(std::move(folder)), threads(threads) {}

  /// The source that `spec` describes, opened the first time. Throws as RecordSource does.
  std::shared_ptr<RecordSource> open(const SourceSpec &spec);
  /// Called with why files are read again that have been read before, and why they will be.
  void announce(std::function<void(const std::string &)> listener) { say = std::move(listener); }

private:
  std::filesystem::path folder;
  unsigned threads;
  std::function<void(const std::string &)> say = [](const std::string &) {};
  std::map<std::string, std::shared_ptr<RecordSource>> sources;
};

} // namespace roux::data
