//===- KernelPageStyle.h - how the page of kernels looks -------------------===//
#pragma once

#include <string_view>

namespace roux {

/// What it adds to the report's style.
std::string_view kernelPageStyle();

} // namespace roux
