// One train of a recipe becomes the functions of its step; nothing of the recipe is left.

// RUN: roux-opt %s -convert-recipe-to-step="train=talk model=%S/../train/families/phi3/config.json" | FileCheck %s
// RUN: roux-opt %s -convert-recipe-to-step="train=talk model=%S/../train/families/phi3/config.json saves again=3" | FileCheck %s --check-prefix=SAVES
// RUN: roux-opt %s -roux-stages="from=recipe to=grad train=talk model=%S/../train/families/phi3/config.json" | FileCheck %s --check-prefix=GRAD
// RUN: not roux-opt %s -convert-recipe-to-step="train=absent" 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: not roux-opt %s -convert-recipe-to-step="train=talk model=%t.absent" 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not roux-opt %s -convert-recipe-to-step="train=asks model=%S/../train/families/phi3/config.json" 2>&1 | FileCheck %s --check-prefix=ASKS
// RUN: not roux-opt %s -convert-recipe-to-step="train=keyless model=%S/../train/families/phi3/config.json" 2>&1 | FileCheck %s --check-prefix=KEY
// RUN: sed 's/%one = arith.constant 1.0 : f64/%one = recipe.read chosen logp : f64/' %s > %t.pair.mlir
// RUN: not roux-opt %t.pair.mlir -convert-recipe-to-step="train=talk model=%S/../train/families/phi3/config.json" 2>&1 | FileCheck %s --check-prefix=PAIR
// RUN: sed 's/%one = arith.constant 1.0 : f64/%half = arith.constant 1.0 : f32 %one = arith.extf %half : f32 to f64/' %s > %t.cast.mlir
// RUN: not roux-opt %t.cast.mlir -convert-recipe-to-step="train=talk model=%S/../train/families/phi3/config.json" 2>&1 | FileCheck %s --check-prefix=CAST
// RUN: sed 's/groups = #recipe.none<default>/groups = #recipe.list<[#recipe.flag<true, default>], default>/' %s > %t.groups.mlir
// RUN: not roux-opt %t.groups.mlir -convert-recipe-to-step="train=talk model=%S/../train/families/phi3/config.json" 2>&1 | FileCheck %s --check-prefix=GROUPS

// CHECK-NOT: recipe.
// CHECK:     func.func @train(
// CHECK-SAME:  %{{[^ ]+}}: tensor<?xf64> {step.attribute = "weight.sequence.targets"}
// The loss in the type of sums, the weight in f64.
// CHECK:     step.cross_entropy
// CHECK:       %[[TWICE:.+]] = arith.addf %[[NLL:.+]], %[[NLL]] : f32
// CHECK-NEXT:  step.yield %[[TWICE]] : f32
// CHECK:     } weight(%{{.+}}) {
// CHECK-NEXT:  ^bb0(%{{.+}}: f64, %{{.+}}: f64, %[[N:.+]]: f64):
// CHECK-NEXT:  %[[ONE:.+]] = arith.constant 1.000000e+00 : f64
// CHECK-NEXT:  %[[W:.+]] = arith.divf %[[ONE]], %[[N]] : f64
// CHECK-NEXT:  step.yield %[[W]] : f64
// CHECK:     func.func @nll(
// CHECK:     func.func @logits(
// CHECK:     func.func @update(
// CHECK:       step.adamw {{.*}}beta1 = 8.000000e-01 : f64, beta2 = 7.500000e-01 : f64, decay = 2.500000e-01 : f64
// CHECK-NOT: recipe.

// SAVES:     step.layers {{.*}}save again 3
// GRAD:      func.func @train_grad(

// ABSENT:    error: there is no train 'absent'
// SHAPE:     error: {{.*}}.absent
// ASKS:      convert-recipe-to-step.mlir:[[# @LINE + 104]]:{{[0-9]+}}: error: this is not known inside a loss
// PAIR:      pair.mlir:{{[0-9]+}}:{{[0-9]+}}: error: this is not known inside a loss
// CAST:      cast.mlir:{{[0-9]+}}:{{[0-9]+}}: error: this cannot be computed inside a loss
// GROUPS:    groups.mlir:{{[0-9]+}}:{{[0-9]+}}: error: 'adamw' expects a list of groups as its 'groups'
// KEY:       convert-recipe-to-step.mlir:{{[0-9]+}}:{{[0-9]+}}: error: 'adamw' expects a number as its 'epsilon'

