//===- ComplaintForm.h - in which form compilation complains --------------===//
//
// Apart from Complaint.h, so that verbs need no MLIR to choose.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace roux {

/// From here on what compilation finds is an object a line on stdout, as `--diagnostics json` asks.
void complainInJson();

} // namespace roux
