// An operation keeps the first line that it came from; one that names none has its function's.

// RUN: roux-opt --name-recipe-lines --mlir-print-debuginfo --mlir-print-local-scope %s | FileCheck %s

module {
  gpu.module @kernels {
    // CHECK: llvm.func @loss
    llvm.func @loss(%x: f32) {
      // CHECK-NEXT: llvm.fadd {{.*}} loc("a.recipe":29:14)
      %a = llvm.fadd %x, %x : f32 loc(fused["weight"("a.recipe":29:14), "a.recipe":25:1])
      // CHECK-NEXT: llvm.fmul {{.*}} loc("b.recipe":3:1)
      %b = llvm.fmul %a, %x : f32 loc("model"("b.recipe":3:1))
      // CHECK-NEXT: llvm.fsub {{.*}} loc("a.recipe":25:1)
      %c = llvm.fsub %b, %x : f32 loc(unknown)
      // CHECK-NEXT: llvm.return loc("a.recipe":25:1)
      llvm.return loc(unknown)
    } loc(fused["a.recipe":25:1, "a.recipe":29:14])
    // What nobody placed stays so.
    // CHECK: llvm.func @nowhere
    llvm.func @nowhere(%x: f32) {
      // CHECK-NEXT: llvm.fadd {{.*}} loc(unknown)
      %a = llvm.fadd %x, %x : f32 loc(unknown)
      llvm.return loc(unknown)
    } loc(unknown)
  }
} loc(unknown)
