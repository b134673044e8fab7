//===- Temporary.h - names of what is not there yet -----------------------===//
//
// A killed writer leaves its temporary behind, and the next one has to know it from
// that of a writer at work. A process number alone does not tell: it comes again, and
// another container or machine on the same disk has it too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>

namespace roux::data {

/// TARGET.WRITER.tmp beside `target`; never the same twice.
std::filesystem::path temporaryFor(const std::filesystem::path &target);

/// Removes the temporary files and folders that a killed writer of `folder` left. Only for a caller
/// that knows no other writer is at work there. What has no name of temporaryFor() stays. Nothing
/// happens where there is no such folder. Throws FileError.
void removeTemporaries(const std::filesystem::path &folder);

/// The same where others may be at work: what a living process writes stays, and what another
/// machine or container began less than a day ago. Throws FileError.
void removeAbandoned(const std::filesystem::path &folder);

} // namespace roux::data
