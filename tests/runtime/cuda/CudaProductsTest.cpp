//===- CudaProductsTest.cpp - who multiplies a program's matrices ---------===//
//
// Against stand-ins for the driver and for cuBLASLt, which multiplies what it is told to:
// that this is what a form says, which of the two launches a kernel gets, what is chosen.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaProducts.h"

#include "runtime/Seal.h"
#include "runtime/device/Executor.h"
#include "tests/runtime/cuda/PlainProduct.h"

#include <cmath>
#include <cstdlib>
#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>

using namespace roux;
using namespace roux::cuda;
using Shape = ProductForm::Shape;
using Choices = std::map<std::string, std::string>;

namespace {

/// Since the last call of either.
std::string newOf(const char *library, const char *what) {
  static std::map<std::string, size_t> seen;
  // Whoever asks for libcublasLt.so.13 later gets the one that is loaded.
  void *loaded = dlopen(library, RTLD_NOW);
  EXPECT_TRUE(loaded) << dlerror();
  std::string all = reinterpret_cast<const char *(*)()>(dlsym(loaded, what))();
  return all.substr(std::exchange(seen[what], all.size()));
}
std::string asked() {
  return newOf(ROUX_STAND_IN_PRODUCTS_LIBRARY, "roux_stand_in_products");
}
size_t launches() {
  std::string all = newOf(ROUX_STAND_IN_DRIVER, "roux_stand_in_launches");
  return std::count(all.begin(), all.end(), '\n');
}

/// What is wrong with the library.
void breakLibrary(const char *how) {
  setenv("ROUX_STAND_IN_PRODUCTS", how, 1);
}

constexpr int64_t rows = 7, columns = 5, terms = 11;

/// Of the shape, with room beside every matrix.
ProductForm formOf(Shape shape, const std::string &operand, const std::string &stored) {
  ProductForm form;
  form.shape = shape, form.operand = operand, form.stored = stored;
  bool isTN = shape == Shape::TN;
  form.rows = isTN ? rows : -1, form.terms = isTN ? -1 : terms, form.columns = columns;
  for (ProductForm::Argument which : {ProductForm::Left, ProductForm::Right, ProductForm::Result})
    form.matrices[which] = {which, 2, form.columnsOf(which) + 3};
  return form;
}

/// A program of one kernel, `multiply`, with five arguments, and a device.
struct Setting {
  static constexpr size_t arguments = 5;
  std::shared_ptr<CudaDevice> device;
  Program program;
  std::vector<std::vector<std::byte>> bytes; ///< of the arguments
  std::vector<DeviceMemory> memory;
  std::unique_ptr<Executor> executor;

  explicit Setting(std::vector<ProductForm> forms, LibraryOptions options = {},
                   int64_t extent = 0) {
    asked();
    launches();
    device = std::make_shared<CudaDevice>(ROUX_STAND_IN_DRIVER);
    device->setLibraries(options);
    program.target.name = "sm_90a";
    program.kind = CodeKind::PTX;
    program.kernels = {"multiply"};
    program.phases = {{{"multiply", 128, 0, 1, 0, -1}}};
    program.code = sealed(".visible .entry multiply(.param .u64 a, .param .u64 b, .param .u64 c, "
                          ".param .u64 d, .param .u64 e, .param .u64 f) {}\n");
    program.products = std::move(forms);
    fill(program.products[0].operand);
    Entry &entry = program.entries.emplace_back();
    entry.name = "nll", entry.registers = arguments + 1;
    for (uint32_t i = 0; i < arguments; ++i)
      entry.instructions.push_back(
          {Opcode::Constant, i, int64_t(std::bit_cast<uint64_t>(memory[i].data())), {}, "", ""});
    entry.instructions.push_back({Opcode::Extent, arguments, 0, {}, "tokens", ""});
    entry.instructions.push_back({Opcode::Launch, 0, 0, {5, 0, 1, 2, 3, 4}, "", "r:1"});
  }

