//===- ManyThreads.h - passes for several kernels at once -----------------===//
#pragma once

#include "mlir/IR/MLIRContext.h"

namespace roux {

/// Passes run for several kernels at once while this lives. Not always: threads make every other
/// thing that a context does dearer.
class ManyThreads {
public:
  explicit ManyThreads(mlir::MLIRContext *context)
      : context(context), wasOn(context->isMultithreadingEnabled()) {
    context->enableMultithreading();
  }
  ~ManyThreads() { context->enableMultithreading(wasOn); }

private:
  mlir::MLIRContext *context;
  bool wasOn;
};

} // namespace roux
