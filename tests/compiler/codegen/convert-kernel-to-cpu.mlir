// A kernel becomes a module with a function of its name and its shape; the launch of it stays.

// RUN: roux-opt --convert-kernel-to-cpu="machine=avx2" %s | FileCheck %s
// RUN: not roux-opt --convert-kernel-to-cpu="machine=z80" %s 2>&1 | FileCheck %s --check-prefix=MACHINE

// CHECK:      module @double {
// CHECK:        llvm.func @double(%{{.+}}: !llvm.ptr, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: !llvm.ptr)
// CHECK:          llvm.load {{.*}} -> vector<16xf32>
// CHECK:        llvm.mlir.global external constant @double.shape(dense<[{{[0-9]+, [0-9]+, [0-9]+}}]> : tensor<3xi64>)
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
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x64xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x64xf32>
  kernel.launch @double[%tokens](%x, %y) : memref<?x64xf32>, memref<?x64xf32>
}
