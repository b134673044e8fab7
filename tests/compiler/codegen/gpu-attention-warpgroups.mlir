// Attention on sm_90a is multiplied by warpgroups where their registers have room, weights as an operand in registers; where
// not, a remark says why. Other GPUs have no warpgroups that multiply.

// RUN: roux-opt --convert-kernel-to-gpu=machine=sm_90a --remark-format=emitRemark --remarks-filter=fuse %s 2> %t.said | FileCheck %s
// RUN: FileCheck %s --check-prefix=SAID --input-file=%t.said
// RUN: roux-opt --convert-kernel-to-gpu=machine=sm_120a %s | FileCheck %s --check-prefix=PLAIN
// PLAIN-NOT: wgmma

// SAID-NOT:       [Missed]
// CHECK:          gpu.func @narrow(
// CHECK:            wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 0, 0;
// CHECK:            wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{.*}}}, {{{[$0-9, ]+}}}, ${{[0-9]+}}, p, 1, 1, 1;
kernel.func @narrow(%q: memref<?x256xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>,
                     %o: memref<?x256xbf16>, %l: memref<?x4xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 4 : i64, kv_heads = 2 : i64, block = 256 : i64, scale = 0.3 : f64}
    : memref<?x256xbf16>, memref<?x128xbf16>, memref<?x128xbf16>, memref<?x256xbf16>,
      memref<?x4xf32>, memref<?x6xi32>
  kernel.return
}

// Five products: two of rows, two whose left operand is in registers, one whose both sides are by terms.
// CHECK:          gpu.func @narrow_gradient(
// CHECK-COUNT-8:    wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 0, 0;
// CHECK:            wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 1;
// CHECK:            wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 1, 1;
// CHECK:            wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 1;
kernel.func @narrow_gradient(%q: memref<?x256xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>,
                      %do: memref<?x256xbf16>, %l: memref<?x4xf32>, %d: memref<?x4xf32>,
                      %work: memref<?x7xi32>, %parts: memref<?x256xf32>, %sums: memref<?x11xi32>,
                      %count: index, %dq: memref<?x64xbf16>, %dk: memref<?x64xbf16>,
                      %dv: memref<?x64xbf16>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 2 : i64, block = 256 : i64, scale = 0.3 : f64}
    : memref<?x256xbf16>, memref<?x128xbf16>, memref<?x128xbf16>, memref<?x256xbf16>,
      memref<?x4xf32>, memref<?x4xf32>, memref<?x7xi32>, memref<?x256xf32>,
      memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<64xf32>):
    %n = arith.truncf %s : vector<64xf32> to vector<64xbf16>
    kernel.store %n, %dq[%i] : vector<64xbf16>, memref<?x64xbf16>
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<64xf32>):
    %n = arith.truncf %s : vector<64xf32> to vector<64xbf16>
    kernel.store %n, %dk[%i] : vector<64xbf16>, memref<?x64xbf16>
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<64xf32>):
    %n = arith.truncf %s : vector<64xf32> to vector<64xbf16>
    kernel.store %n, %dv[%i] : vector<64xbf16>, memref<?x64xbf16>
    kernel.yield
  }
  kernel.return
}

// SAID: remark: [Missed] warpgroups{{.*}}heads have 144 columns, more than 128
// CHECK:          gpu.func @wide(
// CHECK-NOT:        wgmma
// CHECK:            nvvm.mma.sync
kernel.func @wide(%q: memref<?x576xbf16>, %k: memref<?x288xbf16>, %v: memref<?x288xbf16>,
                     %o: memref<?x576xbf16>, %l: memref<?x4xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 4 : i64, kv_heads = 2 : i64, block = 256 : i64, scale = 0.3 : f64}
    : memref<?x576xbf16>, memref<?x288xbf16>, memref<?x288xbf16>, memref<?x576xbf16>,
      memref<?x4xf32>, memref<?x6xi32>
  kernel.return
}

// SAID: remark: [Missed] warpgroups{{.*}}heads have 80 columns, not 128 or at most 64
// CHECK:          gpu.func @odd_gradient(
// CHECK-NOT:        wgmma
// CHECK:            nvvm.mma.sync
kernel.func @odd_gradient(%q: memref<?x320xbf16>, %k: memref<?x160xbf16>, %v: memref<?x160xbf16>,
                      %do: memref<?x320xbf16>, %l: memref<?x4xf32>, %d: memref<?x4xf32>,
                      %work: memref<?x7xi32>, %parts: memref<?x320xf32>, %sums: memref<?x11xi32>,
                      %count: index, %dq: memref<?x80xbf16>, %dk: memref<?x80xbf16>,
                      %dv: memref<?x80xbf16>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 2 : i64, block = 256 : i64, scale = 0.3 : f64}
    : memref<?x320xbf16>, memref<?x160xbf16>, memref<?x160xbf16>, memref<?x320xbf16>,
      memref<?x4xf32>, memref<?x4xf32>, memref<?x7xi32>, memref<?x320xf32>,
      memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<80xf32>):
    %n = arith.truncf %s : vector<80xf32> to vector<80xbf16>
    kernel.store %n, %dq[%i] : vector<80xbf16>, memref<?x80xbf16>
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<80xf32>):
    %n = arith.truncf %s : vector<80xf32> to vector<80xbf16>
    kernel.store %n, %dk[%i] : vector<80xbf16>, memref<?x80xbf16>
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<80xf32>):
    %n = arith.truncf %s : vector<80xf32> to vector<80xbf16>
    kernel.store %n, %dv[%i] : vector<80xbf16>, memref<?x80xbf16>
    kernel.yield
  }
  kernel.return
}

// SAID: remark: [Missed] warpgroups{{.*}}a softcap needs the scores beside the weights
// CHECK:          gpu.func @capped_gradient(
// CHECK-NOT:        wgmma
// CHECK:            nvvm.mma.sync
kernel.func @capped_gradient(%q: memref<?x256xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>,
                      %do: memref<?x256xbf16>, %l: memref<?x4xf32>, %d: memref<?x4xf32>,
                      %work: memref<?x7xi32>, %parts: memref<?x256xf32>, %sums: memref<?x11xi32>,
                      %count: index, %dq: memref<?x64xbf16>, %dk: memref<?x64xbf16>,
                      %dv: memref<?x64xbf16>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 2 : i64, block = 256 : i64, softcap = 50.0 : f64, scale = 0.3 : f64}
    : memref<?x256xbf16>, memref<?x128xbf16>, memref<?x128xbf16>, memref<?x256xbf16>,
      memref<?x4xf32>, memref<?x4xf32>, memref<?x7xi32>, memref<?x256xf32>,
      memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<64xf32>):
    %n = arith.truncf %s : vector<64xf32> to vector<64xbf16>
    kernel.store %n, %dq[%i] : vector<64xbf16>, memref<?x64xbf16>
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<64xf32>):
    %n = arith.truncf %s : vector<64xf32> to vector<64xbf16>
    kernel.store %n, %dk[%i] : vector<64xbf16>, memref<?x64xbf16>
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<64xf32>):
    %n = arith.truncf %s : vector<64xf32> to vector<64xbf16>
    kernel.store %n, %dv[%i] : vector<64xbf16>, memref<?x64xbf16>
    kernel.yield
  }
  kernel.return
}
