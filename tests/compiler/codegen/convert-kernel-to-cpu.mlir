// A kernel becomes a module with a function of its name and its shape; the launch of it stays. What
// some do when all items are done is a second function, whose shape says which argument its extent is.

// RUN: roux-opt --convert-kernel-to-cpu="machine=avx2" %s | FileCheck %s
// RUN: not roux-opt --convert-kernel-to-cpu="machine=z80" %s 2>&1 | FileCheck %s --check-prefix=MACHINE

// CHECK:      module @double {
// CHECK:        llvm.func @double(%{{.+}}: !llvm.ptr, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: !llvm.ptr)
// CHECK:          llvm.load {{.*}} -> vector<16xf32>
// CHECK:        llvm.mlir.global external constant @double.shape(dense<[{{[0-9]+, [0-9]+, [0-9]+}}, -1]> : tensor<4xi64>)
// CHECK-NOT:    @double.finish
// CHECK:      module @gradient {
// CHECK:        llvm.func @gradient(
// CHECK:        llvm.func @gradient.finish(
// CHECK:        llvm.mlir.global external constant @gradient.shape(dense<[{{.+}}, -1]> : tensor<4xi64>)
// CHECK:        llvm.mlir.global external constant @gradient.finish.shape(dense<[{{.+}}, 6]> : tensor<4xi64>)
// CHECK:      kernel.program @train
// CHECK:        kernel.launch @double
// MACHINE: error: there is no machine 'z80', only avx512_amx, avx512_bf16, avx512, avx2, portable
kernel.func @double(%x: memref<?x64xf32>, %y: memref<?x64xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x64xf32> -> vector<64xf32>
  %sum = arith.addf %v, %v : vector<64xf32>
  kernel.store %sum, %y[%row] : vector<64xf32>, memref<?x64xf32>
  kernel.return
}
kernel.func @gradient(%q: memref<?x64xf32>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                      %parts: memref<?x64xf32>, %sums: memref<?x11xi32>, %dq: memref<?x16xf32>,
                      %count: index) {
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.store %s, %dq[%i] : vector<16xf32>, memref<?x16xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x64xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x64xf32>
  kernel.launch @double[%tokens](%x, %y) : memref<?x64xf32>, memref<?x64xf32>
}