  void fill(const std::string &operand) {
    std::mt19937 draw(7);
    std::normal_distribution<double> normal;
    for (size_t i = 0; i < arguments; ++i) {
      const std::string &element = i < 2 ? operand : program.products[0].stored;
      bytes.emplace_back(4096);
      for (size_t at = 0; at < bytes[i].size(); at += productElementBytes(element))
        test::writeNumber(element, std::bit_cast<uint64_t>(&bytes[i][at]), normal(draw));
      memory.emplace_back(device, bytes[i].size(), "an argument");
      device->upload(memory[i].data(), bytes[i]);
    }
  }

  LoadedKernels &kernels() {
    if (!executor)
      executor = std::make_unique<Executor>(Program::load(program.save(), "test"), device);
    run(0); // loads them
    return *executor->loadedKernels();
  }
  void run(int64_t tokens) {
    if (!executor)
      executor = std::make_unique<Executor>(Program::load(program.save(), "test"), device);
    Bindings bindings;
    bindings.extents["tokens"] = tokens;
    executor->run("nll", bindings);
    device->synchronise();
  }
  Choices choices() { return executor->loadedKernels()->choices(); }

  std::vector<uint64_t> addresses() {
    std::vector<uint64_t> all;
    for (auto &each : bytes)
      all.push_back(std::bit_cast<uint64_t>(each.data()));
    return all;
  }
};

/// The largest difference of a result from what plain loops say, in what rounding to the stored
/// type may be; what lies beside is as it was.
double errorOf(const ProductForm &form, int64_t extent) {
  Setting s({form});
  std::vector<uint64_t> addresses = s.addresses();
  test::PlainProduct plain{form, extent, addresses};
  std::vector<double> expected = plain.results();
  std::vector<std::byte> &here = s.bytes[ProductForm::Result], there(here.size());
  s.run(extent);
  EXPECT_EQ(launches(), 0u);
  s.device->download(there, s.memory[ProductForm::Result].data());
  std::vector<std::byte> before = here;
  std::ranges::copy(there, here.begin());
  std::vector<double> found = plain.stored();
  std::ranges::copy(before, here.begin());
  plain.store(found);
  EXPECT_EQ(here, there) << "something beside the result was written";
  double worst = 0, unit = form.stored == "f32" ? 0x1p-22 : 0x1p-8;
  for (size_t i = 0; i < found.size(); ++i)
    worst = std::max(worst, std::abs(found[i] - expected[i]) / (1 + std::abs(expected[i])) / unit);
  return worst;
}

TEST(CudaProducts, AreWhatPlainLoopsAre) {
  breakLibrary("");
  struct Types {
    const char *operand, *stored;
  };
  for (Shape shape : {Shape::NT, Shape::NN, Shape::TN})
    for (auto [operand, stored] : {Types{"bf16", "bf16"}, {"bf16", "f32"}, {"f32", "f32"}})
      for (int with = 0; with < 6; ++with) {
        ProductForm form = formOf(shape, operand, stored);
        if (with % 3 == 1)
          form.matrices[ProductForm::Addend] = form.matrices[ProductForm::Result];
        if (with % 3 == 2)
          form.matrices[ProductForm::Addend] = {3, 1, columns + 2};
        if (with / 3)
          form.matrices[ProductForm::Bias] = {4, 4, columns + 4};
        EXPECT_LE(errorOf(form, shape == Shape::TN ? terms : rows), 1) << form.text();
      }
}

const ProductForm plainForm = formOf(Shape::NT, "bf16", "f32");

TEST(CudaProducts, AskForWhatTheyNeed) {
  breakLibrary("");
  Setting s({plainForm});
  s.run(7);
  s.run(7);
  s.run(8);
  // Transposed: columns, rows, terms; of right, left and result, and of the result for an addend.
  EXPECT_EQ(asked(), "algorithm for 5 x 7 of 11, aligned to 4 4 8 8\nproduct\nproduct\n"
                     "algorithm for 5 x 8 of 11, aligned to 4 4 8 8\nproduct\n");
  s.run(0);
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(launches(), 1u) << "what has no rows is left to the kernel";
  breakLibrary("wants some");
  Setting more({plainForm});
  more.run(7);
  EXPECT_EQ(launches(), 0u) << "a workspace is there where one is wanted";
}

TEST(CudaProducts, AreAllOfAKernels) {
  breakLibrary("");
  ProductForm second = plainForm;
  second.matrices[ProductForm::Result] = {3, 1, columns + 1};
  Setting s({plainForm, second});
  s.run(7);
  EXPECT_EQ(asked(), "algorithm for 5 x 7 of 11, aligned to 4 4 8 8\n"
                     "algorithm for 5 x 7 of 11, aligned to 4 4 4 4\nproduct\nproduct\n");
  EXPECT_EQ(launches(), 0u);
  breakLibrary("fails later");
  Setting failing({plainForm, second});
  EXPECT_THROW(failing.run(7), CudaError) << "half of it is done, and may have been added";
}

TEST(CudaProducts, AreTheKernelsWhereTheLibraryFails) {
  struct Fault {
    const char *how, *said;
  };
  for (auto [how, said] :
       {Fault{"no algorithm", "cuBLASLt does not have an algorithm for product nt, 5 columns of 11 "
                              "terms, bf16 into f32 over 7"},
        {"not supported", "cuBLASLt does not have an algorithm for product nt, 5 columns of 11 "
                          "terms, bf16 into f32 over 7: CUBLAS_STATUS_NOT_SUPPORTED (15)"},
        {"wants much", "cuBLASLt 13.1's algorithm 66 wants a workspace of 33554433 bytes, more "
                       "than the 33554432 that it is given"},
        {"fails", "cuBLASLt does not multiply: CUBLAS_STATUS_NOT_SUPPORTED (15)"}}) {
    breakLibrary(how);
    Setting s({plainForm});
    testing::internal::CaptureStderr();
    s.run(7);
    s.run(8); // of the same class
    EXPECT_EQ(
        testing::internal::GetCapturedStderr(),
        fmt::format("note: multiply of 7 to 8 rows is the generated kernel's from here on: {}\n",
                    said));
    EXPECT_EQ(launches(), 2u);
    EXPECT_EQ(s.choices(), (Choices{{"multiply of 7 to 8 rows", "kernel"}}));
  }
}

TEST(CudaProducts, HaveOneWorkspaceForAllProgramsOfADevice) {
  breakLibrary("wants some");
  Setting s({plainForm});
  auto taken = [&](Setting &by) {
    by.kernels();
    int64_t before = s.device->memory().second;
    by.run(7);
    EXPECT_EQ(launches(), 1u) << "the one over nothing";
    return before - s.device->memory().second;
  };
  EXPECT_EQ(taken(s), productWorkspaceBytes);
  Setting other({plainForm});
  other.device = s.device; // whose program it is then
  EXPECT_EQ(taken(other), 0);
  EXPECT_EQ(asked(), "algorithm for 5 x 7 of 11, aligned to 4 4 8 8\nproduct\n");
}

TEST(CudaProducts, AreTheKernelsWhereThereIsNoRoomForTheirWorkspace) {
  breakLibrary("wants some");
  setenv("ROUX_STAND_IN", "small", 1);
  Setting s({plainForm});
  testing::internal::CaptureStderr();
  s.run(7);
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said.starts_with(
      "note: multiply of 7 to 8 rows is the generated kernel's from here on: no memory "
      "for 33554432 bytes of libraries' workspace: "))
      << said;
  EXPECT_EQ(launches(), 1u);
  unsetenv("ROUX_STAND_IN");
}

