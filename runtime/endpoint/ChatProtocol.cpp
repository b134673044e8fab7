//===- ChatProtocol.cpp - what is said to a model behind an endpoint ------===//
//
// What is not understood counts as broken on the way, so it is asked again: a proxy's
// page of HTML looks like that, and so does an answer that was cut off.
//
//===----------------------------------------------------------------------===//
#include "runtime/endpoint/ChatProtocol.h"

#include "runtime/data/JsonText.h"
#include "runtime/endpoint/Curl.h"

#include <charconv>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <simdjson.h>
#include <stdexcept>

namespace roux::endpoint {

using data::jsonNumber;
using data::jsonText;
using simdjson::dom::element;

std::string requestOf(const Question &question, std::string_view name) {
  for (std::string_view text :
       {std::string_view(question.prompt), std::string_view(question.system)})
    if (!simdjson::validate_utf8(text))
      throw std::invalid_argument("the prompt is not UTF-8");
  std::string system =
      question.system.empty()
          ? ""
          : fmt::format(R"({{"role": "system", "content": {}}}, )", jsonText(question.system));
  return fmt::format(R"({{"model": {}, "messages": [{}{{"role": "user", "content": {}}}], )"
                     R"("max_tokens": {}, "temperature": {}}})",
                     jsonText(name), system, jsonText(question.prompt), question.tokens,
                     jsonNumber(question.temperature));
}

/// The beginning of what a server said, on one line.
static std::string saying(std::string_view body) {
  constexpr size_t most = 200;
  std::string text;
  for (char each : body.substr(0, most))
    text += static_cast<unsigned char>(each) < 0x20 ? ' ' : each;
  return body.empty() ? "an empty body" : "\"" + text + (body.size() > most ? "…\"" : "\"");
}

static Attempt answerOf(std::string_view body) {
  simdjson::dom::parser parser;
  Attempt attempt;
  element root, choice;
  std::string_view content, ending;
  if (parser.parse(simdjson::padded_string(body)).get(root) != simdjson::SUCCESS ||
      root["choices"].at(0).get(choice) != simdjson::SUCCESS) {
    attempt.what = fmt::format("it answered with {}", saying(body));
    return attempt;
  }
  element said;
  if (choice["message"]["content"].get(said) != simdjson::SUCCESS ||
      (!said.is_null() && said.get(content) != simdjson::SUCCESS)) {
    attempt.what = fmt::format("it answered without a message's content: {}", saying(body));
    return attempt;
  }
  attempt.kind = Attempt::Kind::Answered;
  attempt.reply.text = content;
  attempt.reply.cut =
      choice["finish_reason"].get(ending) == simdjson::SUCCESS && ending == "length";
  uint64_t count = 0;
  if (root["usage"]["prompt_tokens"].get(count) == simdjson::SUCCESS)
    attempt.reply.promptTokens = count;
  if (root["usage"]["completion_tokens"].get(count) == simdjson::SUCCESS)
    attempt.reply.answerTokens = count;
  return attempt;
}

Attempt attemptOf(long status, std::string_view body) {
  if (status >= 200 && status < 300)
    return answerOf(body);
  Attempt attempt;
  attempt.what = fmt::format("it answered with status {}: {}", status, saying(body));
  switch (status) {
  case 401:
  case 402:
  case 403:
  case 404:
  case 405:
    attempt.kind = Attempt::Kind::Hopeless;
    break;
  case 408:
  case 409:
  case 425:
  case 429:
    break;
  default:
    if (status < 500)
      attempt.kind = status < 400 ? Attempt::Kind::Hopeless : Attempt::Kind::Refused;
  }
  return attempt;
}

std::optional<double> retryAfter(std::string_view value, int64_t now) {
  double seconds = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc() && end == value.data() + value.size() && std::isfinite(seconds))
    return std::max(seconds, 0.0);
  time_t date = curl().getDate(std::string(value).c_str(), nullptr);
  if (date < 0)
    return std::nullopt;
  return static_cast<double>(std::max<int64_t>(date - now, 0));
}

} // namespace roux::endpoint
