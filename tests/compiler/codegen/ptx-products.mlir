// Products, attention and its gradient as PTX: tensor cores and asynchronous copies, and no architecture's
// assembler spills.
// RUN: rm -rf %t && mkdir %t
// RUN: roux-translate --kernel-to-ptx --arch=sm_80 %s -o %t/80.ptx
// RUN: FileCheck %s --input-file=%t/80.ptx
// RUN: FileCheck %s --input-file=%t/80.ptx --check-prefix=CALLS
// RUN: %assemble sm_80 %s %t
// RUN: %assemble sm_90a %s %t
// RUN: %assemble sm_100a %s %t
// RUN: %assemble sm_120a %s %t
// CALLS-NOT: .extern .func
// Where there is wgmma, that: of lines that are rows or columns, and of lines that are terms. The copy engine brings
// operands by maps that are parameters, two warpgroups multiply; the loop over stages is there once.
// RUN: roux-translate --kernel-to-ptx --arch=sm_90a %s | FileCheck %s --check-prefix=HOPPER
// HOPPER-LABEL: .entry nt_bf16(
// HOPPER:         .param .align 64 .b8 nt_bf16_param_3[128]
// HOPPER:         mbarrier.init.shared.b64
// HOPPER:         fence.mbarrier_init.release.cluster;
// HOPPER:         setmaxnreg.inc.sync.aligned.u32 {{\s*}}232;
// HOPPER:         mbarrier.try_wait.parity
// HOPPER:         wgmma.fence.sync.aligned;
// HOPPER-COUNT-4: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 0, 0;
// HOPPER-NOT:     wgmma.mma_async
// HOPPER:         wgmma.commit_group.sync.aligned;
// HOPPER:         wgmma.wait_group.sync.aligned 1;
// HOPPER:         mbarrier.arrive.shared.b64
// HOPPER-NOT:     wgmma.mma_async
// HOPPER:         setmaxnreg.dec.sync.aligned.u32 {{\s*}}40;
// HOPPER:         mbarrier.arrive.expect_tx.shared.b64
// HOPPER-COUNT-2: cp.async.bulk.tensor.2d.shared::cta.global
// HOPPER-LABEL: .entry nn_bf16(
// HOPPER:         wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 0, 1;
// HOPPER-COUNT-5: cp.async.bulk.tensor.2d.shared::cta.global
// HOPPER-LABEL: .entry tn_bf16(
// HOPPER:         wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{.*}}, p, 1, 1, 1, 1;
// HOPPER-COUNT-3: cp.async.bulk.tensor.2d.shared::cta.global
// HOPPER-LABEL: .entry nt_odd(
// HOPPER:         fence.proxy.async.shared::cta;

// CHECK-LABEL: .entry nt_bf16(
// CHECK:         cp.async.cg.shared.global
// CHECK:         ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
kernel.func @nt_bf16(%a: memref<?x1024xbf16>, %b: memref<?x1024xbf16>, %y: memref<?x1024xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x1024xbf16> -> vector<1024xbf16>
    kernel.yield %v : vector<1024xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x1024xbf16> -> vector<1024xbf16>
    kernel.yield %v : vector<1024xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<1024xf32>):
    %old = kernel.load %y[%i] : memref<?x1024xf32> -> vector<1024xf32>
    %v1 = arith.addf %sum, %old : vector<1024xf32>
    kernel.store %v1, %y[%i] : vector<1024xf32>, memref<?x1024xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry nn_bf16(
// CHECK:         cp.async.cg.shared.global
// CHECK:         ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
kernel.func @nn_bf16(%a: memref<?x1024xbf16>, %b: memref<?x1024xbf16>, %y: memref<?x1024xf32>) {
  kernel.contract nn left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x1024xbf16> -> vector<1024xbf16>
    kernel.yield %v : vector<1024xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x1024xbf16> -> vector<1024xbf16>
    kernel.yield %v : vector<1024xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<1024xf32>):
    %old = kernel.load %y[%i] : memref<?x1024xf32> -> vector<1024xf32>
    %v1 = arith.addf %sum, %old : vector<1024xf32>
    kernel.store %v1, %y[%i] : vector<1024xf32>, memref<?x1024xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry tn_bf16(
// CHECK:         cp.async.cg.shared.global
// CHECK:         ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
kernel.func @tn_bf16(%a: memref<?x1024xbf16>, %b: memref<?x1024xbf16>, %y: memref<?x1024xf32>) {
  kernel.contract tn left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x1024xbf16> -> vector<1024xbf16>
    kernel.yield %v : vector<1024xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x1024xbf16> -> vector<1024xbf16>
    kernel.yield %v : vector<1024xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<1024xf32>):
    %old = kernel.load %y[%i] : memref<?x1024xf32> -> vector<1024xf32>
    %v1 = arith.addf %sum, %old : vector<1024xf32>
    kernel.store %v1, %y[%i] : vector<1024xf32>, memref<?x1024xf32>
    kernel.yield
  }
  kernel.return
}

