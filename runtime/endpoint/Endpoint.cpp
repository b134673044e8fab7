//===- Endpoint.cpp - a model elsewhere, which can only answer ------------===//
//
// One thread and curl's multi interface: waiting for servers needs no more. A journal
// line is written before the next request goes out in its place.
//
//===----------------------------------------------------------------------===//
#include "runtime/endpoint/Endpoint.h"

#include "runtime/data/SeedTree.h"
#include "runtime/endpoint/Curl.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fmt/format.h>
#include <list>
#include <memory>
#include <unordered_map>

namespace roux::endpoint {

using Clock = std::chrono::steady_clock;

/// Bytes of a response that are read; more is no answer to a question.
static constexpr size_t mostBytes = size_t(64) << 20;

namespace {

/// One question on its way.
struct Transfer {
  size_t question = 0;
  uint64_t attempts = 0;
  Clock::time_point notBefore{};
  std::string body, response;
  std::optional<double> retryAfter;
  CURL *handle = nullptr;

  ~Transfer() { curl().cleanup(handle); }
};

} // namespace

static size_t receive(char *bytes, size_t, size_t count, void *transfer) {
  std::string &response = static_cast<Transfer *>(transfer)->response;
  if (response.size() + count > mostBytes)
    return 0;
  response.append(bytes, count);
  return count;
}

static size_t receiveHeader(char *bytes, size_t, size_t count, void *transfer) {
  std::string_view line(bytes, count);
  constexpr std::string_view name = "retry-after:";
  if (line.size() > name.size() && curl().isSameName(line.data(), name.data(), name.size())) {
    line.remove_prefix(name.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    line = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
    static_cast<Transfer *>(transfer)->retryAfter = retryAfter(line, time(nullptr));
  }
  return count;
}

/// Asks some questions until all are answered or one ends it.
class Round {
public:
  Round(Endpoint &endpoint, std::span<const Question> questions, std::vector<Answered> &answers,
        const std::function<void(size_t)> &told);
  ~Round();
  void run();

private:
  void begin(std::unique_ptr<Transfer> transfer);
  void beginDue();
  void finish(CURL *handle, CURLcode code);
  void settle(std::unique_ptr<Transfer> transfer, Attempt attempt);
  void putBack(std::unique_ptr<Transfer> transfer, const std::string &what);
  Attempt resultOf(Transfer &transfer, CURLcode code);
  double waitOf(const Transfer &transfer) const;
  int pause() const;
  std::string without(std::string text) const;
  void checkSpend();

  Endpoint &endpoint;
  std::span<const Question> questions;
  std::vector<Answered> &answers;
  const std::function<void(size_t)> &told;
  size_t answered = 0;
  bool reached = false; ///< some server said something
  /// Why nothing more is asked. What is under way is waited for all the same: it will be paid for.
  std::string stopped;
  std::unordered_map<std::string, std::vector<size_t>> alike; ///< questions by their key
  CURLM *multi;
  curl_slist *headers = nullptr;
  std::deque<std::unique_ptr<Transfer>> waiting;
  std::list<std::unique_ptr<Transfer>> running;
  std::string url, direct; ///< `direct`: hosts that are reached without a proxy
};

Round::Round(Endpoint &endpoint, std::span<const Question> questions,
             std::vector<Answered> &answers, const std::function<void(size_t)> &told)
    : endpoint(endpoint), questions(questions), answers(answers), told(told),
      multi(curl().multiInit()), url(endpoint.options.url) {
  while (url.ends_with('/'))
    url.pop_back();
  url += "/chat/completions";
  if (const char *given = std::getenv("no_proxy"))
    direct = fmt::format("{},", given);
  direct += "localhost,127.0.0.1,::1";
  headers = curl().append(headers, "Content-Type: application/json");
  if (!endpoint.key.empty())
    headers = curl().append(headers, ("Authorization: Bearer " + endpoint.key).c_str());
}

Round::~Round() {
  for (const auto &transfer : running)
    curl().multiRemove(multi, transfer->handle);
  running.clear();
  curl().multiCleanup(multi);
  curl().freeList(headers);
}

/// `text` of a server, which may repeat the key it was given.
std::string Round::without(std::string text) const {
  if (!endpoint.key.empty())
    for (size_t at; (at = text.find(endpoint.key)) != text.npos;)
      text.replace(at, endpoint.key.size(), "…");
  return text;
}

void Round::checkSpend() {
  const EndpointOptions &options = endpoint.options;
  const Journal &kept = endpoint.kept;
  if (kept.tokens() >= options.mostTokens)
    stopped = fmt::format("{} tokens were spent on {} answers of '{}', and {} is the most that may "
                          "be; the answers are kept",
                          kept.tokens(), kept.size(), options.name, options.mostTokens);
  else if (std::max<uint64_t>(endpoint.sent, kept.size() + running.size()) >= options.mostRequests)
    stopped = fmt::format("{} requests of '{}' are the most that may be made; {} answers are kept",
                          options.mostRequests, options.name, kept.size());
}

void Round::begin(std::unique_ptr<Transfer> transfer) {
  if (transfer->body.empty())
    try {
      transfer->body = requestOf(questions[transfer->question], endpoint.options.name);
    } catch (const std::invalid_argument &error) {
      return settle(std::move(transfer), {Attempt::Kind::Refused, {}, error.what()});
    }
  CURL *handle = transfer->handle = curl().init();
  transfer->response.clear(), transfer->retryAfter.reset();
  curl().set(handle, CURLOPT_URL, url.c_str());
  curl().set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().set(handle, CURLOPT_HTTPHEADER, headers);
  curl().set(handle, CURLOPT_NOPROXY, direct.c_str());
  curl().set(handle, CURLOPT_POSTFIELDS, transfer->body.data());
  curl().set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer->body.size()));
  curl().set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(endpoint.options.timeout * 1000));
  curl().set(handle, CURLOPT_CONNECTTIMEOUT_MS, 30'000L);
  curl().set(handle, CURLOPT_NOSIGNAL, 1L);
  curl().set(handle, CURLOPT_WRITEFUNCTION, receive);
  curl().set(handle, CURLOPT_WRITEDATA, transfer.get());
  curl().set(handle, CURLOPT_HEADERFUNCTION, receiveHeader);
  curl().set(handle, CURLOPT_HEADERDATA, transfer.get());
  curl().set(handle, CURLOPT_PRIVATE, transfer.get());
  ++transfer->attempts, ++endpoint.sent;
  running.push_back(std::move(transfer));
  curl().multiAdd(multi, handle);
}

