//===- TextStream.h - an answer's text while it is written ----------------===//
//
// Who reads along must not see what is taken back later: the beginning of a stop
// text, or half a character whose other half is in the next token.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace roux::eval {

class TextStream {
public:
  using Sink = std::function<void(std::string_view piece)>;

  TextStream(std::span<const std::string> stops, Sink sink) : stops(stops), sink(std::move(sink)) {}

  /// The answer is `text` so far. Passes on what no later token can change.
  void grow(std::string_view text);
  /// The answer is `text`; passes on the rest.
  void finish(std::string_view text);

private:
  std::span<const std::string> stops;
  Sink sink;
  size_t told = 0; ///< bytes passed on
};

/// Bytes of `text` that are settled, whatever follows it.
size_t settledBytes(std::string_view text, std::span<const std::string> stops);

} // namespace roux::eval
