//===- SourceLibrary.cpp - each source opened once for all who read it ----===//
//
// Two definitions are one source only if everything that they say is the same.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/SourceLibrary.h"

#include <fmt/format.h>

namespace roux::data {

std::shared_ptr<RecordSource> SourceLibrary::open(const SourceSpec &spec) {
  std::string key =
      fmt::format("{}\n{}\n{}\n{} {} {} {} {}", spec.name, spec.folder.string(), spec.files,
                  static_cast<int>(spec.kind), static_cast<int>(spec.ends),
                  static_cast<int>(spec.layout), static_cast<int>(spec.onError), spec.maxRecord);
  std::shared_ptr<RecordSource> &source = sources[key];
  if (!source) {
    Ledger told; // by the source itself, to each who reads it
    source = std::make_shared<RecordSource>(spec, told, threads, folder);
    for (const std::string &note : source->notes())
      say(note);
  }
  return source;
}

} // namespace roux::data
