// What the kernel dialect refuses, and its words.
// RUN: roux-translate --kernel-to-kernel %s --split-input-file --verify-diagnostics

// expected-error@below {{'kernel.func' op argument 0 is 'memref<4x?xf32>', neither a scalar nor a buffer of rows with static columns}}
kernel.func @columns_unknown(%x: memref<4x?xf32>) {
  kernel.return
}

// -----

kernel.func @other_element(%x: memref<?x8xf32>) {
  %row = kernel.row
  // expected-error@below {{'kernel.load' op moves 'bf16' but the buffer holds 'f32'}}
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xbf16>
  kernel.return
}

// -----

kernel.func @window_too_wide(%x: memref<?x8xf32>) {
  %row = kernel.row
  // expected-error@below {{'kernel.load' op moves columns 5 to 8 of rows of 8}}
  %v = kernel.load %x[%row] from 5 : memref<?x8xf32> -> vector<4xf32>
  kernel.return
}

// -----

kernel.func @one_index_too_many(%x: memref<?xf32>) {
  %row = kernel.row
  // expected-error@below {{'kernel.load' op has 2 indices for a buffer of 1 dimensions}}
  %v = kernel.load %x[%row, %row] : memref<?xf32> -> f32
  kernel.return
}

// -----

kernel.func @row_where_an_element_is(%x: memref<?xf32>) {
  %row = kernel.row
  // expected-error@below {{'kernel.load' op moves 'vector<8xf32>' where the indices name one element}}
  %v = kernel.load %x[%row] : memref<?xf32> -> vector<8xf32>
  kernel.return
}

// -----

kernel.func @shared_row_stored(%x: memref<?x8xf32>, %w: memref<8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  // expected-error@below {{'kernel.store' op stores a row that all rows share}}
  kernel.store %v, %w[] : vector<8xf32>, memref<8xf32>
  kernel.return
}

// -----

kernel.func @read_after_write(%x: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  kernel.store %v, %x[%row] : vector<8xf32>, memref<?x8xf32>
  // expected-error@below {{'kernel.load' op reads a buffer that was stored before}}
  %w = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  kernel.return
}

// -----

kernel.func @stored_before_reduction(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  // expected-error@below {{'kernel.store' op of a row comes before a reduction, which may need the row again}}
  kernel.store %v, %y[%row] : vector<8xf32>, memref<?x8xf32>
  %s = kernel.reduce add %v : vector<8xf32>
  kernel.return
}

// -----

kernel.func @overlapping_windows(%x: memref<?x8xf32>) {
  %row = kernel.row
  // expected-error@below {{'kernel.load' op reads columns that overlap others being stored}}
  %v = kernel.load %x[%row] from 2 : memref<?x8xf32> -> vector<4xf32>
  kernel.store %v, %x[%row] : vector<4xf32>, memref<?x8xf32>
  kernel.return
}

// -----

kernel.func @two_widths(%x: memref<?x8xf32>, %y: memref<?x4xf32>, %z: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  %w = kernel.load %x[%row] : memref<?x8xf32> -> vector<4xf32>
  kernel.store %v, %z[%row] : vector<8xf32>, memref<?x8xf32>
  // expected-error@below {{'kernel.store' op stores 4 columns in a body that also stores 8}}
  kernel.store %w, %y[%row] : vector<4xf32>, memref<?x4xf32>
  kernel.return
}

// -----

kernel.func @not_elementwise(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  // expected-error@below {{'vector.shuffle' op cannot be in a row body: it works neither on scalars nor element by element on rows}}
  %w = vector.shuffle %v, %v [1, 0, 3, 2, 5, 4, 7, 6] : vector<8xf32>, vector<8xf32>
  kernel.store %w, %y[%row] : vector<8xf32>, memref<?x8xf32>
  kernel.return
}

// -----

kernel.func @narrow_sum(%x: memref<?x8xbf16>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xbf16> -> vector<8xbf16>
  // expected-error@below {{'kernel.reduce' op reduces in 'bf16'; widen the row to f32 first}}
  %s = kernel.reduce add %v : vector<8xbf16>
  kernel.return
}

// -----