recipe.data @text {
  %files = recipe.source.text {
    ends = #recipe.word<"both", default>,
    files = #recipe.text<"a.txt", default>,
    max_record = #recipe.number<1024.0 bytes, default>,
    on_error = #recipe.word<"stop", default>
  }
  recipe.yield %files : !recipe.data
}
recipe.tokenizer @words {
  %text = recipe.get @text : !recipe.data
  %words = recipe.tokenizer.bpe %text {vocab = #recipe.number<512.0 plain, default>}
  recipe.yield %words : !recipe.tokenizer
}
recipe.model @base {
  %words = recipe.get @words : !recipe.tokenizer
  %new = recipe.model.new %words {
    architecture = #recipe.word<"llama", default>,
    context = #recipe.number<512.0 tokens, default>,
    deviation = #recipe.number<0.02 plain, default>,
    dim = #recipe.number<64.0 plain, default>,
    ffn = #recipe.number<176.0 plain, default>,
    heads = #recipe.number<4.0 plain, default>,
    kv_heads = #recipe.number<2.0 plain, default>,
    layers = #recipe.number<2.0 plain, default>,
    tied = #recipe.flag<false, default>,
    truncate = #recipe.none<default>
  }
  recipe.yield %new : !recipe.model
}
recipe.train @talk {
  %model = recipe.get @base : !recipe.model
  %data = recipe.get @text : !recipe.data
  %rows = recipe.policy.pack {
    attend = #recipe.word<"sequence", default>,
    capacity = #recipe.number<256.0 tokens, default>,
    fit = #recipe.word<"next", default>,
    labels = #recipe.word<"sequence", default>,
    last = #recipe.word<"keep", default>,
    order = #recipe.word<"same", default>,
    overflow = #recipe.word<"error", default>,
    units = #recipe.number<1.0 plain, default>,
    within = #recipe.word<"data", default>
  }
  recipe.yield %model, %data, %rows : !recipe.model, !recipe.data, !recipe.policy
} target {
  %true = arith.constant true
  recipe.result %true : i1
} weight {
  %one = arith.constant 1.0 : f64
  %targets = recipe.input "sequence.targets" each_row {
    %count = recipe.read sequence targets : f64
    recipe.result %count : f64
  }
  %share = arith.divf %one, %targets : f64
  recipe.result %share : f64
} loss {
  %nll = recipe.read token nll : f64
  %twice = arith.addf %nll, %nll : f64
  recipe.result %twice : f64
} position {
  %index = recipe.read token index : f64
  recipe.result %index : f64
} {
  carry = #recipe.none<default>,
  clip = #recipe.none<default>,
  freeze = #recipe.none<default>,
  length = #recipe.number<1.0 epochs, default>,
  optimizer = #recipe.option<"adamw" {betas = #recipe.list<[#recipe.number<0.8 plain, default>, #recipe.number<0.75 plain, default>], default>, decay = #recipe.number<0.25 plain, default>, epsilon = #recipe.number<1.0e-8 plain, default>, exempt = #recipe.word<"vectors", default>, groups = #recipe.none<default>, lr = #recipe.number<0.001 plain, default>, moments = #recipe.word<"full", default>}, default>,
  schedule = #recipe.option<"constant" {over = #recipe.none<default>}, default>
}
recipe.train @asks {
  %model = recipe.get @base : !recipe.model
  %data = recipe.get @text : !recipe.data
  %rows = recipe.policy.pack {
    attend = #recipe.word<"sequence", default>,
    capacity = #recipe.number<256.0 tokens, default>,
    fit = #recipe.word<"next", default>,
    labels = #recipe.word<"sequence", default>,
    last = #recipe.word<"keep", default>,
    order = #recipe.word<"same", default>,
    overflow = #recipe.word<"error", default>,
    units = #recipe.number<1.0 plain, default>,
    within = #recipe.word<"data", default>
  }
  recipe.yield %model, %data, %rows : !recipe.model, !recipe.data, !recipe.policy
} target {
  %true = arith.constant true
  recipe.result %true : i1
} weight {
  %one = arith.constant 1.0 : f64
  %targets = recipe.input "sequence.targets" each_row {
    %count = recipe.read sequence targets : f64
    recipe.result %count : f64
  }
  %share = arith.divf %one, %targets : f64
  recipe.result %share : f64
} loss {
  %index = recipe.read token index : f64
  recipe.result %index : f64
} position {
  %index = recipe.read token index : f64
  recipe.result %index : f64
} {
  carry = #recipe.none<default>,
  clip = #recipe.none<default>,
  freeze = #recipe.none<default>,
  length = #recipe.number<1.0 epochs, default>,
  optimizer = #recipe.option<"adamw" {betas = #recipe.list<[#recipe.number<0.8 plain, default>, #recipe.number<0.75 plain, default>], default>, decay = #recipe.number<0.25 plain, default>, epsilon = #recipe.number<1.0e-8 plain, default>, exempt = #recipe.word<"vectors", default>, groups = #recipe.none<default>, lr = #recipe.number<0.001 plain, default>, moments = #recipe.word<"full", default>}, default>,
  schedule = #recipe.option<"constant" {over = #recipe.none<default>}, default>
}
recipe.train @keyless {
  %model = recipe.get @base : !recipe.model
  %data = recipe.get @text : !recipe.data
  %rows = recipe.policy.pack {
    attend = #recipe.word<"sequence", default>,
    capacity = #recipe.number<256.0 tokens, default>,
    fit = #recipe.word<"next", default>,
    labels = #recipe.word<"sequence", default>,
    last = #recipe.word<"keep", default>,
    order = #recipe.word<"same", default>,
    overflow = #recipe.word<"error", default>,
    units = #recipe.number<1.0 plain, default>,
    within = #recipe.word<"data", default>
  }
  recipe.yield %model, %data, %rows : !recipe.model, !recipe.data, !recipe.policy
} target {
  %true = arith.constant true
  recipe.result %true : i1
} weight {
  %one = arith.constant 1.0 : f64
  %targets = recipe.input "sequence.targets" each_row {
    %count = recipe.read sequence targets : f64
    recipe.result %count : f64
  }
  %share = arith.divf %one, %targets : f64
  recipe.result %share : f64
} loss {
  %nll = recipe.read token nll : f64
  %twice = arith.addf %nll, %nll : f64
  recipe.result %twice : f64
} position {
  %index = recipe.read token index : f64
  recipe.result %index : f64
} {
  carry = #recipe.none<default>,
  clip = #recipe.none<default>,
  freeze = #recipe.none<default>,
  length = #recipe.number<1.0 epochs, default>,
  optimizer = #recipe.option<"adamw" {betas = #recipe.list<[#recipe.number<0.8 plain, default>, #recipe.number<0.75 plain, default>], default>, decay = #recipe.number<0.25 plain, default>, exempt = #recipe.word<"vectors", default>, groups = #recipe.none<default>, lr = #recipe.number<0.001 plain, default>, moments = #recipe.word<"full", default>}, default>,
  schedule = #recipe.option<"constant" {over = #recipe.none<default>}, default>
}

recipe.run {
  arch = #recipe.word<"native", default>,
  deterministic = #recipe.flag<true, default>,
  device = #recipe.word<"cpu", default>,
  devices = #recipe.number<1.0 plain, default>,
  dtype = #recipe.word<"f32", default>,
  export_dtype = #recipe.word<"base", default>,
  fuse = #recipe.flag<true, default>,
  log = #recipe.option<"every" {interval = #recipe.number<1.0 steps, default>, keep = #recipe.none<default>}, default>,
  memory = #recipe.word<"auto", default>,
  micro_batch = #recipe.word<"auto", default>,
  offload = #recipe.word<"none", default>,
  parallel = #recipe.word<"none", default>,
  recompute = #recipe.word<"auto", default>,
  save = #recipe.none<default>,
  threads = #recipe.word<"auto", default>
}