void Round::beginDue() {
  for (size_t left = waiting.size(); left > 0 && running.size() < endpoint.options.together;
       --left) {
    checkSpend();
    if (!stopped.empty())
      return;
    std::unique_ptr<Transfer> next = std::move(waiting.front());
    waiting.pop_front();
    if (next->notBefore <= Clock::now())
      begin(std::move(next));
    else
      waiting.push_back(std::move(next));
  }
}

Attempt Round::resultOf(Transfer &transfer, CURLcode code) {
  Attempt attempt;
  long status = 0;
  curl().get(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  reached |= status != 0;
  if (code == CURLE_OK)
    attempt = attemptOf(status, without(std::move(transfer.response)));
  else
    attempt.what = curl().describe(code);
  // A second time, for a key that was spelled with escapes.
  attempt.what = without(std::move(attempt.what));
  attempt.reply.text = without(std::move(attempt.reply.text));
  bool neverReached = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
  if (neverReached)
    attempt.kind = Attempt::Kind::Hopeless;
  return attempt;
}

/// Seconds before the next attempt: what the server asks for, else longer each time and not the
/// same for all that failed together.
double Round::waitOf(const Transfer &transfer) const {
  constexpr double longest = 60, longestAsked = 600;
  if (transfer.retryAfter)
    return std::min(*transfer.retryAfter, longestAsked);
  double wait = endpoint.options.firstWait;
  for (uint64_t i = 1; i < transfer.attempts && wait < longest; ++i)
    wait *= 2;
  data::SeedTree draw = data::SeedTree(transfer.question) / transfer.attempts;
  return std::min(wait, longest) * (0.75 + 0.5 * static_cast<double>(draw.bits() >> 11) * 0x1p-53);
}

void Round::settle(std::unique_ptr<Transfer> transfer, Attempt attempt) {
  const EndpointOptions &options = endpoint.options;
  std::string key = keyOf(questions[transfer->question], options.name);
  switch (attempt.kind) {
  case Attempt::Kind::Answered:
    endpoint.kept.add(key, attempt.reply);
    break;
  case Attempt::Kind::Refused:
    break;
  case Attempt::Kind::Hopeless:
    stopped = fmt::format("'{}' at {} cannot be asked: {}; {} answers are kept", options.name,
                          options.url, attempt.what, endpoint.kept.size());
    return;
  case Attempt::Kind::Again:
    return putBack(std::move(transfer), attempt.what);
  }
  for (size_t question : alike.at(key)) {
    answers[question] = {attempt.reply, attempt.kind == Attempt::Kind::Refused ? attempt.what : ""};
    ++answered;
  }
  if (told)
    told(answered);
}

void Round::putBack(std::unique_ptr<Transfer> transfer, const std::string &what) {
  const EndpointOptions &options = endpoint.options;
  if (!stopped.empty())
    return;
  // Who was never there is probably misspelled, and a night of waiting would not tell.
  uint64_t most = reached ? options.attempts : std::min<uint64_t>(options.attempts, 3);
  if (transfer->attempts >= most) {
    stopped =
        fmt::format("'{}' at {} did not answer in {} attempts: {}; {} answers are kept, and a "
                    "later run asks for the rest",
                    options.name, options.url, transfer->attempts, what, endpoint.kept.size());
    return;
  }
  double wait = waitOf(*transfer);
  if (options.notice)
    options.notice(fmt::format("'{}' is asked again in {:.0f} s: {}", options.name, wait, what));
  transfer->notBefore = Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * wait));
  curl().cleanup(transfer->handle);
  transfer->handle = nullptr;
  waiting.push_back(std::move(transfer));
}

