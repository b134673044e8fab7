// RUN: roux-opt %s -split-input-file -kernel-verify-program -verify-diagnostics

// Two slots taken in turn, halves of rows, a window from a chunk on, a sum that is added to: fine.
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %five = arith.constant 5 : index
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %w = kernel.buffer gradient "w"[%tokens] : memref<?x4xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  %s = kernel.buffer activation "s"[%tokens] : memref<2x?x4xf32>
  %first = kernel.slice %s[%zero] : memref<2x?x4xf32> -> memref<?x4xf32>
  kernel.launch @halves[%tokens](%x, %first) : memref<?x4xf32>, memref<?x4xf32>
  kernel.repeat %zero to %five {
  ^bb0(%l: index):
    %half = arith.divui %l, %two : index
    %even = arith.muli %half, %two : index
    %here = arith.subi %l, %even : index
    %there = arith.subi %one, %here : index
    %from = kernel.slice %s[%here] : memref<2x?x4xf32> -> memref<?x4xf32>
    %to = kernel.slice %s[%there] : memref<2x?x4xf32> -> memref<?x4xf32>
    kernel.launch @copy[%tokens](%from, %to) : memref<?x4xf32>, memref<?x4xf32>
    kernel.launch @add[%tokens](%to, %w) : memref<?x4xf32>, memref<?x4xf32>
  }
  %last = kernel.slice %s[%one] : memref<2x?x4xf32> -> memref<?x4xf32>
  %chunk = arith.constant 256 : index
  %chunks = arith.ceildivui %tokens, %chunk : index
  kernel.repeat %zero to %chunks {
  ^bb0(%c: index):
    %begin = arith.muli %c, %chunk : index
    %left = arith.subi %tokens, %begin : index
    %count = arith.minui %left, %chunk : index
    %in = kernel.window %last from %begin : memref<?x4xf32> -> memref<?x4xf32>
    %out = kernel.window %y from %begin : memref<?x4xf32> -> memref<?x4xf32>
    kernel.launch @copy[%count](%in, %out) : memref<?x4xf32>, memref<?x4xf32>
  }
}
kernel.func @halves(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %low = kernel.load %x[%row] : memref<?x4xf32> -> vector<2xf32>
  %high = kernel.load %x[%row] from 2 : memref<?x4xf32> -> vector<2xf32>
  kernel.store %high, %y[%row] : vector<2xf32>, memref<?x4xf32>
  kernel.store %low, %y[%row] from 2 : vector<2xf32>, memref<?x4xf32>
  kernel.return
}
kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.func @add(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %old = kernel.load %y[%row] : memref<?x4xf32> -> vector<4xf32>
  %new = arith.addf %old, %v : vector<4xf32>
  kernel.store %new, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}

// -----

kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %one = arith.constant 1 : index
  // expected-note@below {{'a' is declared here}}
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %b = kernel.buffer activation "b"[%tokens] : memref<?x4xf32>
  // expected-error@below {{reads element 0 of 'a', which nothing has written}}
  kernel.launch @copy[%one](%a, %b) : memref<?x4xf32>, memref<?x4xf32>
}

// -----

// Written for fewer rows than are read.
kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %targets = kernel.extent "targets"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  // expected-note@below {{'a' is declared here}}
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  kernel.launch @copy[%targets](%x, %a) : memref<?x4xf32>, memref<?x4xf32>
  // expected-error@below {{reads element 2344 of 'a', which nothing has written}}
  kernel.launch @copy[%tokens](%a, %y) : memref<?x4xf32>, memref<?x4xf32>
}

// -----

// What a loop declares holds nothing of the turn before.
kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %b = kernel.buffer activation "b"[%tokens] : memref<?x4xf32>
  kernel.repeat %zero to %two {
  ^bb0(%l: index):
    // expected-note@below {{'a' is declared here}}
    %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
    %rows = arith.subi %tokens, %l : index
    // expected-error@below {{reads element 0 of 'a'}}
    kernel.launch @copy[%rows](%a, %b) : memref<?x4xf32>, memref<?x4xf32>
    kernel.launch @copy[%tokens](%x, %a) : memref<?x4xf32>, memref<?x4xf32>
  }
}

// -----

kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  // expected-note@below {{'y' is declared here}}
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  kernel.launch @copy[%tokens](%x, %y) : memref<?x4xf32>, memref<?x4xf32>
  // expected-error@below {{writes to output 'y' a second time}}
  kernel.launch @copy[%tokens](%x, %y) : memref<?x4xf32>, memref<?x4xf32>
}

// -----

