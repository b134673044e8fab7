// RUN: roux-opt %s | roux-opt | FileCheck %s

// Values keep what they count and where they come from, to the bit.
// CHECK: recipe.seed #recipe.number<42.0 plain, at "a.recipe":1:6>
recipe.seed #recipe.number<42.0 plain, at "a.recipe":1:6>
// CHECK: recipe.param @lr {value = #recipe.number<2.0e-05 plain, set "lr">}
recipe.param @lr {value = #recipe.number<2.0e-5 plain, set "lr">}
// CHECK: recipe.param @third {value = #recipe.number<0.3333333333333333 percent, at "a.recipe":3:4 via "p">}
recipe.param @third {value = #recipe.number<0.33333333333333331 percent, at "a.recipe":3:4 via "p">}

// A formula is a region around the operations that read a scope.
// CHECK-LABEL: recipe.data @docs
recipe.data @docs {
  %files = recipe.source.text {
    ends = #recipe.word<"both", at "a.recipe":5:40>,
    files = #recipe.text<"a.txt", at "a.recipe":5:18>,
    max_record = #recipe.number<1024.0 bytes, default>,
    on_error = #recipe.word<"stop", default>
  }
  // CHECK: recipe.record.where %{{.*}} {
  // CHECK-NEXT: %[[TOKENS:.*]] = recipe.read sequence tokens : f64
  %long = recipe.record.where %files {
    %tokens = recipe.read sequence tokens : f64
    %bound = arith.constant 8.0 : f64
    %holds = arith.cmpf oge, %tokens, %bound : f64
    recipe.result %holds : i1
  }
  recipe.yield %long : !recipe.data
}

// CHECK-LABEL: func @inputs
func.func @inputs() -> (f64, f64) {
  // CHECK: recipe.input "sequence.targets" each_row {
  %rows = recipe.input "sequence.targets" each_row {
    %targets = recipe.read sequence targets : f64
    recipe.result %targets : f64
  }
  // CHECK: recipe.input "step.tokens" {
  %step = recipe.input "step.tokens" {
    %tokens = recipe.read step tokens : f64
    recipe.result %tokens : f64
  }
  return %rows, %step : f64, f64
}

// CHECK-LABEL: func @reductions
func.func @reductions(%share: f64) -> (f64, f64, f64) {
  // CHECK: recipe.reduce count over sequence rows span
  %count = recipe.reduce count over sequence rows span {
  } : f64
  // CHECK: recipe.reduce quantile(%{{.*}}) over sequence rows token all_rows {
  %q = recipe.reduce quantile(%share) over sequence rows token all_rows {
    %index = recipe.read token index : f64
    recipe.result %index : f64
  } : f64
  // CHECK: recipe.reduce softmax over later rows earlier {
  %p = recipe.reduce softmax over later rows earlier {
    %gain = recipe.let_value "gain"
    recipe.result %gain : f64
  } : !recipe.values
  %h = recipe.entropy %p
  return %count, %q, %h : f64, f64, f64
}
