//===- RegularExpression.cpp - the patterns of matches() ------------------===//
//
// A recipe has a handful of patterns and many records, so a thread keeps what
// it has compiled.
//
//===----------------------------------------------------------------------===//
#include "runtime/RegularExpression.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdexcept>
#include <unordered_map>

namespace roux {

struct RegularExpression::Compiled {
  explicit Compiled(const std::string &pattern);
  ~Compiled() {
    pcre2_match_context_free(limits);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
  }
  Compiled(const Compiled &) = delete;
  Compiled &operator=(const Compiled &) = delete;

  pcre2_code *code = nullptr;
  pcre2_match_data *match = nullptr;
  pcre2_match_context *limits = nullptr;
};

static std::string messageOf(int status) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(status, text, sizeof text);
  return reinterpret_cast<const char *>(text);
}

RegularExpression::Compiled::Compiled(const std::string &pattern) {
  int status = 0;
  PCRE2_SIZE offset = 0;
  code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                       PCRE2_UTF | PCRE2_UCP, &status, &offset, nullptr);
  if (!code)
    throw std::invalid_argument(messageOf(status) + " at character " + std::to_string(offset));
  match = pcre2_match_data_create(1, nullptr);
  // A tenth of PCRE2's own limit: half a second for one record is long enough.
  limits = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(limits, 1'000'000);
}

RegularExpression::RegularExpression(const std::string &pattern) {
  thread_local std::unordered_map<std::string, std::shared_ptr<const Compiled>> kept;
  std::shared_ptr<const Compiled> &entry = kept[pattern];
  if (!entry)
    entry = std::make_shared<const Compiled>(pattern);
  compiled = entry;
}

bool RegularExpression::found(std::string_view text) const {
  int status = pcre2_match(compiled->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                           0, 0, compiled->match, compiled->limits);
  if (status >= 0)
    return true;
  if (status == PCRE2_ERROR_NOMATCH)
    return false;
  throw std::runtime_error("matches() cannot decide: " + messageOf(status));
}

} // namespace roux
