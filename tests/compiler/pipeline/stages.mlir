// A kernel from its body to an object, by passes alone: each can be printed, timed and reproduced.

// RUN: roux-opt --roux-stages="from=kernel to=loops machine=avx512" %s | FileCheck %s --check-prefix=LOOPS
// RUN: roux-opt --roux-stages="from=kernel to=loops machine=avx512" %s | roux-opt --roux-stages="from=loops to=asm machine=avx512" | FileCheck %s --check-prefix=ASM
// RUN: roux-opt --roux-stages="from=kernel to=object" --mlir-print-ir-after-all --mlir-elide-elementsattrs-if-larger=8 %s 2>&1 | FileCheck %s --check-prefix=PRINT
// RUN: roux-opt --roux-stages="from=kernel to=object" --mlir-timing %s 2>&1 | FileCheck %s --check-prefix=TIMING
// RUN: roux-opt --roux-stages="from=kernel to=ptx architecture=sm_80" %s | FileCheck %s --check-prefix=PTX

// The program still launches what is lowered.
// LOOPS:      module @double {
// LOOPS:        llvm.func @double(%{{.+}}: !llvm.ptr, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: !llvm.ptr)
// LOOPS:        llvm.mlir.global external constant @double.shape(dense<[{{.+}}]> : tensor<4xi64>)
// LOOPS:      kernel.program @train
// LOOPS:        kernel.launch @double

// ASM: module @double attributes {kernel.code = "{{.+}}zmm

// PRINT: IR Dump After ConvertKernelToCPU
// PRINT: IR Dump After ExpandKernelMath
// PRINT: IR Dump After ConvertVectorToLLVMPass
// PRINT: IR Dump After EmitCPUCode

// TIMING-DAG: ConvertKernelToCPU
// TIMING-DAG: 'builtin.module' Pipeline
// TIMING-DAG: EmitCPUCode

// PTX: module @double attributes {kernel.code = "{{.+}}.target sm_80

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
