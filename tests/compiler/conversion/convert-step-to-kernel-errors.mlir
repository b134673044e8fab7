// RUN: roux-opt %s -split-input-file -convert-step-to-kernel -verify-diagnostics

// Text that parses may be of no form that an entry has; it is refused, whatever it is.

// expected-error@below {{'func.func' op argument 0 is 'f32' but should be a tensor of known rank}}
func.func @number(%x: f32 {step.attribute = "q"}) {
  return
}

// -----

// expected-error@below {{'func.func' op argument 0 is 'tensor<*xf32>' but should be a tensor of known rank}}
func.func @unranked(%x: tensor<*xf32> {step.attribute = "q"}) {
  return
}

// -----

// expected-error@below {{'func.func' op result 0 is 'index' but should be a tensor of known rank}}
func.func @index() -> (index {step.result = "x"}) {
  %c = arith.constant 1 : index
  return %c : index
}

// -----

// expected-error@below {{'func.func' op argument 0 is 'tensor<4x0xf32>', which has no elements}}
func.func @empty(%p: tensor<4x0xf32> {step.parameter = "a"}) {
  return
}

// -----

// expected-error@below {{'func.func' op should be one block that ends in func.return}}
func.func @blocks(%x: tensor<?x8xf32> {step.attribute = "q"}) -> (tensor<?x8xf32> {step.result = "x"}) {
  cf.br ^next(%x : tensor<?x8xf32>)
^next(%y: tensor<?x8xf32>):
  return %y : tensor<?x8xf32>
}

// -----

// expected-error@below {{'func.func' op should be one block that ends in func.return}}
func.func private @layer(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  cf.br ^next(%x : tensor<?x8xf32>)
^next(%y: tensor<?x8xf32>):
  return %y : tensor<?x8xf32>
}
func.func @layers(%x: tensor<?x8xf32> {step.attribute = "q"}) -> (tensor<?x8xf32> {step.result = "x"}) {
  %y, %in = step.layers @layer(%x) shared() weights() count 2 save : (tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<2x?x8xf32>)
  return %y : tensor<?x8xf32>
}
