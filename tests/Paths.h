// Where tests find what is not compiled into them. Functions of one small library instead of
// definitions on every command line, so that checkouts in several folders share what the compiler
// cache holds.
#pragma once

#include <string>

namespace roux {

/// The folder of reference tokenizers, models, chats and malformed files (ROUX_REFERENCE_DATA); it
/// may be absent.
std::string referenceData();

/// The root of the checkout that the test was built from.
std::string sourceFolder();

/// Where this process keeps the kernels that it compiles, until it ends: a test makes many steps
/// that differ in little.
std::string kernelsOfProcess();

} // namespace roux
