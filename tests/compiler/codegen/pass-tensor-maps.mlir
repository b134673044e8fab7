// The last arguments but one of a kernel with tensor maps are such, by value; without the attribute none is.

// RUN: roux-opt --pass-pipeline="builtin.module(llvm.func(pass-tensor-maps))" %s | FileCheck %s

// CHECK: llvm.func @two(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %{{.*}}: !llvm.ptr)
llvm.func @two(%x: !llvm.ptr, %a: !llvm.ptr, %b: !llvm.ptr, %extent: !llvm.ptr) attributes {nvvm.kernel, kernel.tensor_maps = 2 : i64} {
  llvm.return
}

// CHECK: llvm.func @none(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
llvm.func @none(%x: !llvm.ptr, %extent: !llvm.ptr) attributes {nvvm.kernel} {
  llvm.return
}
