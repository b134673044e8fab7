//===- TargetDescription.cpp - what code is made for ----------------------===//
//
// See the header. One table of fields serves both ways of JSON.
//
//===----------------------------------------------------------------------===//
#include "runtime/TargetDescription.h"

#include "runtime/Processor.h"

#include <algorithm>
#include <fmt/format.h>
#include <simdjson.h>
#include <stdexcept>

namespace roux {

namespace {
struct Number {
  const char *key;
  int64_t TargetDescription::*field;
};
struct Truth {
  const char *key;
  bool TargetDescription::*field;
};
} // namespace

static constexpr Number numbers[] = {
    {"vector_bits", &TargetDescription::vectorBits},
    {"tile_rows", &TargetDescription::tileRows},
    {"tile_vectors", &TargetDescription::tileVectors},
    {"wide_rows", &TargetDescription::wideRows},
    {"wide_vectors", &TargetDescription::wideVectors},
    {"pipeline_terms", &TargetDescription::pipelineTerms},
    {"item_rows", &TargetDescription::itemRows},
    {"right_words", &TargetDescription::rightWords},
    {"short_columns", &TargetDescription::shortColumns},
    {"long_columns", &TargetDescription::longColumns},
    {"longest_sum", &TargetDescription::longestSum},
    {"stretch", &TargetDescription::stretch},
    {"group_rows", &TargetDescription::groupRows},
    {"attention_rows", &TargetDescription::attentionRows},
    {"attention_stream", &TargetDescription::attentionStream},
    {"attention_part", &TargetDescription::attentionPart},
    {"attention_items", &TargetDescription::attentionItems},
    {"loss_block", &TargetDescription::lossBlock},
    {"loss_tokens", &TargetDescription::lossTokens},
    {"loss_numbers", &TargetDescription::lossNumbers},
    {"fold_block", &TargetDescription::foldBlock},
};
static constexpr Truth truths[] = {
    {"pairs", &TargetDescription::pairs},
    {"blocks", &TargetDescription::blocks},
    {"attention_library", &TargetDescription::attentionLibrary},
};

std::string TargetDescription::json() const {
  std::string text = fmt::format(R"({{"name": "{}")", name);
  for (const Number &number : numbers)
    text += fmt::format(R"(, "{}": {})", number.key, this->*number.field);
  for (const Truth &truth : truths)
    text += fmt::format(R"(, "{}": {})", truth.key, this->*truth.field);
  return text + "}";
}

TargetDescription TargetDescription::parse(const std::string &json, const std::string &origin) {
  auto fail = [&](const std::string &what) {
    throw std::runtime_error(fmt::format("{}: the target {}", origin, what));
  };
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json).get(object))
    fail("is no JSON object");
  TargetDescription target;
  std::string_view name;
  if (object["name"].get(name))
    fail("has no 'name'");
  target.name = name;
  for (const Number &number : numbers)
    if (int64_t value; object[number.key].get(value))
      fail(fmt::format("has no number '{}'", number.key));
    else if (value < 1 || value > int64_t(1) << 40)
      fail(fmt::format("has {} as '{}', which is not above 0", value, number.key));
    else
      target.*number.field = value;
  for (const Truth &truth : truths)
    if (object[truth.key].get(target.*truth.field))
      fail(fmt::format("has no true or false as '{}'", truth.key));
  if (object.size() != 1 + std::size(numbers) + std::size(truths))
    fail("has a key that this build does not know");
  return target;
}

const std::vector<TargetDescription> &knownTargets() {
  static const std::vector<TargetDescription> known = [] {
    TargetDescription portable{.name = "portable"};
    TargetDescription avx2 = portable;
    avx2.name = "avx2", avx2.vectorBits = 256;
    avx2.wideRows = 4, avx2.wideVectors = 3, avx2.stretch = 128;
    avx2.rightWords = 64 * 1024; // half of a second-level cache of 512 KiB
    TargetDescription avx512 = avx2;
    avx512.name = "avx512", avx512.vectorBits = 512;
    avx512.tileRows = 8, avx512.wideRows = 8;
    avx512.stretch = portable.stretch, avx512.rightWords = portable.rightWords;
    TargetDescription pairs = avx512;
    pairs.name = "avx512_bf16", pairs.pairs = true;
    TargetDescription blocks = pairs;
    blocks.name = "avx512_amx", blocks.blocks = true;
    return std::vector{blocks, pairs, avx512, avx2, portable};
  }();
  return known;
}

const std::vector<TargetDescription> &gpuTargets() {
  static const std::vector<TargetDescription> known = [] {
    TargetDescription gpu{.name = "sm_90a"};
    gpu.pairs = true;
    gpu.foldBlock = 64; // enough blocks of a micro-batch's rows for a block of threads
    gpu.attentionRows = gpu.attentionStream = 64;       // a block's, four warps of 16 rows
    gpu.lossTokens = 4096, gpu.lossNumbers = 512 << 20; // enough blocks for any number of cores
    std::vector<TargetDescription> all;
    for (const char *name : {"sm_80", "sm_90a", "sm_100a", "sm_120a"})
      all.push_back(gpu), all.back().name = name;
    all[1].blocks = true; // of the others none has wgmma
    return all;
  }();
  return known;
}

const TargetDescription *targetNamed(std::string_view name) {
  for (const std::vector<TargetDescription> *known : {&knownTargets(), &gpuTargets()})
    for (const TargetDescription &target : *known)
      if (target.name == name)
        return &target;
  return nullptr;
}

const TargetDescription &hostTarget() {
  static const TargetDescription &host =
      *std::find_if(knownTargets().begin(), knownTargets().end(),
                    [](const TargetDescription &target) { return runsHere(target.name); });
  return host;
}

} // namespace roux