// Half of each row.
kernel.func @half(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<2xf32>
  kernel.store %v, %y[%row] : vector<2xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  // expected-error@below {{'y' is an output whose element 2 is never written}}
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  kernel.launch @half[%tokens](%x, %y) : memref<?x4xf32>, memref<?x4xf32>
}

// -----

kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %three = arith.constant 3 : index
  %x = kernel.buffer input "x"[] : memref<3x4xf32>
  // expected-note@below {{'w' is declared here}}
  %w = kernel.buffer gradient "w"[] : memref<3x4xf32>
  // expected-error@below {{stores to gradient 'w', which is added to only}}
  kernel.launch @copy[%three](%x, %w) : memref<3x4xf32>, memref<3x4xf32>
}

// -----

kernel.func @add(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %old = kernel.load %y[%row] : memref<?x4xf32> -> vector<4xf32>
  %new = arith.addf %old, %v : vector<4xf32>
  kernel.store %new, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %three = arith.constant 3 : index
  %x = kernel.buffer input "x"[] : memref<3x4xf32>
  // expected-note@below {{'w' is declared here}}
  %w = kernel.buffer gradient "w"[] : memref<3x4xf32>
  %v = kernel.buffer gradient "v"[] : memref<3x4xf32>
  kernel.launch @add[%three](%x, %w) : memref<3x4xf32>, memref<3x4xf32>
  // expected-error@below {{reads gradient 'w', to which this program adds}}
  kernel.launch @add[%three](%w, %v) : memref<3x4xf32>, memref<3x4xf32>
}

// -----

kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %three = arith.constant 3 : index
  // expected-note@below {{'x' is declared here}}
  %x = kernel.buffer input "x"[] : memref<3x4xf32>
  %w = kernel.buffer parameter "w"[] : memref<3x4xf32>
  // expected-error@below {{writes to 'x', which is given}}
  kernel.launch @copy[%three](%w, %x) : memref<3x4xf32>, memref<3x4xf32>
}

// -----

kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %four = arith.constant 4 : index
  %x = kernel.buffer input "x"[] : memref<4x4xf32>
  // expected-note@below {{'y' is declared here}}
  %y = kernel.buffer output "y"[] : memref<3x4xf32>
  // expected-error@below {{reaches element 15 of 'y', which has 12}}
  kernel.launch @copy[%four](%x, %y) : memref<4x4xf32>, memref<3x4xf32>
}

// -----

kernel.program @nll {
  %three = arith.constant 3 : index
  %x = kernel.buffer parameter "x"[] : memref<3x4x4xf32>
  // expected-error@below {{takes part 3 of 'x', which has 3}}
  %l = kernel.slice %x[%three] : memref<3x4x4xf32> -> memref<4x4xf32>
}

// -----

kernel.program @nll {
  %zero = arith.constant 0 : index
  %many = arith.constant 1000000000000000 : index
  // expected-error@below {{goes round more than 10000000 times}}
  kernel.repeat %zero to %many {
  ^bb0(%l: index):
  }
}

// -----

kernel.program @nll {
  %zero = arith.constant 0 : index
  // expected-error@below {{divides by zero}}
  %n = arith.divui %zero, %zero : index
}

// -----

// Rows that a list names, of nothing.
kernel.func @pick(%x: memref<?x4xf32>, %at: memref<?xi32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %i = kernel.load %at[%row] : memref<?xi32> -> i32
  %from = arith.index_cast %i : i32 to index
  %v = kernel.load %x[%from] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %at = kernel.buffer input "at"[%tokens] : memref<?xi32>
  // expected-note@below {{'a' is declared here}}
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  // expected-error@below {{reads some of 'a', of which nothing has been written}}
  kernel.launch @pick[%tokens](%a, %at, %y) : memref<?x4xf32>, memref<?xi32>, memref<?x4xf32>
}

// -----

// Put where a list says, and picked from there: some of it has been written.
kernel.func @put(%x: memref<?x4xf32>, %at: memref<?xi32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %i = kernel.load %at[%row] : memref<?xi32> -> i32
  %to = arith.index_cast %i : i32 to index
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%to] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.func @pick(%x: memref<?x4xf32>, %at: memref<?xi32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %i = kernel.load %at[%row] : memref<?xi32> -> i32
  %from = arith.index_cast %i : i32 to index
  %v = kernel.load %x[%from] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %at = kernel.buffer input "at"[%tokens] : memref<?xi32>
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  kernel.launch @put[%tokens](%x, %at, %a) : memref<?x4xf32>, memref<?xi32>, memref<?x4xf32>
  kernel.launch @pick[%tokens](%a, %at, %y) : memref<?x4xf32>, memref<?xi32>, memref<?x4xf32>
}

// -----