void Round::finish(CURL *handle, CURLcode code) {
  auto at = std::ranges::find_if(running, [&](const auto &each) { return each->handle == handle; });
  std::unique_ptr<Transfer> transfer = std::move(*at);
  running.erase(at);
  curl().multiRemove(multi, handle);
  Attempt attempt = resultOf(*transfer, code);
  settle(std::move(transfer), std::move(attempt));
}

/// Milliseconds until the next waiting question is due.
int Round::pause() const {
  auto soonest = Clock::now() + std::chrono::seconds(1);
  if (running.size() < endpoint.options.together)
    for (const auto &transfer : waiting)
      soonest = std::min(soonest, transfer->notBefore);
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(soonest - Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count() + 1, 1, 1000));
}

void Round::run() {
  for (size_t i = 0; i < questions.size(); ++i) {
    std::string key = keyOf(questions[i], endpoint.options.name);
    if (const Reply *known = endpoint.kept.find(key)) {
      answers[i].reply = *known;
      ++answered;
      continue;
    }
    if (alike[key].push_back(i); alike[key].size() > 1)
      continue;
    waiting.push_back(std::make_unique<Transfer>());
    waiting.back()->question = i;
  }
  auto goesOn = [&] { return !running.empty() || (!waiting.empty() && stopped.empty()); };
  while (goesOn()) {
    beginDue();
    int active = 0, left = 0;
    curl().multiPerform(multi, &active);
    while (CURLMsg *message = curl().multiNext(multi, &left))
      if (message->msg == CURLMSG_DONE)
        finish(message->easy_handle, message->data.result);
    if (goesOn())
      curl().multiWait(multi, nullptr, 0, pause(), nullptr);
  }
  if (!stopped.empty())
    throw EndpointError(stopped);
}

Endpoint::Endpoint(EndpointOptions given, const std::filesystem::path &journal)
    : options(std::move(given)), kept(journal) {
  curl(); // what is missing is said before anything else
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://"))
    throw EndpointError(
        fmt::format("'{}' is no address of an endpoint; expected https://…", options.url));
  if (options.keyVariable.empty())
    return;
  const char *value = std::getenv(options.keyVariable.c_str());
  if (!value || !*value)
    throw EndpointError(
        fmt::format("the environment variable {}, which is to hold the key of '{}', "
                    "is not set",
                    options.keyVariable, options.name));
  key = value;
  if (key.find_first_of("\r\n") != key.npos)
    throw EndpointError(fmt::format(
        "the environment variable {} holds a line end, which no key has", options.keyVariable));
}

Endpoint::~Endpoint() = default;

std::vector<Answered> Endpoint::ask(std::span<const Question> questions,
                                    const std::function<void(size_t)> &told) {
  std::vector<Answered> answers(questions.size());
  Round(*this, questions, answers, told).run();
  return answers;
}

} // namespace roux::endpoint
