// Row kernels as PTX: 16-byte accesses, no call left, and no architecture's assembler spills.
// RUN: rm -rf %t && mkdir %t
// RUN: roux-translate --kernel-to-ptx --arch=sm_80 %s -o %t/80.ptx
// RUN: roux-translate --kernel-to-ptx --arch=sm_90a --kernel=rms_norm %s -o %t/rms_norm.ptx
// RUN: FileCheck %s --input-file=%t/80.ptx
// RUN: FileCheck %s --input-file=%t/80.ptx --check-prefix=CALLS
// RUN: %assemble sm_80 %s %t
// RUN: %assemble sm_90a %s %t
// RUN: %assemble sm_100a %s %t
// RUN: %assemble sm_120a %s %t
// RUN: not roux-translate --kernel-to-ptx --arch=sm_70 %s 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: there is no code for 'sm_70', only for sm_80, sm_90a, sm_100a, sm_120a
// CALLS-NOT: .extern .func

// A block of threads to a row of 4096, eight bf16 an access; one barrier each way.
// CHECK-LABEL: .entry rms_norm(
// CHECK:         ld.global.v4.b32
// CHECK:         shfl.sync.bfly.b32
// CHECK:         bar.sync
// CHECK:         st.global.v4.b32
kernel.func @rms_norm(%x: memref<?x4096xbf16>, %w: memref<4096xbf16>, %y: memref<?x4096xbf16>) {
  %row = kernel.row
  %v0 = kernel.load %x[%row] : memref<?x4096xbf16> -> vector<4096xbf16>
  %v = arith.extf %v0 : vector<4096xbf16> to vector<4096xf32>
  %squares = arith.mulf %v, %v : vector<4096xf32>
  %sum = kernel.reduce add %squares : vector<4096xf32>
  %scale = arith.constant 0.000244140625 : f32
  %epsilon = arith.constant 1.0e-5 : f32
  %mean = arith.mulf %sum, %scale : f32
  %shifted = arith.addf %mean, %epsilon : f32
  %inverse = math.rsqrt %shifted : f32
  %factor = vector.broadcast %inverse : f32 to vector<4096xf32>
  %w0 = kernel.load %w[] : memref<4096xbf16> -> vector<4096xbf16>
  %weight = arith.extf %w0 : vector<4096xbf16> to vector<4096xf32>
  %normed = arith.mulf %v, %factor : vector<4096xf32>
  %result = arith.mulf %normed, %weight : vector<4096xf32>
  %out = arith.truncf %result : vector<4096xf32> to vector<4096xbf16>
  kernel.store %out, %y[%row] : vector<4096xbf16>, memref<?x4096xbf16>
  kernel.return
}

// Rows of 50257 are aligned to nothing: one element an access.
// CHECK-LABEL: .entry cross_entropy(
// CHECK-NOT:     ld.global.v
// CHECK:         ex2.approx
// CHECK:         st.global.b32
kernel.func @cross_entropy(%logits: memref<?x50257xf32>, %labels: memref<?xi32>,
                           %weights: memref<?xf32>, %nll: memref<?xf32>) {
  %row = kernel.row
  %v = kernel.load %logits[%row] : memref<?x50257xf32> -> vector<50257xf32>
  %label = kernel.load %labels[%row] : memref<?xi32> -> i32
  %weight = kernel.load %weights[%row] : memref<?xf32> -> f32
  %at = arith.index_cast %label : i32 to index
  %chosen = kernel.load %logits[%row, %at] : memref<?x50257xf32> -> f32
  %max = kernel.reduce max %v : vector<50257xf32>
  %maxs = vector.broadcast %max : f32 to vector<50257xf32>
  %shifted = arith.subf %v, %maxs : vector<50257xf32>
  %exps = math.exp %shifted : vector<50257xf32>
  %sum = kernel.reduce add %exps : vector<50257xf32>
  %log = math.log %sum : f32
  %lse = arith.addf %max, %log : f32
  %loss = arith.subf %lse, %chosen : f32
  kernel.store %loss, %nll[%row] : f32, memref<?xf32>
  %one = arith.constant 1.0 : f32
  %inverse = arith.divf %one, %sum : f32
  %inverses = vector.broadcast %inverse : f32 to vector<50257xf32>
  %p = arith.mulf %exps, %inverses : vector<50257xf32>
  %column = kernel.column : vector<50257xi32>
  %wanted = vector.broadcast %label : i32 to vector<50257xi32>
  %here = arith.cmpi eq, %column, %wanted : vector<50257xi32>
  %ones = arith.constant dense<1.0> : vector<50257xf32>
  %zeros = arith.constant dense<0.0> : vector<50257xf32>
  %hot = arith.select %here, %ones, %zeros : vector<50257xi1>, vector<50257xf32>
  %difference = arith.subf %p, %hot : vector<50257xf32>
  %ws = vector.broadcast %weight : f32 to vector<50257xf32>
  %gradient = arith.mulf %difference, %ws : vector<50257xf32>
  kernel.store %gradient, %logits[%row] : vector<50257xf32>, memref<?x50257xf32>
  kernel.return
}

