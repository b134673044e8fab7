//===- Curl.h - libcurl, opened when it is needed --------------------------===//
//
// It brings thirty other libraries, whose loading would take half of the time of a
// command that asks nobody.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <curl/curl.h>

namespace roux::endpoint {

/// What is called of it: a member of Curl, and its symbol.
#define ROUX_CURL_FUNCTIONS(X)                                                                     \
  X(globalInit, curl_global_init)                                                                  \
  X(getDate, curl_getdate)                                                                         \
  X(isSameName, curl_strnequal)                                                                    \
  X(append, curl_slist_append)                                                                     \
  X(freeList, curl_slist_free_all)                                                                 \
  X(init, curl_easy_init)                                                                          \
  X(set, curl_easy_setopt)                                                                         \
  X(get, curl_easy_getinfo)                                                                        \
  X(describe, curl_easy_strerror)                                                                  \
  X(cleanup, curl_easy_cleanup)                                                                    \
  X(multiInit, curl_multi_init)                                                                    \
  X(multiAdd, curl_multi_add_handle)                                                               \
  X(multiRemove, curl_multi_remove_handle)                                                         \
  X(multiPerform, curl_multi_perform)                                                              \
  X(multiNext, curl_multi_info_read)                                                               \
  X(multiWait, curl_multi_poll)                                                                    \
  X(multiCleanup, curl_multi_cleanup)

struct Curl {
#define ROUX_CURL_MEMBER(member, symbol) decltype(&::symbol) member = nullptr;
  ROUX_CURL_FUNCTIONS(ROUX_CURL_MEMBER)
#undef ROUX_CURL_MEMBER
};

/// Throws EndpointError where there is none. Opened once, and started.
const Curl &curl();

} // namespace roux::endpoint
