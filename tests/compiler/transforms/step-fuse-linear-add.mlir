// RUN: roux-opt %s -step-fuse-linear-add | FileCheck %s
// RUN: roux-opt %s -step-fuse-linear-add -remarks-filter=fuse -remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=WHY

// The end of a block: the product is formed on the stream.
// CHECK-LABEL: func @residual(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<?x4xf32>, %[[H:[^:]*]]: tensor<?x8xf32>, %[[W:[^:]*]]: tensor<4x8xf32>, %[[B:[^:]*]]: tensor<4xf32>)
// CHECK-NEXT:    %[[Y:.*]] = step.linear_add %[[H]], %[[W]] to %[[X]] bias %[[B]] :
// CHECK-NEXT:    return %[[Y]]
// WHY: [Passed] linear_add{{.*}}one kernel forms the product and the sum
func.func @residual(%x: tensor<?x4xf32>, %h: tensor<?x8xf32>, %w: tensor<4x8xf32>, %b: tensor<4xf32>) -> tensor<?x4xf32> {
  %f = step.linear %h, %w bias %b : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %y = step.add %x, %f : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// What three linears owe their input: the first keeps its kernel, the others add to it.
// CHECK-LABEL: func @common_input(
// CHECK-NEXT:    %[[A:.*]] = step.linear %{{[^,]*}}, %[[W:[^ ]*]] transposed
// CHECK-NEXT:    %[[B:.*]] = step.linear_add %{{[^,]*}}, %[[W]] to %[[A]] transposed
// CHECK-NEXT:    %[[C:.*]] = step.linear_add %{{[^,]*}}, %[[W]] to %[[B]] transposed
// CHECK-NEXT:    return %[[C]]
func.func @common_input(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>, %c: tensor<?x8xf32>, %w: tensor<8x4xf32>) -> tensor<?x4xf32> {
  %p = step.linear %a, %w transposed : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %q = step.linear %b, %w transposed : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %s = step.add %p, %q : tensor<?x4xf32>
  %r = step.linear %c, %w transposed : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %t = step.add %s, %r : tensor<?x4xf32>
  return %t : tensor<?x4xf32>
}

// A product that is read elsewhere stays, and the add says so.
// CHECK-LABEL: func @read_elsewhere(
// CHECK-NEXT:    %[[F:.*]] = step.linear
// CHECK-NEXT:    %[[Y:.*]] = step.add %{{.*}}, %[[F]]
// CHECK-NEXT:    return %[[Y]], %[[F]]
// WHY: [Missed] linear_add{{.*}}the product is read elsewhere, too
func.func @read_elsewhere(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %f = step.linear %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %y = step.add %x, %f : tensor<?x4xf32>
  return %y, %f : tensor<?x4xf32>, tensor<?x4xf32>
}

// WHY: [Missed] linear_add{{.*}}neither half is a product
// WHY-NOT: linear_add
// CHECK-LABEL: func @no_product(
// CHECK-NEXT:    step.add
func.func @no_product(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %z = step.add %x, %y : tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}

// What is no stream has no product to join.
// CHECK-LABEL: func @parameter(
// CHECK-NEXT:    step.add
func.func @parameter(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %z = step.add %x, %y : tensor<4x4xf32>
  return %z : tensor<4x4xf32>
}
