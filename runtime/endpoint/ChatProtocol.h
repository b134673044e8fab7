//===- ChatProtocol.h - what is said to a model behind an endpoint --------===//
//
// The OpenAI chat protocol, as much of it as an answer needs: one user message out,
// one text and its tokens in. Everything a server may send instead is an error that
// says whether asking again can help.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roux::endpoint {

/// One question, and what its answer depends on.
struct Question {
  std::string prompt;    ///< the user's message, alone
  std::string system;    ///< the message before it, or empty
  uint64_t tokens = 256; ///< most of the answer
  double temperature = 0;
  std::string draw; ///< tells equal questions apart that are asked more than once
};

struct Reply {
  std::string text;
  uint64_t promptTokens = 0, answerTokens = 0; ///< as the server counts; 0 where it does not say
  bool cut = false;                            ///< at the most tokens of the answer
};

/// What an attempt came to.
struct Attempt {
  enum class Kind : uint8_t {
    Answered,
    Again,   ///< asking again may help: busy, broken, cut off
    Refused, ///< this question will never be answered
    Hopeless ///< none will: a wrong key, no such model
  };
  Kind kind = Kind::Again;
  Reply reply;
  std::string what; ///< the reason of the others
};

/// The body of a request for `question` to the model `name`. Throws std::invalid_argument for a
/// question that is not UTF-8.
std::string requestOf(const Question &question, std::string_view name);

/// What a response of HTTP status `status` with `body` means.
Attempt attemptOf(long status, std::string_view body);

/// Seconds that a `Retry-After` header asks for: a number, or a date held against `now`.
std::optional<double> retryAfter(std::string_view value, int64_t now);

} // namespace roux::endpoint