kernel.func @add(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %old = kernel.load %y[%row] : memref<?x4xf32> -> vector<4xf32>
  %new = arith.addf %old, %v : vector<4xf32>
  kernel.store %new, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %two = arith.constant 2 : index
  %x = kernel.buffer input "x"[] : memref<3x4xf32>
  // expected-error@below {{'w' is a gradient to whose element 8 nothing is added}}
  %w = kernel.buffer gradient "w"[] : memref<3x4xf32>
  kernel.launch @add[%two](%x, %w) : memref<3x4xf32>, memref<3x4xf32>
}

// -----

kernel.program @train {
  // expected-error@below {{'w' is a gradient that no launch reads or writes}}
  %w = kernel.buffer gradient "w"[] : memref<3x4xf32>
}

// -----

kernel.program @update {
  // expected-error@below {{'w' is a parameter that no launch reads or writes}}
  %w = kernel.buffer parameter "w"[] : memref<3x4xf32>
}

// -----

// The launch that would have read it is missing.
kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  // expected-note@below {{'a' is declared here}}
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %y = kernel.buffer output "y"[%tokens] : memref<?x4xf32>
  // expected-error@below {{writes to 'a' what nothing reads}}
  kernel.launch @copy[%tokens](%x, %a) : memref<?x4xf32>, memref<?x4xf32>
  kernel.launch @copy[%tokens](%x, %a) : memref<?x4xf32>, memref<?x4xf32>
  kernel.launch @copy[%tokens](%a, %y) : memref<?x4xf32>, memref<?x4xf32>
}

// -----

// As long as all weights are trained, the last turn's counts as well; what a kernel itself goes on
// with need be read but once.
kernel.func @twice(%x: memref<?x4xf32>, %y: memref<?x4xf32>, %z: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %double = arith.addf %v, %v : vector<4xf32>
  kernel.store %double, %y[%row] : vector<4xf32>, memref<?x4xf32>
  %square = arith.mulf %double, %double : vector<4xf32>
  kernel.store %square, %z[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x4xf32>
  // expected-note@below {{'a' is declared here}}
  %a = kernel.buffer activation "a"[%tokens] : memref<?x4xf32>
  %z = kernel.buffer output "z"[%tokens] : memref<?x4xf32>
  // expected-error@below {{writes to 'a' what nothing reads}}
  kernel.launch @twice[%tokens](%x, %a, %z) : memref<?x4xf32>, memref<?x4xf32>, memref<?x4xf32>
}

// -----

// A frozen weight: gradients end somewhere, and the last one that a loop makes need not be read.
kernel.func @add(%x: memref<?x4xf32>, %w: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  %u = kernel.load %w[%row] : memref<?x4xf32> -> vector<4xf32>
  %sum = arith.addf %u, %v : vector<4xf32>
  kernel.store %sum, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @train {
  %four = arith.constant 4 : index
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %x = kernel.buffer input "x"[] : memref<4x4xf32>
  %w = kernel.buffer parameter "w"[] : memref<4x4xf32>
  %s = kernel.buffer activation "s"[] : memref<2x4x4xf32>
  %first = kernel.slice %s[%zero] : memref<2x4x4xf32> -> memref<4x4xf32>
  %last = kernel.slice %s[%one] : memref<2x4x4xf32> -> memref<4x4xf32>
  kernel.launch @copy[%four](%x, %first) : memref<4x4xf32>, memref<4x4xf32>
  kernel.launch @add[%four](%first, %w, %last) : memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>
}

// -----

kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @update {
  %three = arith.constant 3 : index
  // expected-note@below {{'w' is declared here}}
  %w = kernel.buffer parameter "w"[] : memref<3x4xf32>
  // expected-error@below {{declares state 'w', which there is already}}
  %v = kernel.buffer state "w"[] : memref<3x4xf32>
  kernel.launch @copy[%three](%v, %w) : memref<3x4xf32>, memref<3x4xf32>
}

// -----

// In place, row for row: fine. A window of rows further on is another row's.
kernel.func @copy(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x4xf32> -> vector<4xf32>
  kernel.store %v, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}
kernel.program @nll {
  %tokens = kernel.extent "tokens"
  %one = arith.constant 1 : index
  %left = arith.subi %tokens, %one : index
  // expected-note@below {{'y' is declared here}}
  %y = kernel.buffer state "y"[%tokens] : memref<?x4xf32>
  kernel.launch @copy[%tokens](%y, %y) : memref<?x4xf32>, memref<?x4xf32>
  %next = kernel.window %y from %one : memref<?x4xf32> -> memref<?x4xf32>
  // expected-error@below {{writes 'y' where other rows of it read}}
  kernel.launch @copy[%left](%next, %y) : memref<?x4xf32>, memref<?x4xf32>
}
