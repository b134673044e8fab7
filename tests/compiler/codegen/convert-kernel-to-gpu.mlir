// A kernel of each family becomes threads, with how its functions are launched beside it; one that
// sums over its own rows is refused.

// RUN: roux-opt --convert-kernel-to-gpu --split-input-file --verify-diagnostics %s | FileCheck %s

// Rows of 64 columns: eight to a block of 256 threads.
// CHECK:      module @double attributes {kernel.gpu_phases = [array<i64: 256, 32, 1, 0, -1>]} {
// CHECK:        gpu.func @double({{.*}}) kernel attributes {known_block_size = array<i32: 256, 1, 1>}
kernel.func @double(%x: memref<?x64xf32>, %y: memref<?x64xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x64xf32> -> vector<64xf32>
  %sum = arith.addf %v, %v : vector<64xf32>
  kernel.store %sum, %y[%row] : vector<64xf32>, memref<?x64xf32>
  kernel.return
}

// bf16 by the tensor cores, three tiles of 128 columns for each 128 rows; a dot in a name is no
// letter of PTX.
// CHECK:      module @linear.product attributes {kernel.gpu_phases = [array<i64: 256, 128, 3, [[SHARED:[0-9]+]], -1>]} {
// CHECK:        llvm.mlir.global external @roux_shared() {addr_space = 3 : i32, alignment = 1024 : i64}
// CHECK:        gpu.func @linear$product(
// CHECK:          nvvm.cp.async.shared.global
// CHECK:          nvvm.ldmatrix
// CHECK:          nvvm.mma.sync
kernel.func @linear.product(%x: memref<?x64xbf16>, %w: memref<300x64xbf16>, %y: memref<?x300xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<300x64xbf16> -> vector<64xbf16>
    kernel.yield %v : vector<64xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<300xf32>):
    kernel.store %sum, %y[%i] : vector<300xf32>, memref<?x300xf32>
    kernel.yield
  }
  kernel.return
}

// The extent of a weight's gradient has no part in its blocks; f32 is multiplied and added.
// CHECK:      module @weights attributes {kernel.gpu_phases = [array<i64: 256, 0, 1, {{[0-9]+}}, -1>]} {
// CHECK-NOT:    nvvm.mma.sync
// CHECK:          math.fma
kernel.func @weights(%dy: memref<?x8xf32>, %x: memref<?x4xf32>, %dw: memref<8x4xf32>) {
  kernel.contract tn left {
  ^bb0(%k: index):
    %v = kernel.load %dy[%k] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %x[%k] : memref<?x4xf32> -> vector<4xf32>
    kernel.yield %v : vector<4xf32>
  } result {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %dw[%i] : vector<4xf32>, memref<8x4xf32>
    kernel.yield
  }
  kernel.return
}

// Attention's gradient has a second function: a block for each head of some queries, whose number
// is the tenth argument.
// CHECK:      module @gradient attributes {kernel.gpu_phases = [array<i64: 256, 1, 1, {{[0-9]+}}, -1>, array<i64: 128, 1, 4, 0, 9>]} {
// CHECK:        gpu.func @gradient(
// CHECK:        gpu.func @gradient$finish(
kernel.func @gradient(%q: memref<?x64xbf16>, %k: memref<?x32xbf16>, %v: memref<?x32xbf16>, %do: memref<?x64xbf16>,
                      %l: memref<?x4xf32>, %d: memref<?x4xf32>, %work: memref<?x7xi32>, %partials: memref<?x64xf32>,
                      %sums: memref<?x11xi32>, %count: index, %dq: memref<?x16xf32>, %dk: memref<?x16xf32>,
                      %dv: memref<?x16xf32>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %partials by %sums, %count
      {heads = 4 : i64, kv_heads = 2 : i64, block = 64 : i64, window = 0 : i64, scale = 0.25 : f64}
      : memref<?x64xbf16>, memref<?x32xbf16>, memref<?x32xbf16>, memref<?x64xbf16>, memref<?x4xf32>,
        memref<?x4xf32>, memref<?x7xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %sum: vector<16xf32>):
    kernel.store %sum, %dq[%i] : vector<16xf32>, memref<?x16xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %sum: vector<16xf32>):
    kernel.store %sum, %dk[%i] : vector<16xf32>, memref<?x16xf32>
    kernel.yield
  } value {
  ^bb0(%i: index, %sum: vector<16xf32>):
    kernel.store %sum, %dv[%i] : vector<16xf32>, memref<?x16xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @own_rows(%x: memref<?x64xf32>, %partials: memref<?x64xf32>, %y: memref<1x64xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x64xf32> -> vector<64xf32>
  // expected-error @below {{'kernel.fold_rows' op has no lowering to a GPU}}
  kernel.fold_rows %v by %partials {
  ^bb0(%sum: vector<64xf32>):
    %zero = arith.constant 0 : index
    kernel.store %sum, %y[%zero] : vector<64xf32>, memref<1x64xf32>
    kernel.yield
  } : vector<64xf32>, memref<?x64xf32>
  kernel.return
}

// -----

kernel.func @groups(%q: memref<?x64xf32>, %k: memref<?x32xf32>, %l: memref<?x4xf32>,
                    %work: memref<?x6xi32>) {
  // expected-error @below {{'kernel.attention' op has no lowering to a GPU whose items are groups of heads}}
  kernel.attention %q, %k, %k into %q, %l over %work
    {heads = 4 : i64, kv_heads = 2 : i64, block = 1 : i64, scale = 1.0 : f64, grouped}
    : memref<?x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x6xi32>
  kernel.return
}
