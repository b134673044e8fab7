//===- ProductForms.h - what matmuls a library could stand in for ---------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "runtime/ProductForm.h"

#include <vector>

namespace roux {

/// The products that `function` computes, one of each result, where that is all that it does; none
/// of another kernel.
std::vector<ProductForm> productFormsOf(kernel::FuncOp function);

/// "linear_…: product nt, 192 columns of 64 terms, bf16 into bf16; arguments: left 0, right 1, …".
std::string describeForm(kernel::FuncOp function, const ProductForm &form);

} // namespace roux