kernel.func @sums_of_other_lengths(%x: memref<?x8xf32>, %w: memref<4x9xf32>, %y: memref<?x4xf32>) {
  // expected-error@below {{'kernel.contract' op columns of the right operand is 9 but should be 8}}
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x9xf32> -> vector<9xf32>
    kernel.yield %v : vector<9xf32>
  } result {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @groups_of_many_queries(%q: memref<?x64xf32>, %k: memref<?x32xf32>,
                                    %l: memref<?x4xf32>, %work: memref<?x6xi32>) {
  // expected-error@below {{'kernel.attention' op items of a group of heads are of one query, not of 32}}
  kernel.attention %q, %k, %k into %q, %l over %work
    {heads = 4 : i64, kv_heads = 2 : i64, block = 32 : i64, scale = 1.0 : f64, grouped}
    : memref<?x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x6xi32>
  kernel.return
}

// -----

kernel.func @heads_that_do_not_share(%q: memref<?x24xf32>, %k: memref<?x16xf32>,
                                     %l: memref<?x3xf32>, %work: memref<?x6xi32>) {
  // expected-error@below {{'kernel.attention' op 3 heads cannot share 2 key heads}}
  kernel.attention %q, %k, %k into %q, %l over %work
    {heads = 3 : i64, kv_heads = 2 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x24xf32>, memref<?x16xf32>, memref<?x16xf32>, memref<?x24xf32>, memref<?x3xf32>,
      memref<?x6xi32>
  kernel.return
}

// -----

kernel.func @short_list(%q: memref<?x64xf32>, %l: memref<?x4xf32>, %work: memref<?x6xi32>,
                                %parts: memref<?x64xf32>, %sums: memref<?x11xi32>, %count: index) {
  // expected-error@below {{'kernel.attention_gradient' op work is 'memref<?x6xi32>', not rows of 7 i32}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x6xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @short_sums(%q: memref<?x64xf32>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                                %parts: memref<?x64xf32>, %sums: memref<?x3xi32>, %count: index) {
  // expected-error@below {{'kernel.attention_gradient' op sums is 'memref<?x3xi32>', not rows of 11 i32}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x64xf32>, memref<?x3xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @narrow_parts(%q: memref<?x64xf32>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                                %parts: memref<?x16xf32>, %sums: memref<?x11xi32>, %count: index) {
  // expected-error@below {{'kernel.attention_gradient' op partials is 'memref<?x16xf32>', not rows of 64}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x16xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @half_parts(%q: memref<?x64xf32>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                                %parts: memref<?x64xbf16>, %sums: memref<?x11xi32>, %count: index) {
  // expected-error@below {{'kernel.attention_gradient' op partials hold 'bf16', and sums are 'vector<16xf32>'}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x64xbf16>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @part_of_a_head(%q: memref<?x64xf32>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                                %parts: memref<?x64xf32>, %sums: memref<?x11xi32>, %count: index) {
  // expected-error@below {{'kernel.attention_gradient' op result regions take an index and a row of f32 or f64 of 16 columns}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<8xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @gathered_elsewhere(%x: memref<?x8xf32>, %p: memref<?x9xf32>, %g: memref<1x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  // expected-error@below {{'kernel.fold_rows' op gathers 'vector<8xf32>' in 'memref<?x9xf32>'}}
  kernel.fold_rows %v by %p {
  ^bb0(%s: vector<8xf32>):
    kernel.yield
  } : vector<8xf32>, memref<?x9xf32>
  kernel.return
}

// -----

kernel.func @sum_of_other_columns(%x: memref<?x8xf32>, %p: memref<?x8xf32>, %g: memref<1x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  // expected-error@below {{'kernel.fold_rows' op the region takes one row, the sum}}
  kernel.fold_rows %v by %p {
  ^bb0(%s: vector<4xf32>):
    kernel.yield
  } : vector<8xf32>, memref<?x8xf32>
  kernel.return
}

// -----

kernel.func @sum_by_row(%x: memref<?x8xf32>, %p: memref<?x8xf32>, %g: memref<?x8xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x8xf32> -> vector<8xf32>
  kernel.fold_rows %v by %p {
  ^bb0(%s: vector<8xf32>):
    // expected-error@below {{'kernel.store' op has an index that is no constant: the sum is of all rows}}
    kernel.store %s, %g[%row] : vector<8xf32>, memref<?x8xf32>
    kernel.yield
  } : vector<8xf32>, memref<?x8xf32>
  kernel.return
}

// -----

kernel.func @copy(%x: memref<?x8xf32>) {
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x9xf32>
  // expected-error@below {{'kernel.launch' op passes 'memref<?x9xf32>' as argument 0 of 'copy', which takes 'memref<?x8xf32>'}}
  kernel.launch @copy[%tokens](%x) : memref<?x9xf32>
}

// -----

kernel.program @train {
  %tokens = kernel.extent "tokens"
  // expected-error@below {{'kernel.launch' op names 'absent', which is no kernel}}
  kernel.launch @absent[%tokens](%tokens) : index
}

// -----

kernel.func @in_place(%x: memref<?x8xf32>, %w: memref<8x8xf32>) {
  // expected-error@below {{'kernel.contract' op stores to argument 0, which an operand reads}}
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<8x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<8xf32>):
    kernel.store %sum, %x[%i] : vector<8xf32>, memref<?x8xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @linear(%x: memref<?x8xf32>, %w: memref<8x8xf32>, %y: memref<?x8xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<8x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<8xf32>):
    kernel.store %sum, %y[%i] : vector<8xf32>, memref<?x8xf32>
    kernel.yield
  }
  kernel.return
}
kernel.program @train {
  %tokens = kernel.extent "tokens"
  %x = kernel.buffer input "x"[%tokens] : memref<?x8xf32>
  %w = kernel.buffer parameter "w"[] : memref<8x8xf32>
  // expected-error@below {{'kernel.launch' op passes one buffer as arguments 2 and 0 of 'linear', which stores to one while reading the other}}
  kernel.launch @linear[%tokens](%x, %w, %x) : memref<?x8xf32>, memref<8x8xf32>, memref<?x8xf32>
}

// -----

