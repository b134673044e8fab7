//===- AttentionForms.h - what kernels a library could stand in for -------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "runtime/AttentionForm.h"

#include <optional>

namespace roux {

/// The attention that `function` computes, and where it stores it as it is; none of another kernel.
std::optional<AttentionForm> attentionFormOf(kernel::FuncOp function);

/// "attention_gradient_…: gradient of attention, 32 heads …; arguments: query 0, …".
std::string describeForm(kernel::FuncOp function, const AttentionForm &form);

} // namespace roux