// Rope: two windows of a row, in place; a warp is enough.
// CHECK-LABEL: .entry rope(
// CHECK-NOT:     bar.sync
// CHECK:         ld.global.v4.b32
kernel.func @rope(%x: memref<?x64xf32>, %positions: memref<?xi32>, %cos: memref<?x32xf32>,
                  %sin: memref<?x32xf32>, %heads: index) {
  %row = kernel.row
  %token = arith.divui %row, %heads : index
  %position = kernel.load %positions[%token] : memref<?xi32> -> i32
  %at = arith.index_cast %position : i32 to index
  %c = kernel.load %cos[%at] : memref<?x32xf32> -> vector<32xf32>
  %s = kernel.load %sin[%at] : memref<?x32xf32> -> vector<32xf32>
  %a = kernel.load %x[%row] : memref<?x64xf32> -> vector<32xf32>
  %b = kernel.load %x[%row] from 32 : memref<?x64xf32> -> vector<32xf32>
  %ac = arith.mulf %a, %c : vector<32xf32>
  %bs = arith.mulf %b, %s : vector<32xf32>
  %low = arith.subf %ac, %bs : vector<32xf32>
  %bc = arith.mulf %b, %c : vector<32xf32>
  %as = arith.mulf %a, %s : vector<32xf32>
  %high = arith.addf %bc, %as : vector<32xf32>
  kernel.store %low, %x[%row] : vector<32xf32>, memref<?x64xf32>
  kernel.store %high, %x[%row] from 32 : vector<32xf32>, memref<?x64xf32>
  kernel.return
}

// CHECK-LABEL: .entry weight_gradient(
kernel.func @weight_gradient(%dy: memref<?x4096xf32>, %factors: memref<?xf32>, %tokens: index,
                             %dw: memref<1x4096xf32>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %tokens {
  ^bb0(%j: index):
    %g = kernel.load %dy[%j] : memref<?x4096xf32> -> vector<4096xf32>
    %f = kernel.load %factors[%j] : memref<?xf32> -> f32
    %fs = vector.broadcast %f : f32 to vector<4096xf32>
    %term = arith.mulf %g, %fs : vector<4096xf32>
    kernel.yield %term : vector<4096xf32>
  } : vector<4096xf32>
  kernel.store %sum, %dw[%row] : vector<4096xf32>, memref<1x4096xf32>
  kernel.return
}

// CHECK-LABEL: .entry squared_norm(
kernel.func @squared_norm(%g: memref<?x1000xf64>, %norms: memref<?xf64>) {
  %row = kernel.row
  %v = kernel.load %g[%row] : memref<?x1000xf64> -> vector<1000xf64>
  %squares = arith.mulf %v, %v : vector<1000xf64>
  %sum = kernel.reduce add %squares : vector<1000xf64>
  kernel.store %sum, %norms[%row] : f64, memref<?xf64>
  kernel.return
}
