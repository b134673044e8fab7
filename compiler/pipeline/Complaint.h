//===- Complaint.h - what compilation finds, as it is told ----------------===//
//
// In the two forms in which mistakes of a recipe are told: who reads an editor's list
// of problems need not know which half of the program found one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Diagnostics.h"

namespace roux {

/// To stderr, as `file:line:column: error: text` where the op has a line of the recipe; each note
/// likewise below it. After complainInJson(), as an object in a line of stdout.
void complain(mlir::Diagnostic &diagnostic);

} // namespace roux
