//===- Endpoint.h - a model elsewhere, which can only answer --------------===//
//
// Several questions are under way at a time; what a server does not answer is asked
// again after a while; what was answered is never asked again. The key goes into one
// header and nowhere else: no message, hash or file of Roux ever holds it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/endpoint/Journal.h"

#include <functional>
#include <span>
#include <stdexcept>
#include <vector>

namespace roux::endpoint {

/// An endpoint that does not answer, or may not be asked more. The text says what to do.
struct EndpointError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct EndpointOptions {
  std::string url;         ///< of the API, as in https://host/v1
  std::string name;        ///< the model's
  std::string keyVariable; ///< of the environment; empty: none is sent
  uint64_t together = 8;   ///< requests under way
  double timeout = 600;    ///< seconds of one request
  double firstWait = 1;    ///< seconds before the second attempt; doubled each time, up to 60
  uint64_t attempts = 8;   ///< of one question; 3 while no server was ever reached
  std::function<void(const std::string &)>
      notice; ///< told why something is asked again; may be null
  uint64_t mostTokens = UINT64_MAX, mostRequests = UINT64_MAX; ///< what may be spent, over all runs
};

/// What became of one question.
struct Answered {
  Reply reply;
  std::string refused; ///< why this question was never answered; else empty
};

class Endpoint {
public:
  /// Answers are kept in `journal`. Throws EndpointError for a key that the environment does not
  /// have or a URL that is none.
  Endpoint(EndpointOptions options, const std::filesystem::path &journal);
  ~Endpoint();

  /// Answers in the order of the questions; `told` is called after each new one with how many there
  /// are. Throws EndpointError when the endpoint cannot be asked, stops answering, or the spend is
  /// reached; what was answered until then is kept.
  std::vector<Answered> ask(std::span<const Question> questions,
                            const std::function<void(size_t answered)> &told = {});

  const Journal &journal() const { return kept; }
  uint64_t requests() const { return sent; } ///< of this run

private:
  friend class Round;

  EndpointOptions options;
  std::string key;
  Journal kept;
  uint64_t sent = 0;
};

} // namespace roux::endpoint
