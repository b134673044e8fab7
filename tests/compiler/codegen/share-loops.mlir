// A loop that a kernel has more than once becomes a function; small ones stay, and what differs in more than
// what it takes, and what leaves something in registers.

// RUN: roux-opt --pass-pipeline='builtin.module(builtin.module(share-loops{fewest=5}))' %s | FileCheck %s
// RUN: roux-opt --pass-pipeline='builtin.module(builtin.module(share-loops{fewest=5}),roux-stages{from=loops to=object machine=avx512_amx})' %s | FileCheck %s --check-prefix=OBJECT
// RUN: roux-opt --pass-pipeline='builtin.module(builtin.module(share-loops))' %s | FileCheck %s --check-prefix=FEW
// FEW-NOT: llvm.call @
// OBJECT-COUNT-5: kernel.code = "\7FELF

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
