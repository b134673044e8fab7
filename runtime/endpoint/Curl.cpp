//===- Curl.cpp - libcurl, opened when it is needed ------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/endpoint/Curl.h"

#include "runtime/endpoint/Endpoint.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace roux::endpoint {

static constexpr const char *library = "libcurl.so.4";

static Curl opened() {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw EndpointError(fmt::format("a model behind an endpoint is asked through {}, which cannot "
                                    "be loaded: {}",
                                    library, dlerror()));
  Curl found;
  auto find = [&](auto &function, const char *symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    if (!function)
      throw EndpointError(
          fmt::format("{} has no '{}'; expected version 7.66 or later", library, symbol));
  };
#define ROUX_CURL_FIND(member, symbol) find(found.member, #symbol);
  ROUX_CURL_FUNCTIONS(ROUX_CURL_FIND)
#undef ROUX_CURL_FIND
  if (found.globalInit(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    throw EndpointError(fmt::format("{} cannot be started", library));
  return found;
}

const Curl &curl() {
  static const Curl library = opened();
  return library;
}

} // namespace roux::endpoint
