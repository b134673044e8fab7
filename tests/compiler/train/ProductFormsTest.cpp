//===- ProductFormsTest.cpp - what a kernel multiplies, as its form says --===//
//
// A model is trained by a GPU's kernels on the emulator, each launch held to plain loops by
// its form, and again with all that has a form done by a library: the stand-in for cuBLASLt,
// which multiplies what it is told. The losses are the same, to rounding.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/cuda/CublasLtProducts.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/simt/SimtDevice.h"
#include "runtime/train/ModelProgram.h"
#include "tests/Paths.h"
#include "tests/runtime/cuda/PlainProduct.h"
#include "tests/runtime/cuda/StandInStream.h"

#include <cmath>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <set>

using namespace roux;
using test::PlainProduct;

namespace {

/// cuBLASLt's stand-in on the emulator's memory, which it is told of as a driver's.
class Library {
public:
  Library()
      : loaded(dlopen(ROUX_STAND_IN_PRODUCTS_LIBRARY, RTLD_NOW)), library(cuda::openCublasLt()) {
    // Whoever asks for something has made the GPU their own.
    void *context = nullptr;
    function<int(void **, int)>("cuDevicePrimaryCtxRetain")(&context, 0);
    function<int(void *)>("cuCtxSetCurrent")(context);
    function<int(void **, unsigned)>("cuStreamCreate")(&stream, 0);
  }

  void run(const ProductForm &form, const KernelLaunch &launch) {
    cuda::ProductBuffers buffers;
    for (size_t i = 0; i < buffers.matrices.size(); ++i) {
      const ProductForm::Matrix &matrix = form.matrices[i];
      int64_t bytes = productElementBytes(i <= ProductForm::Right ? form.operand : form.stored);
      if (matrix.argument >= 0)
        buffers.matrices[i] =
            (launch.arguments[matrix.argument] + matrix.from * bytes) ^ stand_in::distance;
    }
    library->plan(form, launch.extent, cuda::alignmentsOf(buffers))->run(buffers, stream);
    function<int(void *)>("cuStreamSynchronize")(stream);
  }

private:
  /// Of the stand-in's driver.
  template <typename Type>
  Type *function(const char *name) {
    return reinterpret_cast<Type *>(dlsym(loaded, name));
  }

  void *loaded, *stream = nullptr;
  std::unique_ptr<cuda::ProductLibrary> library;
};

/// Kernels of which products are compared with their forms, or are a library's.
class HeldToForms : public LoadedKernels {
public:
  HeldToForms(const Program &program, std::unique_ptr<LoadedKernels> kernels, bool isByLibrary,
              std::set<std::string> &seen)
      : program(program), kernels(std::move(kernels)), seen(seen) {
    if (isByLibrary)
      library.emplace();
  }

  void launch(const KernelLaunch &launch) override {
    std::vector<PlainProduct> products;
    std::vector<std::vector<double>> expected;
    for (const ProductForm &form : program.products)
      if (form.kernel == int64_t(launch.kernel)) {
        products.push_back({form, launch.extent, launch.arguments});
        seen.insert(form.text());
        if (library)
          library->run(form, launch);
        else
          expected.push_back(products.back().results());
      }
    if (products.empty() || !library)
      kernels->launch(launch);
    for (size_t i = 0; i < expected.size(); ++i)
      compare(products[i], expected[i], program.kernels[launch.kernel]);
  }

private:
  static void compare(const PlainProduct &product, const std::vector<double> &expected,
                      const std::string &kernel) {
    std::vector<double> found = product.stored();
    double largest = 0, gap = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      largest = std::max(largest, std::abs(expected[i]));
      gap = std::max(gap, std::abs(found[i] - expected[i]));
    }
    EXPECT_LE(gap, largest * (product.form.stored == "f32" ? 1e-5 : 0x1p-8))
        << kernel << ": " << product.form.text();
  }

  const Program &program;
  std::unique_ptr<LoadedKernels> kernels;
  std::optional<Library> library;
  std::set<std::string> &seen;
};

