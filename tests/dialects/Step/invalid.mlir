// RUN: roux-opt %s -split-input-file -verify-diagnostics

func.func @weight_too_short(%x: tensor<?x64xf32>, %c: tensor<?x32xf32>) {
  // expected-note@below {{weight defined here}}
  %w = step.sum_rows %c : (tensor<?x32xf32>) -> tensor<32xf32>
  // expected-error@below {{'step.rms_norm' op weight has 32 elements but the input has 64 channels}}
  %y = step.rms_norm %x, %w {epsilon = 1.0e-5} : (tensor<?x64xf32>, tensor<32xf32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @uneven_groups(%x: tensor<?x64xf32>, %w: tensor<8xf32>) {
  // expected-error@below {{'step.rms_norm' op the input's 64 channels do not make 7 equal groups}}
  %y = step.rms_norm %x, %w {epsilon = 1.0e-5, groups = 7} : (tensor<?x64xf32>, tensor<8xf32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @bias_too_long(%x: tensor<?x8xf32>, %w: tensor<8xf32>, %b: tensor<9xf32>) {
  // expected-error@below {{'step.layer_norm' op bias has 9 elements but weight has 8 elements}}
  %y = step.layer_norm %x, %w, %b {epsilon = 1.0e-5} : (tensor<?x8xf32>, tensor<8xf32>, tensor<9xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @table_of_other_width(%i: tensor<?xi32>, %t: tensor<5x3xf32>) {
  // expected-error@below {{'step.embedding' op table has 3 columns but the result has 4 channels}}
  %y = step.embedding %i, %t : (tensor<?xi32>, tensor<5x3xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @transposed_weight(%x: tensor<?x4xf32>, %w: tensor<4x3xf32>) {
  // expected-error@below {{'step.linear' op weight has 3 inputs but the input has 4 channels}}
  %y = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @adds_to_another_width(%x: tensor<?x4xf32>, %w: tensor<3x4xf32>, %a: tensor<?x4xf32>) {
  // expected-error@below {{'step.linear_add' op failed to verify that all of {addend, result} have same type}}
  %y = step.linear_add %x, %w to %a : (tensor<?x4xf32>, tensor<3x4xf32>, tensor<?x4xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @mixed_elements(%x: tensor<?x4xbf16>, %w: tensor<3x4xf32>) {
  // expected-error@below {{'step.linear' op input, weight and result should have one element type but have 'bf16', 'f32' and 'bf16'}}
  %y = step.linear %x, %w : (tensor<?x4xbf16>, tensor<3x4xf32>) -> tensor<?x3xbf16>
  return
}

// -----

func.func @tokens_differ(%x: tensor<6x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error@below {{'step.linear' op a column or stream has 5 tokens but the first has 6 tokens}}
  %y = step.linear %x, %w : (tensor<6x4xf32>, tensor<3x4xf32>) -> tensor<5x3xf32>
  return
}

// -----

func.func @gradient_not_accumulated(%d: tensor<?x3xbf16>, %x: tensor<?x4xbf16>) {
  // expected-error@below {{'step.linear_grad' op result is in 'f64' but sums over a stream of 'bf16' are in 'f32'}}
  %y = step.linear_grad %d, %x : (tensor<?x3xbf16>, tensor<?x4xbf16>) -> tensor<3x4xf64>
  return
}

// -----

func.func @frequencies(%p: tensor<?xi32>) {
  // expected-error@below {{'step.rotation' op cosine has 3 columns but the list of frequencies has 2 numbers}}
  %c, %s = step.rotation %p {frequencies = array<f64: 1.0, 0.1>, scale = 1.0} : (tensor<?xi32>) -> (tensor<?x3xf32>, tensor<?x3xf32>)
  return
}

// -----

func.func @no_whole_heads(%x: tensor<?x6xf32>, %c: tensor<?x2xf32>) {
  // expected-error@below {{'step.rope' op the input's 6 channels are not a whole number of heads of 4 channels}}
  %y = step.rope half %x, %c, %c : (tensor<?x6xf32>, tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x6xf32>
  return
}

// -----

func.func @uneven_sharing(%q: tensor<?x6xf32>, %k: tensor<?x4xf32>, %s: tensor<?xi32>) {
  // expected-error@below {{'step.attention' op 3 heads cannot share 2 key-value heads evenly}}
  %o, %l = step.attention %q, %k, %k, %s {heads = 3, key_value_heads = 2, scale = 1.0}
      : (tensor<?x6xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> (tensor<?x6xf32>, tensor<?x3xf32>)
  return
}

// -----

func.func @head_sizes_differ(%q: tensor<?x8xf32>, %k: tensor<?x6xf32>, %s: tensor<?xi32>) {
  // expected-error@below {{'step.attention' op query has 8 channels for 4 heads but key has 6 for 2}}
  %o, %l = step.attention %q, %k, %k, %s {heads = 4, key_value_heads = 2, scale = 1.0}
      : (tensor<?x8xf32>, tensor<?x6xf32>, tensor<?x6xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x4xf32>)
  return
}

// -----

func.func @empty_window(%q: tensor<?x8xf32>, %s: tensor<?xi32>) {
  // expected-error@below {{'step.attention' op window is 0 but a token sees at least itself}}
  %o, %l = step.attention %q, %q, %q, %s {heads = 4, key_value_heads = 4, scale = 1.0, window = 0}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x4xf32>)
  return
}

// -----

func.func @parts_missing(%x: tensor<?x8xf32>) {
  // expected-error@below {{'step.split' op the whole has 8 channels but the sum of its parts has 7 channels}}
  %a, %b = step.split %x : (tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x3xf32>)
  return
}

// -----

func.func @cast_reshapes(%x: tensor<2x8xf32>) {
  // expected-error@below {{'step.cast' op changes the shape from 'tensor<2x8xf32>' to 'tensor<8x2xbf16>'}}
  %y = step.cast %x : (tensor<2x8xf32>) -> tensor<8x2xbf16>
  return
}

// -----

func.func @weight_without_input(%h: tensor<?x4xf32>, %v: tensor<5x4xf32>, %l: tensor<?xi32>, %e: tensor<f64>) {
  // expected-error@below {{'step.cross_entropy' op weight takes 2 values but there are nll, logsumexp and 1 inputs}}
  %loss, %nll, %lse, %w = step.cross_entropy %h, %v, %l formula {
  ^bb0(%n: f32, %z: f32):
    step.yield %n : f32
  } weight(%e) {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>, tensor<f64>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @formula_of_other_type(%h: tensor<?x4xf32>, %v: tensor<5x4xf32>, %l: tensor<?xi32>) {
  // expected-error@below {{'step.cross_entropy' op formula takes 'f64' but its values are in 'f32'}}
  %loss, %nll, %lse, %w = step.cross_entropy %h, %v, %l formula {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } weight() {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

// A weight is computed as the plan computes it, whatever the model is in.
func.func @weight_of_other_type(%h: tensor<?x4xf32>, %v: tensor<5x4xf32>, %l: tensor<?xi32>) {
  // expected-error@below {{'step.cross_entropy' op weight takes 'f32' but its values are in 'f64'}}
  %loss, %nll, %lse, %w = step.cross_entropy %h, %v, %l formula {
  ^bb0(%n: f32, %z: f32):
    step.yield %n : f32
  } weight() {
  ^bb0(%n: f32, %z: f32):
    step.yield %n : f32
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @formula_calls(%h: tensor<?x4xf32>, %v: tensor<5x4xf32>, %l: tensor<?xi32>) {
  %loss, %nll, %lse, %w = step.cross_entropy %h, %v, %l formula {
  ^bb0(%n: f32, %z: f32):
    // expected-error@below {{'func.call' op cannot be part of a formula, which holds arith and math only}}
    %r = func.call @g(%n) : (f32) -> f32
    step.yield %r : f32
  } weight() {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}
func.func private @g(f32) -> f32

// -----

func.func @weight_calls(%h: tensor<?x4xf32>, %v: tensor<5x4xf32>, %l: tensor<?xi32>) {
  %loss, %nll, %lse, %w = step.cross_entropy %h, %v, %l formula {
  ^bb0(%n: f32, %z: f32):
    step.yield %n : f32
  } weight() {
  ^bb0(%n: f64, %z: f64):
    // expected-error@below {{'func.call' op cannot be part of a formula, which holds arith and math only}}
    %r = func.call @g(%n) : (f64) -> f64
    step.yield %r : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}
func.func private @g(f64) -> f64

// -----

func.func @formula_yields_two(%h: tensor<?x4xf32>, %v: tensor<5x4xf32>, %l: tensor<?xi32>) {
  %loss, %nll, %lse, %w = step.cross_entropy %h, %v, %l formula {
  ^bb0(%n: f32, %z: f32):
    // expected-error@below {{'step.yield' op yields 2 values but should yield 1}}
    step.yield %n, %z : f32, f32
  } weight() {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } : (tensor<?x4xf32>, tensor<5x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @limit(%n: tensor<f32>) {
  // expected-error@below {{'step.clip_factor' op limit is 0.000000e+00 but should be positive}}
  %f = step.clip_factor %n {limit = 0.0} : tensor<f32>
  return
}

// -----

func.func @no_layer(%x: tensor<?x4xf32>) {
  // expected-error@below {{'step.layers' op calls @layer, which is no function here}}
  %y, %in = step.layers @layer(%x) shared() weights() count 3 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  return
}

// -----

// expected-note@below {{defined here}}
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4xf32>) -> tensor<?x4xf32>
func.func @other_layer(%x: tensor<?x4xf32>, %w: tensor<3x5xf32>) {
  // expected-error@below {{'step.layers' op needs a layer of type '(tensor<?x4xf32>, tensor<5xf32>) -> tensor<?x4xf32>' but @layer has type '(tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>'}}
  %y, %in = step.layers @layer(%x) shared() weights(%w) count 3 save : (tensor<?x4xf32>, tensor<3x5xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  return
}

// -----

func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4xf32>) -> tensor<?x4xf32>
func.func @other_depth(%x: tensor<?x4xf32>, %w: tensor<2x4xf32>) {
  // expected-error@below {{'step.layers' op a stack is 'tensor<2x4xf32>' but there are 3 layers}}
  %y, %in = step.layers @layer(%x) shared() weights(%w) count 3 save : (tensor<?x4xf32>, tensor<2x4xf32>) -> (tensor<?x4xf32>, tensor<3x?x4xf32>)
  return
}

// -----

// expected-error@below {{'func.func' op column label has type 'tensor<?xf32>' but should be tensor<?xi32>}}
func.func @float_labels(%l: tensor<?xf32> {step.column = #step.column<label>}) {
  return
}

// -----

// expected-error@below {{'func.func' op parameter "w" has type 'tensor<?x4xf32>' but should be a tensor of floats of known shape}}
func.func @unknown_shape(%w: tensor<?x4xf32> {step.parameter = "w"}) {
  return
}

// -----

// expected-error@below {{'func.func' op has an argument with unknown attribute 'step.colum'}}
func.func @misspelt(%l: tensor<?xi32> {step.colum = #step.column<label>}) {
  return
}

// -----

func.func @cache_read_twice(%c: tensor<?x4xf32>, %x: tensor<?x4xf32>, %s: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.append' op overwrites its cache, which something else reads as well}}
  %y = step.append %c, %x, %s : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %c : tensor<?x4xf32>
}

// -----

func.func @row_of_other_width(%c: tensor<?x8xf32>, %x: tensor<?x4xf32>, %s: tensor<?xi32>) {
  // expected-error@below {{'step.append' op the cache has 8 channels but a row has 4 channels}}
  %y = step.append %c, %x, %s : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @cache_of_other_type(%c: tensor<?x4xbf16>, %x: tensor<?x4xf32>, %s: tensor<?xi32>) {
  // expected-error@below {{'step.append' op rows are in 'f32' but the cache is in 'bf16'}}
  %y = step.append %c, %x, %s : (tensor<?x4xbf16>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xbf16>
  return
}

// -----

func.func @cached_heads(%q: tensor<?x8xf32>, %k: tensor<?x6xf32>, %f: tensor<?xi32>, %s: tensor<?xi32>) {
  // expected-error@below {{'step.cached_attention' op query has 8 channels for 4 heads but key has 6 for 2}}
  %y = step.cached_attention single %q, %k, %k, %f, %s {heads = 4, key_value_heads = 2, scale = 0.5}
      : (tensor<?x8xf32>, tensor<?x6xf32>, tensor<?x6xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @pick(%x: tensor<?x8xf32>, %r: tensor<?xi32, #step.rows<targets>>) {
  // expected-error@below {{'step.pick_rows' op the input has 8 channels but the result has 4 channels}}
  %y = step.pick_rows %x, %r : (tensor<?x8xf32>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x4xf32, #step.rows<targets>>
  return
}

// -----

func.func @pick_element(%x: tensor<?x8xf32>, %r: tensor<?xi32, #step.rows<targets>>) {
  // expected-error@below {{'step.pick_rows' op input and result should have one element type but the whole is in 'f32' and the picked rows in 'bf16'}}
  %y = step.pick_rows %x, %r : (tensor<?x8xf32>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x8xbf16, #step.rows<targets>>
  return
}

// -----

func.func @pick_rows(%x: tensor<?x8xf32>, %r: tensor<?xi32, #step.rows<targets>>) {
  // expected-error@below {{'step.pick_rows' op a column or stream has rows of tokens but the first of targets}}
  %y = step.pick_rows %x, %r : (tensor<?x8xf32>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x8xf32>
  return
}

// -----

func.func @pick_column(%x: tensor<?x8xf32>, %r: tensor<?xi32, #step.rows<targets>>) {
  // expected-error@below {{which are not both columns or both streams}}
  %y = step.pick_rows %x, %r : (tensor<?x8xf32>, tensor<?xi32, #step.rows<targets>>) -> tensor<?xf32, #step.rows<targets>>
  return
}

// -----

func.func @expand(%x: tensor<?x8xf32, #step.rows<targets>>, %r: tensor<?xi32, #step.rows<targets>>) {
  // expected-error@below {{'step.expand_rows' op picks from rows of targets, not of tokens}}
  %y = step.expand_rows %x, %r : (tensor<?x8xf32, #step.rows<targets>>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x8xf32, #step.rows<targets>>
  return
}

// -----

func.func @mixed(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>) {
  // expected-error@below {{'step.linear' op a column or stream has rows of targets but the first of tokens}}
  %y = step.linear %x, %w : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32, #step.rows<targets>>
  return
}

// -----

// expected-error@below {{'func.func' op column target has type 'tensor<?xi32>' but should be tensor<?xi32, #step.rows<targets>>}}
func.func private @rows_of_column(tensor<?xi32> {step.column = #step.column<target>})

// -----

// expected-error@below {{'func.func' op 'step.frozen' is said of an argument that is no parameter}}
func.func private @frozen(tensor<4xf32> {step.frozen})

// -----

// expected-error@below {{'func.func' op cache "keys" has type 'tensor<?x4xf32>' but should be layers by rows by channels, as tensor<5x?x32xf32>}}
func.func @flat_cache(%c: tensor<?x4xf32> {step.cache = "keys"}) {
  return
}

// -----

func.func @more_turns_than_head(%x: tensor<?x6xf32>, %c: tensor<?x2xf32>) {
  // expected-error@below {{'step.rope' op 4 channels of a head should turn, which has 3}}
  %y = step.rope half %x, %c, %c {head_channels = 3} : (tensor<?x6xf32>, tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x6xf32>
  return
}

// -----

func.func @lengths_for_nothing(%p: tensor<?xi32>) {
  // expected-error@below {{'step.rotation' op takes lengths, a limit and either beyond or stretch together, or none}}
  %c, %s = step.rotation %p of %p {frequencies = array<f64: 1.0>, scale = 1.0} : (tensor<?xi32>, tensor<?xi32>) -> (tensor<?x1xf32>, tensor<?x1xf32>)
  return
}

// -----

func.func @lists_differ(%p: tensor<?xi32>) {
  // expected-error@below {{'step.rotation' op has 1 frequencies but 2 beyond the limit}}
  %c, %s = step.rotation %p of %p {frequencies = array<f64: 1.0>, scale = 1.0, limit = 4, beyond = array<f64: 1.0, 2.0>} : (tensor<?xi32>, tensor<?xi32>) -> (tensor<?x1xf32>, tensor<?x1xf32>)
  return
}

// -----

func.func @no_cap(%q: tensor<?x4xf32>, %s: tensor<?xi32>) {
  // expected-error@below {{'step.attention' op softcap is 0.000000e+00 but should be positive}}
  %o, %l = step.attention %q, %q, %q, %s {heads = 1, key_value_heads = 1, scale = 1.0, softcap = 0.0}
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> (tensor<?x4xf32>, tensor<?x1xf32>)
  return
}

// -----

func.func @nothing_is_left(%x: tensor<?x4xf32>, %n: tensor<?xi32>, %l: tensor<1xf32>) {
  // expected-error@below {{'step.dropout' op leaves out a share of 1.000000e+00 but should leave out from 0 to below 1}}
  %y = step.dropout %x, %n, %l {share = 1.0, salt = 3} : (tensor<?x4xf32>, tensor<?xi32>, tensor<1xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @momentum_of_another_matrix(%p: tensor<4x4xf32>, %g: tensor<4x4xf32>, %m: tensor<4x5xf32>, %r: tensor<f32>) {
  // expected-error@below {{'step.muon' op parameter is 'tensor<4x4xf32>' but momentum is 'tensor<4x5xf32>'}}
  %q, %n = step.muon %p, %g, %m rate %r {momentum = 0.9, decay = 0.0, share = 1.0, length = 1.0}
      : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x5xf32>, tensor<f32>) -> (tensor<4x4xf32>, tensor<4x5xf32>)
  return
}

// -----

func.func @no_cap_of_a_stream(%x: tensor<?x4xf32>) {
  // expected-error@below {{'step.softcap' op cap is -1.000000e+00 but should be positive}}
  %y = step.softcap %x {cap = -1.0} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @uneven_pieces(%x: tensor<?x6xf32>) {
  // expected-error@below {{'step.split' op a part's 3 channels do not make 2 equal groups}}
  %a, %b = step.split %x {groups = 2} : (tensor<?x6xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>)
  return
}

// -----

func.func @short_bias(%x: tensor<?x4xf32>, %v: tensor<9x4xf32>, %b: tensor<8xf32>, %l: tensor<?xi32>) {
  // expected-error@below {{'step.nll' op bias has 8 elements but vocabulary has 9 rows}}
  %n, %s = step.nll %x, %v bias %b, %l : (tensor<?x4xf32>, tensor<9x4xf32>, tensor<8xf32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func private @layer(%x: tensor<?x4xf32>) -> tensor<?x4xf32>
func.func @more_callees_than_layers(%x: tensor<?x4xf32>) {
  // expected-error@below {{'step.layers' op has 3 callees but 2 layers}}
  %y, %in = step.layers [@layer, @layer, @layer](%x) shared() weights() count 2 save : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return
}

// -----

func.func private @layer(%x: tensor<?x4xf32>) -> tensor<?x4xf32>
func.func @again_where_nothing_is_kept(%x: tensor<?x4xf32>) {
  // expected-error@below {{'step.layers' op computes 2 kept values again but keeps none}}
  %y, %in = step.layers @layer(%x) shared() weights() count 2 recompute again 2 : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return
}

// -----

func.func private @layer(%x: tensor<?x4xf32>) -> tensor<?x4xf32>
func.func @fewer_than_none(%x: tensor<?x4xf32>) {
  // expected-error@below {{'step.layers' op computes -1 kept values again but none is the fewest}}
  %y, %in = step.layers @layer(%x) shared() weights() count 2 save again -1 : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<2x?x4xf32>)
  return
}

// -----

func.func @teacher_of_other_words(%h: tensor<?x4xf32>, %v: tensor<9x4xf32>, %l: tensor<?xi32>, %t: tensor<?x2xf32>, %w: tensor<8x2xf32>) {
  // expected-error@below {{'step.cross_entropy' op teacher vocabulary has 8 rows but vocabulary has 9 rows}}
  %loss, %nll, %lse, %weights = step.cross_entropy %h, %v, %l teacher %t, %w formula {
  ^bb0(%n: f32, %z: f32, %d: f32):
    step.yield %d : f32
  } weight() {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } : (tensor<?x4xf32>, tensor<9x4xf32>, tensor<?xi32>, tensor<?x2xf32>, tensor<8x2xf32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @teacher_of_another_type(%h: tensor<?x4xf32>, %v: tensor<9x4xf32>, %l: tensor<?xi32>, %t: tensor<?x2xf64>, %w: tensor<9x2xf64>) {
  // expected-error@below {{'step.cross_entropy' op hidden is in 'f32' but the teacher is in 'f64'}}
  %loss, %nll, %lse, %weights = step.cross_entropy %h, %v, %l teacher %t, %w formula {
  ^bb0(%n: f32, %z: f32, %d: f32):
    step.yield %d : f32
  } weight() {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } : (tensor<?x4xf32>, tensor<9x4xf32>, tensor<?xi32>, tensor<?x2xf64>, tensor<9x2xf64>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @divergence_of_nobody(%h: tensor<?x4xf32>, %v: tensor<9x4xf32>, %l: tensor<?xi32>) {
  // expected-error@below {{'step.cross_entropy' op formula takes 3 values but there are nll, logsumexp and 0 inputs}}
  %loss, %nll, %lse, %weights = step.cross_entropy %h, %v, %l formula {
  ^bb0(%n: f32, %z: f32, %d: f32):
    step.yield %d : f32
  } weight() {
  ^bb0(%n: f64, %z: f64):
    step.yield %n : f64
  } : (tensor<?x4xf32>, tensor<9x4xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return
}

// -----

func.func @logp_of_tokens(%nll: tensor<?xf32>, %b: tensor<?xi32, #step.rows<answers>>, %a: tensor<?xi32>) {
  // expected-error@below {{'step.answer_logp' op makes 'tensor<?xf32>' but should make a row for each answer in 'f32'}}
  %l = step.answer_logp %nll, %a, %a of %a : (tensor<?xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?xf32>
  return
}

// -----

func.func @slopes_of_tokens(%g: tensor<?xf32>, %a: tensor<?xi32, #step.rows<targets>>) {
  // expected-error@below {{'step.answer_logp_grad' op gradient has rows of tokens but should have one for each answer}}
  %l = step.answer_logp_grad %g, %a : (tensor<?xf32>, tensor<?xi32, #step.rows<targets>>) -> tensor<?xf32, #step.rows<targets>>
  return
}

// -----

func.func @pairs_of_tokens(%l: tensor<?xf32>) {
  // expected-error@below {{'step.pair_loss' op logp has rows of tokens but should have one for each answer}}
  %loss = step.pair_loss %l() formula {
  ^bb0(%c: f64, %r: f64):
    step.yield %c : f64
  } : (tensor<?xf32>) -> tensor<f32>
  return
}

// -----

func.func @input_of_tokens(%l: tensor<?xf32, #step.rows<answers>>, %i: tensor<?xf64>) {
  // expected-error@below {{'step.pair_loss' op an input has rows of tokens but should have one for each pair}}
  %loss = step.pair_loss %l(%i) formula {
  ^bb0(%c: f64, %r: f64, %n: f64):
    step.yield %c : f64
  } : (tensor<?xf32, #step.rows<answers>>, tensor<?xf64>) -> tensor<f32>
  return
}

// -----

func.func @pair_in_single(%l: tensor<?xf32, #step.rows<answers>>) {
  // expected-error@below {{'step.pair_loss' op formula takes 'f32' but its values are in 'f64'}}
  %loss = step.pair_loss %l() formula {
  ^bb0(%c: f32, %r: f32):
    step.yield %c : f32
  } : (tensor<?xf32, #step.rows<answers>>) -> tensor<f32>
  return
}

// -----

func.func @pair_of_one(%l: tensor<?xf32, #step.rows<answers>>) {
  // expected-error@below {{'step.pair_loss' op formula takes 1 values but there are two answers and 0 inputs}}
  %loss = step.pair_loss %l() formula {
  ^bb0(%c: f64):
    step.yield %c : f64
  } : (tensor<?xf32, #step.rows<answers>>) -> tensor<f32>
  return
}

// -----

func.func @one_slope(%g: tensor<f32>, %l: tensor<?xf32, #step.rows<answers>>) {
  %s = step.pair_loss_grad %g, %l() {
  ^bb0(%c: f64, %r: f64):
    // expected-error@below {{'step.yield' op yields 1 values but should yield 2}}
    step.yield %c : f64
  } : (tensor<f32>, tensor<?xf32, #step.rows<answers>>) -> tensor<?xf32, #step.rows<answers>>
  return
}

// -----

// A sum in place is where its accumulator was: nobody else may use that.
func.func @train(%g: tensor<4xf32>, %a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@below {{'step.accumulate' op adds to what is used elsewhere, too}}
  %b = step.accumulate %g into %a : tensor<4xf32>
  // expected-note@below {{used here}}
  %c = step.add %b, %a : tensor<4xf32>
  return %c : tensor<4xf32>
}

// -----

func.func @train(%g: tensor<4xf32>, %v: tensor<4xf32>) -> tensor<4xf32> {
  %a = step.add %g, %v : tensor<4xf32>
  // expected-error@below {{'step.accumulate' op adds to what is neither an argument nor a sum into one}}
  %b = step.accumulate %g into %a : tensor<4xf32>
  return %b : tensor<4xf32>
}

// -----

func.func private @layer_grad(%d: tensor<?x4xf32>, %x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %a: tensor<4x4xf32>)
    -> tensor<?x4xf32> {
  return %d : tensor<?x4xf32>
}
func.func @train_grad(%x: tensor<?x4xf32>, %in: tensor<3x?x4xf32>, %w: tensor<3x4x4xf32>, %a: tensor<3x4x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{'step.layers_grad' op has sums that are not of its accumulators' types}}
  %d = step.layers_grad @layer_grad(%x) inputs(%in) shared() weights(%w) into(%a) saved() count 3 recompute
      : (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x4x4xf32>, tensor<3x4x4xf32>) -> tensor<?x4xf32>
  return %d : tensor<?x4xf32>
}

// -----

// It stands before what it adds to, which has one sum too many.
func.func @train(%d: tensor<?x4xf32>, %x: tensor<?x4xf32>, %in: tensor<3x?x4xf32>, %w: tensor<3x4x4xf32>, %a: tensor<3x4x4xf32>) -> tensor<?x4xf32> {
  // expected-error@below {{adds to what is neither an argument nor a sum into one}}
  %z = step.accumulate %w into %s#2 : tensor<3x4x4xf32>
  %s:3 = step.layers_grad @layer_grad(%x) inputs(%in) shared() weights(%w) into(%a) saved() count 3 recompute
      : (tensor<?x4xf32>, tensor<3x?x4xf32>, tensor<3x4x4xf32>, tensor<3x4x4xf32>) -> (tensor<?x4xf32>, tensor<3x4x4xf32>, tensor<3x4x4xf32>)
  return %d : tensor<?x4xf32>
}