// Rows of 517 lie at no multiple of 16 bytes, so threads carry them.
// CHECK-LABEL: .entry nt_odd(
// CHECK-NOT:     cp.async.ca
// CHECK:         mma.sync
kernel.func @nt_odd(%a: memref<?x517xbf16>, %b: memref<?x517xbf16>, %y: memref<?x261xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x517xbf16> -> vector<517xbf16>
    kernel.yield %v : vector<517xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x517xbf16> -> vector<517xbf16>
    kernel.yield %v : vector<517xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<261xf32>):
    %old = kernel.load %y[%i] : memref<?x261xf32> -> vector<261xf32>
    %v1 = arith.addf %sum, %old : vector<261xf32>
    kernel.store %v1, %y[%i] : vector<261xf32>, memref<?x261xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry nn_f32(
// CHECK-NOT:     mma.sync
// CHECK:         fma.rn.f32
kernel.func @nn_f32(%a: memref<?x384xf32>, %b: memref<?x384xf32>, %y: memref<?x384xf32>) {
  kernel.contract nn left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x384xf32> -> vector<384xf32>
    kernel.yield %v : vector<384xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x384xf32> -> vector<384xf32>
    kernel.yield %v : vector<384xf32>
  } result {
  ^bb0(%i: index, %sum: vector<384xf32>):
    %old = kernel.load %y[%i] : memref<?x384xf32> -> vector<384xf32>
    %v1 = arith.addf %sum, %old : vector<384xf32>
    kernel.store %v1, %y[%i] : vector<384xf32>, memref<?x384xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry attention_64(
// CHECK:         ex2.approx.ftz.f32
// CHECK-LABEL: .entry attention_64_gradient(
kernel.func @attention_64(%q: memref<?x512xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>,
      %o: memref<?x512xbf16>, %l: memref<?x8xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 8 : i64, kv_heads = 2 : i64, block = 64 : i64,
      window = 0 : i64, scale = 1.250000e-01 : f64} : memref<?x512xbf16>, memref<?x128xbf16>, memref<?x128xbf16>,
      memref<?x512xbf16>, memref<?x8xf32>, memref<?x6xi32>
  kernel.return
}
kernel.func @attention_64_gradient(%q: memref<?x512xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>,
      %do: memref<?x512xbf16>, %l: memref<?x8xf32>, %d: memref<?x8xf32>, %work: memref<?x7xi32>,
      %partials: memref<?x512xf32>, %sums: memref<?x11xi32>, %count: index, %dq: memref<?x64xf32>,
      %dk: memref<?x64xf32>, %dv: memref<?x64xf32>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %partials by %sums, %count {heads = 8 : i64,
      kv_heads = 2 : i64, block = 64 : i64, window = 0 : i64, scale = 1.250000e-01 : f64} : memref<?x512xbf16>,
      memref<?x128xbf16>, memref<?x128xbf16>, memref<?x512xbf16>, memref<?x8xf32>, memref<?x8xf32>, memref<?x7xi32>,
      memref<?x512xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dq[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dk[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  } value {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dv[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry attention_80(
// CHECK:         ex2.approx.ftz.f32
// CHECK-LABEL: .entry attention_80_gradient(
kernel.func @attention_80(%q: memref<?x640xbf16>, %k: memref<?x160xbf16>, %v: memref<?x160xbf16>,
      %o: memref<?x640xbf16>, %l: memref<?x8xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 8 : i64, kv_heads = 2 : i64, block = 64 : i64,
      window = 0 : i64, scale = 1.118034e-01 : f64} : memref<?x640xbf16>, memref<?x160xbf16>, memref<?x160xbf16>,
      memref<?x640xbf16>, memref<?x8xf32>, memref<?x6xi32>
  kernel.return
}
kernel.func @attention_80_gradient(%q: memref<?x640xbf16>, %k: memref<?x160xbf16>, %v: memref<?x160xbf16>,
      %do: memref<?x640xbf16>, %l: memref<?x8xf32>, %d: memref<?x8xf32>, %work: memref<?x7xi32>,
      %partials: memref<?x640xf32>, %sums: memref<?x11xi32>, %count: index, %dq: memref<?x80xf32>,
      %dk: memref<?x80xf32>, %dv: memref<?x80xf32>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %partials by %sums, %count {heads = 8 : i64,
      kv_heads = 2 : i64, block = 64 : i64, window = 0 : i64, scale = 1.118034e-01 : f64} : memref<?x640xbf16>,
      memref<?x160xbf16>, memref<?x160xbf16>, memref<?x640xbf16>, memref<?x8xf32>, memref<?x8xf32>, memref<?x7xi32>,
      memref<?x640xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %sum: vector<80xf32>):
    kernel.store %sum, %dq[%i] : vector<80xf32>, memref<?x80xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %sum: vector<80xf32>):
    kernel.store %sum, %dk[%i] : vector<80xf32>, memref<?x80xf32>
    kernel.yield
  } value {
  ^bb0(%i: index, %sum: vector<80xf32>):
    kernel.store %sum, %dv[%i] : vector<80xf32>, memref<?x80xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry attention_128(
// CHECK:         ex2.approx.ftz.f32
// CHECK-LABEL: .entry attention_128_gradient(
kernel.func @attention_128(%q: memref<?x1024xbf16>, %k: memref<?x256xbf16>, %v: memref<?x256xbf16>,
      %o: memref<?x1024xbf16>, %l: memref<?x8xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 8 : i64, kv_heads = 2 : i64, block = 64 : i64,
      window = 0 : i64, scale = 8.838835e-02 : f64} : memref<?x1024xbf16>, memref<?x256xbf16>, memref<?x256xbf16>,
      memref<?x1024xbf16>, memref<?x8xf32>, memref<?x6xi32>
  kernel.return
}
kernel.func @attention_128_gradient(%q: memref<?x1024xbf16>, %k: memref<?x256xbf16>, %v: memref<?x256xbf16>,
      %do: memref<?x1024xbf16>, %l: memref<?x8xf32>, %d: memref<?x8xf32>, %work: memref<?x7xi32>,
      %partials: memref<?x1024xf32>, %sums: memref<?x11xi32>, %count: index, %dq: memref<?x128xf32>,
      %dk: memref<?x128xf32>, %dv: memref<?x128xf32>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %partials by %sums, %count {heads = 8 : i64,
      kv_heads = 2 : i64, block = 64 : i64, window = 0 : i64, scale = 8.838835e-02 : f64} : memref<?x1024xbf16>,
      memref<?x256xbf16>, memref<?x256xbf16>, memref<?x1024xbf16>, memref<?x8xf32>, memref<?x8xf32>, memref<?x7xi32>,
      memref<?x1024xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %sum: vector<128xf32>):
    kernel.store %sum, %dq[%i] : vector<128xf32>, memref<?x128xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %sum: vector<128xf32>):
    kernel.store %sum, %dk[%i] : vector<128xf32>, memref<?x128xf32>
    kernel.yield
  } value {
  ^bb0(%i: index, %sum: vector<128xf32>):
    kernel.store %sum, %dv[%i] : vector<128xf32>, memref<?x128xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry capped(
kernel.func @capped(%q: memref<?x512xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>, %o: memref<?x512xbf16>,
      %l: memref<?x8xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 8 : i64, kv_heads = 2 : i64, block = 64 : i64,
      window = 256 : i64, scale = 1.250000e-01 : f64, softcap = 30.0 : f64} : memref<?x512xbf16>, memref<?x128xbf16>,
      memref<?x128xbf16>, memref<?x512xbf16>, memref<?x8xf32>, memref<?x6xi32>
  kernel.return
}
kernel.func @capped_gradient(%q: memref<?x512xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>,
      %do: memref<?x512xbf16>, %l: memref<?x8xf32>, %d: memref<?x8xf32>, %work: memref<?x7xi32>,
      %partials: memref<?x512xf32>, %sums: memref<?x11xi32>, %count: index, %dq: memref<?x64xf32>,
      %dk: memref<?x64xf32>, %dv: memref<?x64xf32>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %partials by %sums, %count {heads = 8 : i64,
      kv_heads = 2 : i64, block = 64 : i64, window = 256 : i64, scale = 1.250000e-01 : f64,
      softcap = 30.0 : f64} : memref<?x512xbf16>, memref<?x128xbf16>, memref<?x128xbf16>, memref<?x512xbf16>,
      memref<?x8xf32>, memref<?x8xf32>, memref<?x7xi32>, memref<?x512xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dq[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dk[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  } value {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dv[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  }
  kernel.return
}

// CHECK-LABEL: .entry attention_f32(
kernel.func @attention_f32(%q: memref<?x256xf32>, %k: memref<?x256xf32>, %v: memref<?x256xf32>,
      %o: memref<?x256xf32>, %l: memref<?x4xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {heads = 4 : i64, kv_heads = 4 : i64, block = 64 : i64,
      window = 0 : i64, scale = 1.250000e-01 : f64} : memref<?x256xf32>, memref<?x256xf32>, memref<?x256xf32>,
      memref<?x256xf32>, memref<?x4xf32>, memref<?x6xi32>
  kernel.return
}
kernel.func @attention_f32_gradient(%q: memref<?x256xf32>, %k: memref<?x256xf32>, %v: memref<?x256xf32>,
      %do: memref<?x256xf32>, %l: memref<?x4xf32>, %d: memref<?x4xf32>, %work: memref<?x7xi32>,
      %partials: memref<?x256xf32>, %sums: memref<?x11xi32>, %count: index, %dq: memref<?x64xf32>,
      %dk: memref<?x64xf32>, %dv: memref<?x64xf32>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %partials by %sums, %count {heads = 4 : i64,
      kv_heads = 4 : i64, block = 64 : i64, window = 0 : i64, scale = 1.250000e-01 : f64} : memref<?x256xf32>,
      memref<?x256xf32>, memref<?x256xf32>, memref<?x256xf32>, memref<?x4xf32>, memref<?x4xf32>, memref<?x7xi32>,
      memref<?x256xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dq[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dk[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  } value {
  ^bb0(%i: index, %sum: vector<64xf32>):
    kernel.store %sum, %dv[%i] : vector<64xf32>, memref<?x64xf32>
    kernel.yield
  }
  kernel.return
}