kernel.program @train {
  // expected-error@below {{'kernel.constant' op of 'tensor<2xf64>' is not 'memref<3xf64>'}}
  %f = kernel.constant "frequencies" dense<[1.0, 0.1]> : tensor<2xf64> as memref<3xf64>
}

// -----

kernel.program @train {
  // expected-error@below {{'kernel.constant' op has a value that is no list of numbers}}
  %f = kernel.constant "frequencies" sparse<0, 1.0> : tensor<2xf64> as memref<2xf64>
}

// -----

kernel.func @unknown_form(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  // expected-error@below {{expected nt, nn or tn, found 'tt'}}
  kernel.contract tt  left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @operand_not_there(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  // expected-error@below {{'kernel.contract' op multiplies right operand 1 of 1}}
  kernel.contract nt  left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result of 0 * 1 {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @products_without_sums(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  // expected-error@below {{'kernel.contract' op has products for 2 sums but results of 1}}
  kernel.contract nt  left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result of 0 * 0, 0 * 0 {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @no_windows(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  // expected-error@below {{'kernel.contract' op has a result of 0 windows}}
  kernel.contract nt  left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result windows 0 {
  ^bb0(%i: index, %sum: vector<4xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @sums_of_two_types(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  // expected-error@below {{'kernel.contract' op result regions take an index and rows of f32 or f64 of one type}}
  kernel.contract nt  left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result of 0 * 0, 0 * 0 {
  ^bb0(%i: index, %sum: vector<4xf32>, %other: vector<2xf32>):
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @part_of_a_part(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  kernel.contract nt  left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<4x8xf32> -> vector<8xf32>
    kernel.yield %v : vector<8xf32>
  } result {
  ^bb0(%i: index, %sum: vector<4xf32>):
    // expected-error@below {{'kernel.part' op cannot be here: this body runs for part of a row at a time}}
    %half = kernel.part %sum from 2 : vector<4xf32> -> vector<2xf32>
    kernel.store %sum, %y[%i] : vector<4xf32>, memref<?x4xf32>
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @part_outside(%x: memref<?x8xf32>, %w: memref<4x8xf32>, %y: memref<?x4xf32>) {
  %row = kernel.row
  %v = kernel.load %y[%row] : memref<?x4xf32> -> vector<4xf32>
  // expected-error@below {{'kernel.part' op of columns 3 to 4 of 'vector<4xf32>' is not 'vector<2xf32>'}}
  %half = kernel.part %v from 3 : vector<4xf32> -> vector<2xf32>
  kernel.return
}

// -----

kernel.func @half_a_library(%q: memref<?x64xbf16>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                    %parts: memref<?x64xf32>, %sums: memref<?x11xi32>, %count: index, %o: memref<?x64xbf16>) {
  // expected-error@below {{'kernel.attention_gradient' op library has 1 buffers, not an output and a workspace}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    library %o : memref<?x64xbf16>
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xbf16>, memref<?x64xbf16>, memref<?x64xbf16>, memref<?x64xbf16>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @wide_output(%q: memref<?x64xbf16>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                    %parts: memref<?x64xf32>, %sums: memref<?x11xi32>, %count: index, %o: memref<?x64xf32>) {
  // expected-error@below {{'kernel.attention_gradient' op output is 'memref<?x64xf32>', not rows of 64 as queries are}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    library %o, %l : memref<?x64xf32>, memref<?x4xf32>
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xbf16>, memref<?x64xbf16>, memref<?x64xbf16>, memref<?x64xbf16>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

kernel.func @no_workspace(%q: memref<?x64xbf16>, %l: memref<?x4xf32>, %work: memref<?x7xi32>,
                    %parts: memref<?x64xf32>, %sums: memref<?x11xi32>, %count: index, %o: memref<?x64xbf16>) {
  // expected-error@below {{'kernel.attention_gradient' op workspace is 'memref<?x4xf32>', not rows of i32}}
  kernel.attention_gradient %q, %q, %q, %q, %l, %l over %work gathering %parts by %sums, %count
    library %o, %l : memref<?x64xbf16>, memref<?x4xf32>
    {heads = 4 : i64, kv_heads = 4 : i64, block = 32 : i64, scale = 1.0 : f64}
    : memref<?x64xbf16>, memref<?x64xbf16>, memref<?x64xbf16>, memref<?x64xbf16>, memref<?x4xf32>,
      memref<?x4xf32>, memref<?x7xi32>, memref<?x64xf32>, memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<16xf32>):
    kernel.yield
  }
  kernel.return
}

// -----

// expected-error@below {{'kernel.func' op has few_rows, which only a matmul nt may have}}
kernel.func @few_rows_of_none(%x: memref<?x64xf32>, %y: memref<?x64xf32>) attributes {few_rows} {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x64xf32> -> vector<64xf32>
  kernel.store %v, %y[%row] : vector<64xf32>, memref<?x64xf32>
  kernel.return
}

// -----

// expected-error@below {{few_rows takes no value, found "x"}}
kernel.func @few_rows_that_are_a_word(%x: memref<?x64xf32>) attributes {few_rows = "x"} {
  kernel.return
}
