// A loop that a kernel has more than once becomes a function; small ones stay, and what differs in more than
// what it takes, and what leaves something in registers.

// RUN: roux-opt --pass-pipeline='builtin.module(builtin.module(share-loops{fewest=5}))' %s | FileCheck %s
// RUN: roux-opt --pass-pipeline='builtin.module(builtin.module(share-loops{fewest=5}),roux-stages{from=loops to=object machine=avx512_amx})' %s | FileCheck %s --check-prefix=OBJECT
// RUN: roux-opt --pass-pipeline='builtin.module(builtin.module(share-loops))' %s | FileCheck %s --check-prefix=FEW
// FEW-NOT: llvm.call @
// OBJECT-COUNT-6: kernel.code = "\7FELF

// Constants from outside that are sizes become arguments where they are not the same for all.
// CHECK-LABEL: llvm.func @twice(
// CHECK:         llvm.call @twice.loop0(%{{.*}}) : (i64, !llvm.ptr) -> ()
// CHECK:         llvm.call @twice.loop0(%{{.*}}) : (i64, !llvm.ptr) -> ()
// CHECK-NOT:     scf.for
// CHECK:       llvm.func internal @twice.loop0(%{{.*}}: i64, %{{.*}}: !llvm.ptr) {
// CHECK:         scf.for
module @twice {
  llvm.func @twice(%x: !llvm.ptr, %y: !llvm.ptr) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %eight = arith.constant 8 : index
    %nine = arith.constant 9 : index
    scf.for %i = %zero to %eight step %one {
      %f = llvm.load %x : !llvm.ptr -> f32
      %g = arith.addf %f, %f : f32
      llvm.store %g, %x : f32, !llvm.ptr
    }
    scf.for %i = %zero to %nine step %one {
      %f = llvm.load %y : !llvm.ptr -> f32
      %g = arith.addf %f, %f : f32
      llvm.store %g, %y : f32, !llvm.ptr
    }
    llvm.return
  }
}

// The second writes what it read: not what the first does with the same two pointers.
// CHECK-LABEL: llvm.func @otherwise(
// CHECK:         scf.for
// CHECK:         scf.for
// CHECK-NOT:   llvm.func
module @otherwise {
  llvm.func @otherwise(%x: !llvm.ptr, %y: !llvm.ptr) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %eight = arith.constant 8 : index
    scf.for %i = %zero to %eight step %one {
      %f = llvm.load %x : !llvm.ptr -> f32
      %g = arith.addf %f, %f : f32
      llvm.store %g, %x : f32, !llvm.ptr
    }
    scf.for %i = %zero to %eight step %one {
      %f = llvm.load %x : !llvm.ptr -> f32
      %g = arith.addf %f, %f : f32
      llvm.store %g, %y : f32, !llvm.ptr
    }
    llvm.return
  }
}

// CHECK-LABEL: llvm.func @small(
// CHECK:         scf.for
// CHECK:         scf.for
// CHECK-NOT:   llvm.func
module @small {
  llvm.func @small(%x: !llvm.ptr, %y: !llvm.ptr) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %eight = arith.constant 8 : index
    scf.for %i = %zero to %eight step %one {
      %f = llvm.load %x : !llvm.ptr -> f32
      llvm.store %f, %x : f32, !llvm.ptr
    }
    scf.for %i = %zero to %eight step %one {
      %f = llvm.load %y : !llvm.ptr -> f32
      llvm.store %f, %y : f32, !llvm.ptr
    }
    llvm.return
  }
}

// CHECK-LABEL: llvm.func @registers(
// CHECK:         scf.for
// CHECK:         scf.for
// CHECK-NOT:   llvm.func
module @registers {
  llvm.func @registers(%x: !llvm.ptr, %y: !llvm.ptr) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %eight = arith.constant 8 : index
    %tile = llvm.mlir.constant(0 : i8) : i8
    scf.for %i = %zero to %eight step %one {
      llvm.call_intrinsic "llvm.x86.tilezero"(%tile) : (i8) -> ()
      %f = llvm.load %x : !llvm.ptr -> f32
      %g = arith.addf %f, %f : f32
      llvm.store %g, %x : f32, !llvm.ptr
    }
    scf.for %i = %zero to %eight step %one {
      llvm.call_intrinsic "llvm.x86.tilezero"(%tile) : (i8) -> ()
      %f = llvm.load %y : !llvm.ptr -> f32
      %g = arith.addf %f, %f : f32
      llvm.store %g, %y : f32, !llvm.ptr
    }
    llvm.return
  }
}

