// RUN: roux-opt %s -split-input-file -verify-diagnostics | FileCheck %s

// The runtime knows buffers by their names: one name is one thing. What is only read may be given twice.

// CHECK-LABEL: func @read_twice(
func.func @read_twice(%a: tensor<?xi32> {step.column = #step.column<token>}, %b: tensor<?xi32> {step.column = #step.column<token>},
                      %c: tensor<f64> {step.attribute = "s"}, %d: tensor<f64> {step.attribute = "s"}) {
  return
}

// -----

// expected-error@below {{'func.func' op arguments 0 and 2 are both 'step.parameter' "a"}}
func.func @parameters(%a: tensor<4xf32> {step.parameter = "a"}, %b: tensor<4xf32> {step.parameter = "b"},
                      %c: tensor<4xf32> {step.parameter = "a"}) {
  return
}

// -----

// expected-error@below {{'func.func' op arguments 0 and 1 are both 'step.gradient' "a"}}
func.func @gradients(%a: tensor<4xf32> {step.gradient = "a"}, %b: tensor<8xf32> {step.gradient = "a"}) {
  return
}

// -----

// expected-error@below {{'func.func' op arguments 0 and 1 are both 'step.state' "a.first"}}
func.func @states(%a: tensor<4xf32> {step.state = "a.first"}, %b: tensor<4xf32> {step.state = "a.first"}) {
  return
}

// -----

// expected-error@below {{'func.func' op arguments 0 and 1 are both 'step.cache' "keys"}}
func.func @caches(%a: tensor<2x?x4xf32> {step.cache = "keys"}, %b: tensor<2x?x4xf32> {step.cache = "keys"}) {
  return
}

// -----

// expected-error@below {{arguments 0 and 1 are both 'step.attribute' "q" but one is 'tensor<?x8xf32>' and the other 'tensor<?x8xf32, #step.rows<targets>>'}}
func.func @rows_of_two_kinds(%a: tensor<?x8xf32> {step.attribute = "q"}, %b: tensor<?x8xf32, #step.rows<targets>> {step.attribute = "q"}) {
  return
}

// -----

// expected-error@below {{arguments 0 and 1 are both 'step.attribute' "s" but one is 'tensor<f32>' and the other 'tensor<f64>'}}
func.func @numbers_of_two_types(%a: tensor<f32> {step.attribute = "s"}, %b: tensor<f64> {step.attribute = "s"}) {
  return
}

// -----

// expected-error@below {{'func.func' op argument 0 is attribute "token", which is the name of a column}}
func.func @column(%a: tensor<?xf64> {step.attribute = "token"}) {
  return
}

// -----

// expected-error@below {{'func.func' op argument 0 is both 'step.parameter' and 'step.state'}}
func.func @two_things(%a: tensor<4xf32> {step.parameter = "a", step.state = "b"}) {
  return
}

// -----

// expected-error@below {{'func.func' op argument 1 is the gradient of "a", which is frozen}}
func.func @frozen(%a: tensor<4xf32> {step.parameter = "a", step.frozen}, %g: tensor<4xf32> {step.gradient = "a"}) {
  return
}

// -----

// expected-error@below {{'func.func' op results 0 and 1 are both 'step.result' "x"}}
func.func @results(%a: tensor<4xf32>) -> (tensor<4xf32> {step.result = "x"}, tensor<4xf32> {step.result = "x"}) {
  return %a, %a : tensor<4xf32>, tensor<4xf32>
}

// -----

// expected-error@below {{'func.func' op result 0 is both 'step.gradient' and 'step.result'}}
func.func @result_of_two_kinds(%a: tensor<4xf32>) -> (tensor<4xf32> {step.gradient = "x", step.result = "y"}) {
  return %a : tensor<4xf32>
}