TEST(CudaProducts, SayWhoDoesThem) {
  breakLibrary("");
  Setting library({plainForm}), either({plainForm}, {.deterministic = false});
  EXPECT_EQ(library.kernels().note(), "plain products by cuBLASLt 13.1; launches as CUDA graphs");
  EXPECT_EQ(either.kernels().note(),
            "plain products by cuBLASLt 13.1 or the generated kernels, whichever is quicker where "
            "sizes like theirs first come; launches as CUDA graphs");
  breakLibrary("no start");
  Setting none({plainForm});
  EXPECT_EQ(none.kernels().note(),
            "plain products by the generated kernels: cuBLASLt does not start: "
            "CUBLAS_STATUS_NOT_INITIALIZED (1); launches as CUDA graphs");
  none.run(7);
  EXPECT_EQ(launches(), 2u); // the first over nothing
  EXPECT_EQ(none.choices(), (Choices{{"multiply of 7 to 8 rows", "kernel"}}));
  Setting without({plainForm});
  without.program.products.clear();
  EXPECT_EQ(without.kernels().note(), "launches as CUDA graphs");
}

TEST(CudaProducts, AreWhoseIsQuickerAndStaySo) {
  for (bool isKernelSlow : {false, true}) {
    setenv("ROUX_STAND_IN", isKernelSlow ? "slow" : "", 1);
    breakLibrary(isKernelSlow ? "" : "slow");
    Setting s({plainForm}, {.deterministic = false});
    std::string quicker = isKernelSlow ? "cuBLASLt 13.1" : "kernel";
    for (int turn = 0; turn < 4; ++turn) {
      EXPECT_EQ(s.executor ? s.choices() : Choices(), Choices()) << turn;
      s.run(7);
      EXPECT_EQ(launches(), turn % 2 ? 0u : 1u) << "in turns, each once";
    }
    EXPECT_EQ(s.choices(), (Choices{{"multiply of 7 to 8 rows", quicker}}));
    s.run(8);
    EXPECT_EQ(launches(), isKernelSlow ? 0u : 1u);
    s.run(9);
    EXPECT_EQ(launches(), 1u) << "another class takes turns of its own";

    Setting resumed({plainForm}, {.deterministic = false});
    resumed.kernels().useChoices(
        {{"multiply of 7 to 8 rows", quicker},
         {"attend of at most 1 segment of at most 1 tokens, together at most 1", "library"}});
    launches();
    resumed.run(7);
    EXPECT_EQ(launches(), isKernelSlow ? 0u : 1u);
    EXPECT_EQ(
        resumed.choices(),
        (Choices{{"attend of at most 1 segment of at most 1 tokens, together at most 1", "library"},
                 {"multiply of 7 to 8 rows", quicker}}));
  }
  setenv("ROUX_STAND_IN", "", 1);
}

