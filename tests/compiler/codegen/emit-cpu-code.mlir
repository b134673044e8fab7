// A module of the LLVM dialect becomes its code, as text or as an object, and nothing else is left.

// RUN: roux-opt --emit-cpu-code="machine=avx2 form=llvm" %s | FileCheck %s --check-prefix=LLVM
// RUN: roux-opt --emit-cpu-code="machine=avx2 form=asm" %s | FileCheck %s --check-prefix=ASM
// RUN: roux-opt --emit-cpu-code="machine=avx2" %s | FileCheck %s --check-prefix=OBJECT
// RUN: not roux-opt --emit-cpu-code="form=poem" %s 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not roux-opt --emit-cpu-code="machine=z80" %s 2>&1 | FileCheck %s --check-prefix=MACHINE

// What is added to itself is loaded once; unwinders can walk through it.
// LLVM:     module @double attributes {kernel.code = "{{.+}}load <8 x float>
// LLVM-NOT: load <8 x float>
// LLVM-SAME: uwtable
// LLVM-NOT: llvm.func
// ASM:      kernel.code = "{{.+}}vaddps
// OBJECT:   kernel.code = "\7FELF
// FORM:     error: CPU code has no form 'poem', only llvm, asm, object
// MACHINE:  error: there is no machine 'z80'
module @double {
  llvm.func @double(%x: !llvm.ptr, %y: !llvm.ptr) {
    %slot = llvm.mlir.constant(1 : i64) : i64
    %kept = llvm.alloca %slot x vector<8xf32> : (i64) -> !llvm.ptr
    %a = llvm.load %x : !llvm.ptr -> vector<8xf32>
    llvm.store %a, %kept : vector<8xf32>, !llvm.ptr
    %b = llvm.load %kept : !llvm.ptr -> vector<8xf32>
    %sum = llvm.fadd %a, %b : vector<8xf32>
    llvm.store %sum, %y : vector<8xf32>, !llvm.ptr
    llvm.return
  }
}
