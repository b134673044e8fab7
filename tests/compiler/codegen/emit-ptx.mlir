// The gpu.module becomes PTX of the architecture that is asked for; of an unknown one nothing does.

// RUN: roux-opt --emit-ptx="architecture=sm_80" %s | FileCheck %s
// RUN: not roux-opt --emit-ptx="architecture=sm_70" %s 2>&1 | FileCheck %s --check-prefix=ARCH

// CHECK:     kernel.code = "{{.+}}.target sm_80{{.+}}.visible .entry nothing(
// CHECK-NOT: gpu.module
// ARCH:      error: there is no code for 'sm_70', only for sm_80, sm_90a, sm_100a, sm_120a
module {
  gpu.module @kernels {
    llvm.func @nothing() attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
}