TEST(CudaProducts, SettleOnTheSameWhereBitsAreTheSame) {
  breakLibrary("");
  Setting s({plainForm});
  s.run(7);
  EXPECT_EQ(s.choices(), (Choices{{"multiply of 7 to 8 rows", "cuBLASLt 13.1"}}));
  Setting resumed({plainForm});
  resumed.kernels().useChoices({{"multiply of 7 to 8 rows", "kernel"}});
  launches();
  resumed.run(7);
  EXPECT_EQ(launches(), 1u);
}

TEST(CudaProducts, SayWhatIsAnotherLibrarysNow) {
  std::string now;
  auto said = [&](const char *how) {
    breakLibrary(how);
    Setting s({plainForm});
    s.kernels();
    testing::internal::CaptureStderr();
    s.kernels().useChoices(
        {{"multiply of 4 rows", "kernel"}, {"multiply of 7 to 8 rows", "cuBLASLt 13.1"}});
    EXPECT_EQ(s.choices().at("multiply of 4 rows"), "kernel");
    now = s.choices().at("multiply of 7 to 8 rows");
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said(""), "");
  EXPECT_EQ(now, "cuBLASLt 13.1");
  EXPECT_EQ(said("other version"),
            "note: multiply of 7 to 8 rows was cuBLASLt 13.1's before and is cuBLASLt "
            "13.2's now, which may round otherwise\n");
  EXPECT_EQ(now, "cuBLASLt 13.2");
  EXPECT_EQ(
      said("no start"),
      "note: multiply of 7 to 8 rows was cuBLASLt 13.1's before and is the generated kernel's now: "
      "cuBLASLt does not start: CUBLAS_STATUS_NOT_INITIALIZED (1)\n");
  EXPECT_EQ(now, "kernel");
}

} // namespace