class FormsDevice : public SimtDevice {
public:
  explicit FormsDevice(bool isByLibrary) : SimtDevice({.threads = 2}), isByLibrary(isByLibrary) {}
  std::unique_ptr<LoadedKernels> load(const Program &program) override {
    return std::make_unique<HeldToForms>(program, SimtDevice::load(program), isByLibrary, seen);
  }
  std::set<std::string> seen;

private:
  bool isByLibrary;
};

const char *const llama = R"({"model_type": "llama", "hidden_size": 32, "intermediate_size": 64,
  "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 32,
  "max_position_embeddings": 64, "rms_norm_eps": 1e-5})";
/// With biases, which are f32 beside bf16 too: then they are left to kernels.
const char *const gpt2 = R"({"model_type": "gpt2", "n_embd": 32, "n_layer": 1, "n_head": 4,
  "vocab_size": 32, "n_positions": 64, "layer_norm_epsilon": 1e-5})";

/// What is made of three steps, each of two sequences in which a token is one more than the last.
struct Trained {
  std::vector<double> losses;
  std::set<std::string> products;
};

Trained train(const char *config, StepType type, bool isByLibrary) {
  StepSource source;
  source.config = model::parseConfig(config, "tiny");
  source.type = type;
  source.code = CodeKind::Emulated;
  source.machine = "sm_90a";
  source.weight.formula.nodes = {{.number = 0.025}};
  std::optional<Program> program = compileStep(source, kernelsOfProcess());
  EXPECT_TRUE(program);
  auto device = std::make_shared<FormsDevice>(isByLibrary);
  train::ModelProgram model(std::move(*program), source.config, device);
  model.setParameters(model::freshWeights(source.config, 0.05, data::SeedTree(1)));
  Trained made;
  for (int step = 0; step < 3; ++step) {
    std::vector<int32_t> tokens, labels, positions;
    for (int i = 0; i < 40; ++i) {
      int at = i < 13 ? i : i - 13;
      tokens.push_back((i + step) % 32), positions.push_back(at);
      labels.push_back(i == 12 || i == 39 ? -1 : (i + step + 1) % 32);
    }
    model.zeroGradients();
    made.losses.push_back(model.addGradient({tokens, labels, positions, {0, 13, 40}}));
    model.update(1e-2, 1, 1, 1);
  }
  made.products = device->seen;
  return made;
}

void expectSame(const char *config, StepType type, const std::vector<std::string> &kinds) {
  Trained byKernels = train(config, type, false), byLibrary = train(config, type, true);
  double bound = type == StepType::F32 ? 1e-5 : 1e-2;
  for (size_t i = 0; i < byKernels.losses.size(); ++i)
    EXPECT_NEAR(byLibrary.losses[i], byKernels.losses[i], bound * byKernels.losses[i]);
  EXPECT_LT(byKernels.losses.back(), byKernels.losses.front());
  EXPECT_EQ(byLibrary.products, byKernels.products);
  std::string all = fmt::format("{}", fmt::join(byKernels.products, "\n"));
  for (const std::string &kind : kinds)
    EXPECT_NE(all.find(kind), all.npos) << kind << " is not in\n" << all;
}

TEST(ProductForms, AreWhatKernelsDo) {
  expectSame(llama, StepType::F32,
             {"product nt, 32 columns of 64 terms, f32 into f32, added to a matrix",
              "product nn, 32 columns of 32 terms, f32 into f32",
              "product tn, 64 x 32, f32 into f32, added to what is there"});
  expectSame(llama, StepType::BF16,
             {"product nt, 32 columns of 64 terms, bf16 into bf16, added to a matrix",
              "product nn, 32 columns of 32 terms, bf16 into bf16",
              "product tn, 64 x 32, bf16 into f32, added to what is there"});
  expectSame(gpt2, StepType::F32, {", with a bias", ", added to a matrix, with a bias"});
  expectSame(gpt2, StepType::BF16, {"product nn, 32 columns of 32 terms, bf16 into bf16"});
}

} // namespace
