// A kernel at each later stage, read back from its own text.
// RUN: roux-translate --kernel-to-kernel %s | roux-translate --kernel-to-kernel | FileCheck %s --check-prefix=KERNEL
// RUN: roux-translate --kernel-to-loops --machine=avx512 %s | FileCheck %s --check-prefix=LOOPS
// RUN: roux-translate --kernel-to-llvm --machine=avx2 %s | FileCheck %s --check-prefix=LLVM
// RUN: roux-translate --kernel-to-asm --machine=avx512 %s | FileCheck %s --check-prefix=ASM
// RUN: roux-translate --kernel-to-gpu %s | FileCheck %s --check-prefix=GPU
// RUN: roux-translate --kernel-to-table %s | FileCheck %s --check-prefix=TABLE
// RUN: not roux-translate --kernel-to-asm --machine=z80 %s 2>&1 | FileCheck %s --check-prefix=MACHINE
// RUN: not roux-translate --kernel-to-asm --kernel=absent %s 2>&1 | FileCheck %s --check-prefix=ABSENT
// MACHINE: there is no machine 'z80', only avx512_amx, avx512_bf16, avx512, avx2, portable
// ABSENT: there is no kernel 'absent', only scaled_sum

// KERNEL:      kernel.func @scaled_sum(%{{.*}}: memref<?x100xf32>, %{{.*}}: memref<?xf32>)
// KERNEL:        kernel.reduce add
// Two vectors of 16 a turn, the last 4 columns under a mask.
// LOOPS:       scf.for
// LOOPS:         llvm.load {{.*}} -> vector<32xf32>
// LOOPS:       llvm.intr.masked.load
// LLVM:        define void @scaled_sum(ptr {{.*}}, i64 {{.*}}, i64 {{.*}}, i64 {{.*}}, ptr
// LLVM:          load <16 x float>
// ASM:         scaled_sum:
// ASM:           zmm
// GPU:         gpu.func @scaled_sum(
// GPU:           nvvm.shfl.sync bfly
// TABLE:       {{^}}scaled_sum {{ *}}200 {{ *}}404 {{ *}}0 {{ *}}memory {{.*}}1 reduce
kernel.func @scaled_sum(%x: memref<?x100xf32>, %sums: memref<?xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x100xf32> -> vector<100xf32>
  %two = arith.constant dense<2.0> : vector<100xf32>
  %scaled = arith.mulf %v, %two : vector<100xf32>
  %sum = kernel.reduce add %scaled : vector<100xf32>
  kernel.store %sum, %sums[%row] : f32, memref<?xf32>
  kernel.return
}
