// RUN: roux-opt %s -split-input-file -verify-diagnostics

// What the verifiers of the recipe dialect refuse, each beside nothing else that is wrong.

recipe.data @short {
  // expected-error@below {{'recipe.source.text' op requires attribute 'files'}}
  %0 = recipe.source.text {ends = #recipe.word<"none", default>}
  recipe.yield %0 : !recipe.data
}

// -----

recipe.data @docs {
  // expected-error@below {{attribute 'layout' failed to satisfy constraint: one of the words auto, messages, sharegpt, alpaca}}
  %0 = recipe.source.chat {
    files = #recipe.text<"a.jsonl", default>,
    layout = #recipe.word<"yaml", at "x.recipe":1:9>,
    max_record = #recipe.number<1024.0 bytes, default>,
    on_error = #recipe.word<"stop", default>
  }
  recipe.yield %0 : !recipe.data
}

// -----

recipe.data @docs {
  %0 = recipe.source.tokens {
    files = #recipe.text<"a.jsonl", default>,
    max_record = #recipe.number<1024.0 bytes, default>,
    on_error = #recipe.word<"stop", default>
  }
  // expected-error@below {{attribute 'amount' failed to satisfy constraint: a number (records, percent)}}
  %1 = recipe.record.sample %0 {amount = #recipe.number<3.0 tokens, default>}
  recipe.yield %1 : !recipe.data
}

// -----

// expected-error@below {{'recipe.data' op expects to yield ('!recipe.data'), found ()}}
recipe.data @empty {
  recipe.yield
}

// -----

recipe.data @lost {
  // expected-error@below {{'recipe.get' op finds no definition named @nowhere}}
  %0 = recipe.get @nowhere : !recipe.data
  recipe.yield %0 : !recipe.data
}

// -----

// expected-note@below {{it is defined here as recipe.model}}
recipe.model @base {
  %0 = recipe.model.load {path = #recipe.text<"m", default>}
  recipe.yield %0 : !recipe.model
}
recipe.data @wrong {
  // expected-error@below {{'recipe.get' op expects @base to be '!recipe.data'}}
  %0 = recipe.get @base : !recipe.data
  recipe.yield %0 : !recipe.data
}

// -----

recipe.model @base {
  %0 = recipe.model.load {path = #recipe.text<"m", default>}
  // expected-error@below {{'recipe.model.blend' op has 2 coefficients for 1 models}}
  %1 = recipe.model.blend %0 {coefficients = #recipe.list<[#recipe.number<0.5 plain, default>, #recipe.number<0.5 plain, default>], default>}
  recipe.yield %1 : !recipe.model
}

// -----

recipe.data @mixed {
  %0 = recipe.get @mixed : !recipe.data
  // expected-error@below {{'recipe.record.mix' op names 0 shares for 1 operands}}
  %1 = recipe.record.mix %0 {by = #recipe.word<"tokens", default>, shares = {}, short_ = #recipe.word<"stop", default>}
  recipe.yield %1 : !recipe.data
}

// -----

func.func @scope() -> f64 {
  // expected-error@below {{'recipe.read' op reads 'nll', which a sequence does not have}}
  %0 = recipe.read sequence nll : f64
  return %0 : f64
}

// -----

func.func @nameless() -> !recipe.text {
  // expected-error@below {{'recipe.read' op needs the name of the field}}
  %0 = recipe.read sequence field : !recipe.text
  return %0 : !recipe.text
}

// -----

func.func @named() -> f64 {
  // expected-error@below {{'recipe.read' op has a name, but not for the tokens}}
  %0 = recipe.read sequence tokens "x" : f64
  return %0 : f64
}

// -----

func.func @outside() -> f64 {
  // expected-error@below {{'recipe.reduce' op ranges over the rows 'step', which are not inside a sequence}}
  %0 = recipe.reduce sum over sequence rows step {
    %1 = recipe.read step tokens : f64
    recipe.result %1 : f64
  } : f64
  return %0 : f64
}

// -----

func.func @nothing() -> f64 {
  // expected-error@below {{'recipe.reduce' op has nothing to reduce; only a count goes without}}
  %0 = recipe.reduce sum over step rows sequence {
  } : f64
  return %0 : f64
}

// -----

func.func @shareless() -> f64 {
  // expected-error@below {{'recipe.reduce' op needs a share}}
  %0 = recipe.reduce quantile over sequence rows token {
    %1 = recipe.read token nll : f64
    recipe.result %1 : f64
  } : f64
  return %0 : f64
}

// -----

// expected-error@below {{range runs backwards, from 4.000000e+00 to 2.000000e+00}}
module attributes {x = #recipe.range<4.0 to 2.0 tokens, default>} {}

// -----

// expected-error@below {{'paragraphs' is nothing that a number counts}}
module attributes {x = #recipe.number<4.0 paragraphs, default>} {}

// -----

// expected-error@below {{expected 'default' or 'at' or 'set', the origin of the value}}
module attributes {x = #recipe.number<4.0 tokens, guessed>} {}

// -----

func.func @text() -> f64 {
  // expected-error@below {{'recipe.input' op expects 'value' to be 'f64', found '!recipe.text'}}
  %0 = recipe.input "source" each_row {
    %1 = recipe.read sequence source : !recipe.text
    recipe.result %1 : !recipe.text
  }
  return %0 : f64
}