// An inner loop that is also elsewhere is a function of its own, which the outer one's calls.
// CHECK-LABEL: llvm.func @nested(
// CHECK:         llvm.call @nested.loop0(
// CHECK:         llvm.call @nested.loop0(
// CHECK:         llvm.call @nested.loop1(
// CHECK:       llvm.func internal @nested.loop0(
// CHECK:         scf.for
// CHECK:           llvm.call @nested.loop1(
// CHECK:       llvm.func internal @nested.loop1(
module @nested {
  llvm.func @nested(%x: !llvm.ptr, %y: !llvm.ptr) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %eight = arith.constant 8 : index
    scf.for %j = %zero to %eight step %one {
      scf.for %i = %zero to %j step %one {
        %f = llvm.load %x : !llvm.ptr -> f32
        %g = arith.addf %f, %f : f32
        llvm.store %g, %x : f32, !llvm.ptr
      }
    }
    scf.for %j = %zero to %eight step %one {
      scf.for %i = %zero to %j step %one {
        %f = llvm.load %y : !llvm.ptr -> f32
        %g = arith.addf %f, %f : f32
        llvm.store %g, %y : f32, !llvm.ptr
      }
    }
    scf.for %i = %zero to %eight step %one {
      %f = llvm.load %y : !llvm.ptr -> f32
      %g = arith.addf %f, %f : f32
      llvm.store %g, %y : f32, !llvm.ptr
    }
    llvm.return
  }
}

// Equal constants of an inner loop become unlike arguments with the outer one: it is not what stands alone any more. A
// name that is taken is not taken again.
// CHECK-LABEL: llvm.func @grown(
// CHECK:         scf.for
// CHECK:         llvm.call @grown.loop1(
// CHECK:         llvm.call @grown.loop1(
// CHECK-NOT:     scf.for
// CHECK:       llvm.func @grown.loop0()
// CHECK:       llvm.func internal @grown.loop1(
module @grown {
  llvm.func @grown(%p: !llvm.ptr, %n64: i64) {
    %n = arith.index_cast %n64 : i64 to index
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8a = arith.constant 8 : index
    %c8b = arith.constant 8 : index
    %c9 = arith.constant 9 : index
    %c10 = arith.constant 10 : index
    scf.for %i = %c0 to %n step %c1 {
      %x = arith.addi %i, %c8a : index
      %y = arith.muli %x, %c8a : index
      %z = arith.index_cast %y : index to i64
      %q = llvm.getelementptr %p[%z] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %v = llvm.load %q : !llvm.ptr -> f32
      %w = arith.addf %v, %v : f32
      llvm.store %w, %q : f32, !llvm.ptr
    }
    scf.for %j = %c0 to %n step %c1 {
      %j2 = arith.addi %j, %c1 : index
      scf.for %i = %c0 to %n step %c1 {
        %x = arith.addi %i, %c8a : index
        %y = arith.muli %x, %c8b : index
        %z = arith.index_cast %y : index to i64
        %q = llvm.getelementptr %p[%z] : (!llvm.ptr, i64) -> !llvm.ptr, f32
        %v = llvm.load %q : !llvm.ptr -> f32
        %w = arith.addf %v, %v : f32
        llvm.store %w, %q : f32, !llvm.ptr
      }
    }
    scf.for %j = %c0 to %n step %c1 {
      %j2 = arith.addi %j, %c1 : index
      scf.for %i = %c0 to %n step %c1 {
        %x = arith.addi %i, %c9 : index
        %y = arith.muli %x, %c10 : index
        %z = arith.index_cast %y : index to i64
        %q = llvm.getelementptr %p[%z] : (!llvm.ptr, i64) -> !llvm.ptr, f32
        %v = llvm.load %q : !llvm.ptr -> f32
        %w = arith.addf %v, %v : f32
        llvm.store %w, %q : f32, !llvm.ptr
      }
    }
    llvm.return
  }
  llvm.func @grown.loop0() {
    llvm.return
  }
}
