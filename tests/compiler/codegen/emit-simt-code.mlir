// Kernels become functions of one thread that take their arguments out of an array, and call the
// emulator for what a processor does not have and before each access; what the emulator does not
// have either is refused by its name.

// RUN: split-file %s %t
// RUN: roux-opt --emit-simt-code="form=llvm" %t/right.mlir | sed 's/.0A/\n/g' | FileCheck %t/right.mlir
// RUN: not roux-opt --emit-simt-code %t/wrong.mlir 2>&1 | FileCheck %t/wrong.mlir
// RUN: not roux-opt --emit-simt-code="architecture=sm_70" %t/right.mlir 2>&1 | FileCheck %s --check-prefix=ARCH
// RUN: not roux-opt --emit-simt-code="form=asm" %t/right.mlir 2>&1 | FileCheck %s --check-prefix=FORM

// ARCH: error: there is no code for 'sm_70', only for sm_80, sm_90a, sm_100a, sm_120a
// FORM: error: code for the emulator has no form 'asm', only llvm, object

//--- right.mlir
// The table is 0 until the loader sets it; static arrays come first, then the launch's own bytes.
// CHECK:       @roux_simt_table = weak global ptr null
// CHECK:       @roux_simt_version = weak_odr constant i64
// CHECK:       @step.shared = constant i64 1024

// CHECK:       define internal void @step.thread(ptr {{.*}}, float
// CHECK-DAG:     getelementptr i8, ptr %{{.+}}, i64 0
// CHECK-DAG:     getelementptr i8, ptr %{{.+}}, i64 1024
// CHECK:         call i32 %{{.+}}(i32 0)
// CHECK:         call void %{{.+}}(ptr {{.*}}, i64 4, i32 0, ptr
// CHECK-NEXT:    load float
// CHECK:         call float @llvm.exp2.f32
// CHECK:         fdiv float 1.000000e+00
// CHECK-NOT:     call {{.*}}@llvm.nvvm
// CHECK:         ret void

// CHECK:       define void @step(ptr
// CHECK:         call void @step.thread(
module {
  gpu.module @kernels {
    llvm.mlir.global external @roux_shared() {addr_space = 3 : i32} : !llvm.array<0 x f32>
    llvm.mlir.global internal @own() {addr_space = 3 : i32} : !llvm.array<16 x f32>
    llvm.func @step(%x: !llvm.ptr, %a: f32) attributes {gpu.kernel, nvvm.kernel} {
      %t = nvvm.read.ptx.sreg.tid.x : i32
      %p = llvm.getelementptr %x[%t] : (!llvm.ptr, i32) -> !llvm.ptr, f32
      %v = llvm.load %p : !llvm.ptr -> f32
      %scaled = llvm.fmul %v, %a : f32
      %e = llvm.call_intrinsic "llvm.nvvm.ex2.approx.f32"(%scaled) : (f32) -> f32
      %near = llvm.inline_asm "rcp.approx.ftz.f32 $0,$1;", "=f,f" %e : (f32) -> f32
      %own = llvm.mlir.addressof @own : !llvm.ptr<3>
      %dynamic = llvm.mlir.addressof @roux_shared : !llvm.ptr<3>
      %q = llvm.getelementptr %own[%t] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      llvm.store %near, %q : f32, !llvm.ptr<3>
      nvvm.barrier0
      %r = llvm.getelementptr %dynamic[%t] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %first = llvm.load %own : !llvm.ptr<3> -> f32
      llvm.store %first, %r : f32, !llvm.ptr<3>
      llvm.return
    }
  }
}

//--- wrong.mlir
// CHECK: error: calls 'llvm.nvvm.match.any.sync.i32', the assembly 'nanosleep.u32 5;', 'atomicrmw', which the emulator does not have
module {
  gpu.module @kernels {
    llvm.func @step(%x: !llvm.ptr, %y: i32) attributes {gpu.kernel, nvvm.kernel} {
      %mask = llvm.mlir.constant(-1 : i32) : i32
      %m = llvm.call_intrinsic "llvm.nvvm.match.any.sync.i32"(%mask, %y) : (i32, i32) -> i32
      llvm.inline_asm has_side_effects "nanosleep.u32 5;", "" : () -> ()
      %old = llvm.atomicrmw add %x, %m monotonic : !llvm.ptr, i32
      llvm.return
    }
  }
}
