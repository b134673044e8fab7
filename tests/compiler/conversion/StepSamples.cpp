// See the header.
#include "StepSamples.h"

using namespace roux;

#define S "tensor<?x8xf32>"
#define COLUMN "tensor<?xi32>"

const std::map<std::string, Sample> &roux::samples() {
  static const std::string heads =
      "{heads = 2, key_value_heads = 2, scale = 0.5} : (" S ", " S ", " S ", ";
  static const Change oneHead = {
      {"heads = 2, key_value_heads = 2", "heads = 1, key_value_heads = 1"}, {"x2xf32", "x1xf32"}};
  static const Change window = {{"scale = 0.5", "scale = 0.5, window = 3"}};
  static const Change softcap = {{"scale = 0.5", "scale = 0.5, softcap = 3.0"}};
  static const Change gelu = {{"silu", "gelu_tanh"}};
  static const Change transposed = {{" : (", " transposed : ("}};
  static const std::string layer = R"(
    func.func private @layer(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.activation silu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    func.func private @other(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.add %x, %x : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    func.func private @layer_grad(%d: tensor<?x8xf32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.activation_grad silu %d, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    func.func private @other_grad(%d: tensor<?x8xf32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %y = step.add %d, %x : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    })";
  static const std::string x = "%x~: " S " {step.attribute = \"x~\"}";
  static const std::string xy = x + ", %y~: " S " {step.attribute = \"y~\"}";
  static const std::string xyz = xy + ", %z~: " S " {step.attribute = \"z~\"}";
  static const std::string at = ", %at~: " COLUMN " {step.column = #step.column<position>}";
  static const std::string segments = ", %at~: " COLUMN " {step.column = #step.column<segments>}";
  static const std::string w = ", %w~: tensor<8xf32> {step.parameter = \"w~\"}, %h~: tensor<4xf32> "
                               "{step.parameter = \"h~\"}";
  static const std::string matrix = ", %m~: tensor<8x8xf32> {step.parameter = \"m~\"}";
  static const std::string table = ", %t~: tensor<9x8xf32> {step.parameter = \"t~\"}";
  static const std::string result = S " {step.result = \"r~\"}";
  static const std::map<std::string, Sample> all = {
      {"step.rms_norm",
       {x + w,
        "%r~ = step.rms_norm %x~, %w~ {epsilon = 1.0e-5} : (" S ", tensor<8xf32>) -> " S,
        result,
        "%r~",
        {{"around_one", {{"1.0e-5", "1.0e-5, around_one"}}},
         {"groups", {{"%w~", "%h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.rms_norm_grad",
       {xy + w,
        "%r~, %g~ = step.rms_norm_grad %x~, %y~, %w~ {epsilon = 1.0e-5} : (" S ", " S
        ", tensor<8xf32>) -> (" S ", tensor<8xf32>)",
        result,
        "%r~",
        {{"around_one", {{"1.0e-5", "1.0e-5, around_one"}}},
         {"groups", {{"%w~", "%h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.layer_norm",
       {x + w,
        "%r~ = step.layer_norm %x~, %w~, %w~ {epsilon = 1.0e-5} : (" S
        ", tensor<8xf32>, tensor<8xf32>) -> " S,
        result,
        "%r~",
        {{"groups",
          {{"%w~, %w~", "%h~, %h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.layer_norm_grad",
       {xy + w,
        "%r~, %g~, %b~ = step.layer_norm_grad %x~, %y~, %w~ {epsilon = 1.0e-5} : (" S ", " S
        ", tensor<8xf32>) -> (" S ", tensor<8xf32>, tensor<8xf32>)",
        result,
        "%r~",
        {{"groups", {{"%w~", "%h~"}, {"1.0e-5", "1.0e-5, groups = 2"}, {"<8xf32>", "<4xf32>"}}}}}},
      {"step.linear",
       {x + matrix,
        "%r~ = step.linear %x~, %m~ : (" S ", tensor<8x8xf32>) -> " S,
        result,
        "%r~",
        {{"transposed", transposed}}}},
      {"step.linear_add",
       {xy + matrix,
        "%r~ = step.linear_add %x~, %m~ to %y~ : (" S ", tensor<8x8xf32>, " S ") -> " S,
        result,
        "%r~",
        {{"transposed", transposed}}}},
      {"step.linear_grad",
       {xy + ", %a~: tensor<8x8xf32> {step.gradient = \"w~\"}",
        "%g~ = step.linear_grad %x~, %y~ : (" S ", " S ") -> tensor<8x8xf32>\n"
        "%b~ = step.accumulate %g~ into %a~ : tensor<8x8xf32>",
        "tensor<8x8xf32> {step.gradient = \"w~\"}",
        "%b~",
        {{"transposed", transposed}}}},
      {"step.rotation",
       {x + at,
        "%c~, %s~ = step.rotation %at~ {frequencies = array<f64: 1.0, 0.1>, scale = 1.0} : (" COLUMN
        ") -> (tensor<?x2xf32>, tensor<?x2xf32>)",
        "tensor<?x2xf32> {step.result = \"c~\"}",
        "%c~",
        {{"frequencies", {{"0.1>", "0.2>"}}},
         {"limit",
          {{"%at~ {", "%at~ of %at~ {limit = 5, stretch = 2.0, "},
           {"(" COLUMN, "(" COLUMN ", " COLUMN}}},
         {"stretch",
          {{"%at~ {", "%at~ of %at~ {limit = 4, stretch = 3.0, "},
           {"(" COLUMN, "(" COLUMN ", " COLUMN}}},
         {"beyond",
          {{"%at~ {", "%at~ of %at~ {limit = 4, beyond = array<f64: 1.0, 0.3>, "},
           {"(" COLUMN, "(" COLUMN ", " COLUMN}}}}}},
      {"step.rope",
       {x + ", %c~: tensor<?x2xf32> {step.attribute = \"c~\"}",
        "%r~ = step.rope half %x~, %c~, %c~ : (" S ", tensor<?x2xf32>, tensor<?x2xf32>) -> " S,
        result,
        "%r~",
        {{"style", {{"half", "interleaved"}}},
         {"inverse", {{" :", " inverse :"}}},
         {"head_channels", {{"%c~ :", "%c~ {head_channels = 8} :"}}}}}},
      {"step.attention",
       {xyz + segments,
        "%r~, %l~ = step.attention %x~, %y~, %z~, %at~ " + heads +
            COLUMN ") -> (" S ", tensor<?x2xf32>)",
        result,
        "%r~",
        {{"heads", oneHead},
         {"key_value_heads", oneHead},
         {"window", window},
         {"softcap", softcap}}}},
      {"step.attention_grad",
       {xyz + segments +
            ", %l~: tensor<?x2xf32> {step.attribute = \"l~\"}, %k~: tensor<?x1xf32> "
            "{step.attribute = \"k~\"}",
        "%r~, %s~, %t~ = step.attention_grad %x~, %x~, %y~, %z~, %x~, %l~, %at~ {heads = 2, "
        "key_value_heads = 2, scale = 0.5} : (" S ", " S ", " S ", " S ", " S
        ", tensor<?x2xf32>, " COLUMN ") -> (" S ", " S ", " S ")",
        result,
        "%r~",
        {{"heads", {oneHead[0], oneHead[1], {"%l~", "%k~"}}},
         {"key_value_heads", {oneHead[0], oneHead[1], {"%l~", "%k~"}}},
         {"window", window},
         {"softcap", softcap}}}},
      {"step.cached_attention",
       {xyz + ", %at~: " COLUMN " {step.column = #step.column<first>}, %s~: " COLUMN
              " {step.column = #step.column<slot>}",
        "%r~ = step.cached_attention %x~, %y~, %z~, %at~, %s~ " + heads +
            COLUMN ", " COLUMN ") -> " S,
        result,
        "%r~",
        {{"heads", {oneHead[0]}},
         {"key_value_heads", {oneHead[0]}},
         {"window", window},
         {"softcap", softcap},
         {"single", {{"attention %x", "attention single %x"}}}}}},
      {"step.activation",
       {x, "%r~ = step.activation silu %x~ : (" S ") -> " S, result, "%r~", {{"kind", gelu}}}},
      {"step.activation_grad",
       {xy,
        "%r~ = step.activation_grad silu %x~, %y~ : (" S ", " S ") -> " S,
        result,
        "%r~",
        {{"kind", gelu}}}},
      {"step.gate",
       {xy,
        "%r~ = step.gate silu %x~, %y~ : (" S ", " S ") -> " S,
        result,
        "%r~",
        {{"kind", gelu}}}},
      {"step.gate_grad",
       {xyz,
        "%r~, %s~ = step.gate_grad silu %x~, %y~, %z~ : (" S ", " S ", " S ") -> (" S ", " S ")",
        result,
        "%r~",
        {{"kind", gelu}}}},
      {"step.layers",
       {x,
        "%r~, %in~ = step.layers @layer(%x~) shared() weights() count 3 recompute : (" S ") -> (" S
        ", tensor<3x?x8xf32>)",
        result,
        "%r~",
        {{"callees", {{"@layer", "[@layer, @other]"}}},
         {"count", {{"count 3", "count 2"}, {"<3x", "<2x"}}},
         {"activations", {{"recompute", "save"}}},
         {"again", {{"recompute", "save again 2"}}}},
        layer}},
      {"step.layers_grad",
       {x + ", %in~: tensor<3x?x8xf32> {step.attribute = \"in~\"}, %to~: tensor<2x?x8xf32> "
            "{step.attribute = \"to~\"}",
        "%r~ = step.layers_grad @layer_grad(%x~) inputs(%in~) shared() weights() into() saved() "
        "count 3 "
        "recompute : (" S ", tensor<3x?x8xf32>) -> " S,
        result,
        "%r~",
        {{"callees", {{"@layer_grad", "[@layer_grad, @other_grad]"}}},
         {"count", {{"count 3", "count 2"}, {"<3x", "<2x"}, {"%in~", "%to~"}}},
         {"activations", {{"recompute", "save"}}}},
        layer}},
      {"step.scale", {x, "%r~ = step.scale %x~ {factor = 0.5} : (" S ") -> " S, result, "%r~", {}}},
      {"step.dropout",
       {x + ", %n~: " COLUMN " {step.column = #step.column<noise>}" +
            ", %l~: tensor<1xf32> {step.attribute = \"l~\"}",
        "%r~ = step.dropout %x~, %n~, %l~ {share = 0.5, salt = 3} : (" S ", " COLUMN
        ", tensor<1xf32>) -> " S,
        result,
        "%r~",
        {{"share", {{"share = 0.5", "share = 0.25"}}}}}},
      {"step.softcap",
       {x, "%r~ = step.softcap %x~ {cap = 5.0} : (" S ") -> " S, result, "%r~", {}}},
      {"step.split",
       {x,
        "%r~, %s~ = step.split %x~ : (" S ") -> (tensor<?x4xf32>, tensor<?x4xf32>)",
        "tensor<?x4xf32> {step.result = \"r~\"}",
        "%r~",
        {{"groups", {{"%x~ :", "%x~ {groups = 2} :"}}}}}},
      {"step.concat",
       {x,
        "%r~ = step.concat %x~, %x~ : (" S ", " S ") -> tensor<?x16xf32>",
        "tensor<?x16xf32> {step.result = \"r~\"}",
        "%r~",
        {{"groups", {{"%x~ :", "%x~ {groups = 2} :"}}}}}},
      {"step.embedding",
       {"%at~: " COLUMN " {step.column = #step.column<position>}" + table,
        "%r~ = step.embedding %at~, %t~ : (" COLUMN ", tensor<9x8xf32>) -> " S,
        result,
        "%r~",
        {{"offset", {{"%t~ :", "%t~ {offset = 1} :"}}}}}},
      {"step.embedding_grad",
       {x + at + ", %a~: tensor<9x8xf32> {step.gradient = \"t~\"}",
        "%g~ = step.embedding_grad %x~, %at~ : (" S ", " COLUMN ") -> tensor<9x8xf32>\n"
        "%b~ = step.accumulate %g~ into %a~ : tensor<9x8xf32>",
        "tensor<9x8xf32> {step.gradient = \"t~\"}",
        "%b~",
        {{"offset", {{"%at~ :", "%at~ {offset = 1} :"}}}}}},
      {"step.nll",
       {x + matrix + ", %at~: " COLUMN " {step.column = #step.column<label>}",
        "%r~, %l~ = step.nll %x~, %m~, %at~ : (" S ", tensor<8x8xf32>, " COLUMN
        ") -> (tensor<?xf32>, tensor<?xf32>)",
        "tensor<?xf32> {step.result = \"r~\"}",
        "%r~",
        {{"scale", {{"%at~ :", "%at~ {scale = 0.5} :"}}},
         {"softcap", {{"%at~ :", "%at~ {softcap = 5.0} :"}}}}}},
      {"step.clip_factor",
       {"%n~: tensor<f32> {step.attribute = \"n~\"}",
        "%f~ = step.clip_factor %n~ {limit = 2.0} : tensor<f32>",
        "tensor<f32> {step.result = \"f~\"}",
        "%f~",
        {}}},
      {"step.adamw",
       {"%n~: tensor<f32> {step.attribute = \"n~\"}, %p~: tensor<8xf32> {step.parameter = \"p~\"}, "
        "%g~: tensor<8xf32> {step.gradient = \"p~\"}, %f~: tensor<8xf32> {step.state = \"f~\"}, "
        "%s~: tensor<8xf32> {step.state = \"s~\"}",
        "%a~, %b~, %c~ = step.adamw %p~, %g~, %f~, %s~ rate %n~ corrections %n~, %n~ {beta1 = 0.9, "
        "beta2 = 0.95, epsilon = 1.0e-8, decay = 0.1} : (tensor<8xf32>, tensor<8xf32>, "
        "tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<8xf32>, "
        "tensor<8xf32>, tensor<8xf32>)",
        "tensor<8xf32> {step.result = \"a~\"}",
        "%a~",
        {{"share", {{"decay = 0.1}", "decay = 0.1, share = 0.5}"}}}}}},
      {"step.muon",
       {"%n~: tensor<f32> {step.attribute = \"n~\"}, %p~: tensor<8x8xf32> {step.parameter = "
        "\"p~\"}, %g~: tensor<8x8xf32> {step.gradient = \"p~\"}, %f~: tensor<8x8xf32> {step.state "
        "= \"f~\"}",
        "%a~, %b~ = step.muon %p~, %g~, %f~ rate %n~ {momentum = 0.9, decay = 0.1, share = 0.5, "
        "length = 2.0} : (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<f32>) -> "
        "(tensor<8x8xf32>, tensor<8x8xf32>)",
        "tensor<8x8xf32> {step.result = \"a~\"}",
        "%a~",
        {{"nesterov", {{"rate %n~ {", "rate %n~ nesterov {"}}}}}},
      {"step.cross_entropy",
       {x + matrix + ", %at~: " COLUMN " {step.column = #step.column<label>}",
        R"(%r~, %n~, %l~, %v~ = step.cross_entropy %x~, %m~, %at~ formula {
           ^bb0(%n: f32, %l: f32):
             %c = arith.constant 2.0 : f32
             %s = arith.mulf %n, %c : f32
             step.yield %s : f32
           } weight() {
           ^bb0(%n: f64, %l: f64):
             %c = arith.constant 3.0 : f64
             step.yield %c : f64
           } : (tensor<?x8xf32>, tensor<8x8xf32>, tensor<?xi32>) -> (tensor<f32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>))",
        "tensor<f32> {step.result = \"r~\"}",
        "%r~",
        {{"scale", {{"} : (tensor<?x8", "} {scale = 0.5} : (tensor<?x8"}}},
         {"softcap", {{"} : (tensor<?x8", "} {softcap = 5.0} : (tensor<?x8"}}}}}},
      {"step.cross_entropy_grad",
       {x + matrix +
            ", %at~: " COLUMN " {step.column = #step.column<label>}, %v~: tensor<?xf32> "
            "{step.attribute = \"v~\"}",
        R"(%seed~ = arith.constant dense<1.0> : tensor<f32>
           %r~, %g~ = step.cross_entropy_grad %seed~, %x~, %m~, %at~, %v~, %v~, %v~ {
           ^bb0(%n: f32, %l: f32):
             %c = arith.constant 2.0 : f32
             %d = arith.constant 3.0 : f32
             step.yield %c, %d : f32, f32
           } : (tensor<f32>, tensor<?x8xf32>, tensor<8x8xf32>, tensor<?xi32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> (tensor<?x8xf32>, tensor<8x8xf32>))",
        result,
        "%r~",
        {{"scale", {{"} : (tensor<f32>", "} {scale = 0.5} : (tensor<f32>"}}},
         {"softcap", {{"} : (tensor<f32>", "} {softcap = 5.0} : (tensor<f32>"}}}}}},
  };
  return all;
}
