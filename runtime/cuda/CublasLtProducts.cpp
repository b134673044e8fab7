//===- CublasLtProducts.cpp - cuBLASLt's matrix products ------------------===//
//
// The library counts a matrix column by column. Ours, row by row, is to it the transposed
// one, so it is asked for the transposed result, of the operands in the other order.
// Tested against a stand-in that multiplies; with the library itself it has not run on a
// GPU yet.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CublasLtProducts.h"

#include "runtime/cuda/CublasLt.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::cuda {

ProductAlignments alignmentsOf(const ProductBuffers &buffers) {
  constexpr Address most = 256;
  ProductAlignments found = {};
  for (size_t i = 0; i < found.size(); ++i)
    found[i] = static_cast<uint32_t>(std::min(most, buffers.matrices[i] & -buffers.matrices[i]));
  return found;
}

namespace {

using Argument = ProductForm::Argument;

/// What the library has made and is to give up.
class Made {
public:
  using Destroy = Result (*)(Handle);
  Made() = default;
  Made(Handle handle, Destroy destroy) : held(handle, destroy) {}
  Handle get() const { return held.get(); }

private:
  std::unique_ptr<void, Destroy> held{nullptr, nullptr};
};

/// What a plan multiplies, as the library has it.
struct Description {
  Made product;
  std::array<Made, ProductForm::argumentKinds> layouts;

  Handle of(Argument which) const { return layouts[which].get(); }
  /// Without an addend the library is told of the result in its place, and reads nothing.
  Handle ofAddend() const {
    return of(Argument::Addend) ? of(Argument::Addend) : of(Argument::Result);
  }
};

struct Opened {
  CublasLt library;
  Handle handle = nullptr; ///< never given up, as the library
};

class CublasLtPlan : public ProductPlan {
public:
  CublasLtPlan(std::shared_ptr<Opened> given, const ProductForm &form, Description description,
               const FoundAlgorithm &found)
      : opened(std::move(given)), form(form), description(std::move(description)), found(found) {
    int number = 0;
    size_t written = 0;
    opened->library.check(opened->library.ofAlgorithm(&found.algorithm, algorithmNumber, &number,
                                                      sizeof number, &written),
                          "number its algorithm");
    name = fmt::format("algorithm {}", number);
  }

  std::string algorithm() const override { return name; }
  int64_t workspaceBytes() const override { return static_cast<int64_t>(found.workspaceBytes); }
  void run(const ProductBuffers &buffers, Handle stream) override;

private:
  std::shared_ptr<Opened> opened;
  ProductForm form;
  Description description;
  FoundAlgorithm found;
  std::string name;
};

void CublasLtPlan::run(const ProductBuffers &buffers, Handle stream) {
  const CublasLt &library = opened->library;
  auto at = [&](Argument which) {
    return reinterpret_cast<void *>(buffers.matrices[form.has(which) ? which : Argument::Result]);
  };
  if (form.has(Argument::Bias)) {
    void *bias = at(Argument::Bias);
    library.check(library.setProduct(description.product.get(), biasPointer, &bias, sizeof bias),
                  "take the bias");
  }
  float once = 1, addend = form.has(Argument::Addend) ? 1 : 0;
  library.check(library.multiply(opened->handle, description.product.get(), &once,
                                 at(Argument::Right), description.of(Argument::Right),
                                 at(Argument::Left), description.of(Argument::Left), &addend,
                                 at(Argument::Addend), description.ofAddend(), at(Argument::Result),
                                 description.of(Argument::Result), &found.algorithm,
                                 reinterpret_cast<void *>(buffers.workspace), found.workspaceBytes,
                                 stream),
                "multiply");
}

class CublasLtProducts : public ProductLibrary {
public:
  CublasLtProducts() : opened(std::make_shared<Opened>()) {
    opened->library.check(opened->library.create(&opened->handle), "start");
  }

  std::string name() const override {
    int64_t version = opened->library.version();
    return fmt::format("cuBLASLt {}.{}", version / 10000, version / 100 % 100);
  }
  std::unique_ptr<ProductPlan> plan(const ProductForm &form, int64_t extent,
                                    const ProductAlignments &alignments) override;

private:
  Description describe(const ProductForm &form, int64_t extent,
                       const ProductAlignments &alignments);
  Made layout(const std::string &element, int64_t rows, int64_t columns, int64_t pitch);
  Made wish(const ProductForm &form, const ProductAlignments &alignments);

  std::shared_ptr<Opened> opened;
};

Made CublasLtProducts::layout(const std::string &element, int64_t rows, int64_t columns,
                              int64_t pitch) {
  const CublasLt &library = opened->library;
  Handle made = nullptr;
  library.check(
      library.createLayout(&made, element == "f32" ? typeOfF32 : typeOfBF16, columns, rows, pitch),
      "describe a matrix");
  return {made, library.destroyLayout};
}

Description CublasLtProducts::describe(const ProductForm &form, int64_t extent,
                                       const ProductAlignments &alignments) {
  const CublasLt &library = opened->library;
  Description made;
  Handle product = nullptr;
  library.check(library.createProduct(
                    &product, form.operand == "f32" ? computeF32Pedantic : computeF32, typeOfF32),
                "describe a product");
  made.product = {product, library.destroyProduct};
  auto set = [&](int attribute, const auto &value) {
    library.check(library.setProduct(product, attribute, &value, sizeof value),
                  "take what a product is");
  };
  using Shape = ProductForm::Shape;
  if (form.shape == Shape::NT)
    set(transposeA, int32_t(transposed));
  if (form.shape == Shape::TN)
    set(transposeB, int32_t(transposed));
  if (form.has(Argument::Bias)) {
    set(epilogue, uint32_t(withBias));
    set(biasPointer, uint64_t(alignments[Argument::Bias])); // whose alignment counts
  }
  int64_t rows = form.rowsFor(extent), terms = form.termsFor(extent);
  for (Argument which : {Argument::Left, Argument::Right, Argument::Result, Argument::Addend}) {
    if (!form.has(which))
      continue;
    bool isOperand = which == Argument::Left || which == Argument::Right;
    bool isOfTerms = isOperand && (form.shape == Shape::TN ||
                                   (form.shape == Shape::NN && which == Argument::Right));
    int64_t count = isOfTerms ? terms : which == Argument::Right ? form.columns : rows;
    made.layouts[which] = layout(isOperand ? form.operand : form.stored, count,
                                 form.columnsOf(which), form[which].pitch);
  }
  return made;
}

/// What is wanted of an algorithm.
Made CublasLtProducts::wish(const ProductForm &form, const ProductAlignments &alignments) {
  const CublasLt &library = opened->library;
  Handle wish = nullptr;
  library.check(library.createWish(&wish), "take wishes");
  Made made(wish, library.destroyWish);
  auto set = [&](int attribute, const auto &value) {
    library.check(library.setWish(wish, attribute, &value, sizeof value), "take a wish");
  };
  set(mostWorkspace, uint64_t(productWorkspaceBytes));
  set(reductionSchemes, reductionInSums);
  Argument addend = form.has(Argument::Addend) ? Argument::Addend : Argument::Result;
  set(alignmentA, alignments[Argument::Right]);
  set(alignmentB, alignments[Argument::Left]);
  set(alignmentC, alignments[addend]);
  set(alignmentD, alignments[Argument::Result]);
  return made;
}

std::unique_ptr<ProductPlan> CublasLtProducts::plan(const ProductForm &form, int64_t extent,
                                                    const ProductAlignments &alignments) {
  const CublasLt &library = opened->library;
  Description description = describe(form, extent, alignments);
  Made wishes = wish(form, alignments);
  FoundAlgorithm found = {};
  int count = 0;
  std::string what = fmt::format("have an algorithm for {} over {}", form.text(), extent);
  library.check(library.findAlgorithms(
                    opened->handle, description.product.get(), description.of(Argument::Right),
                    description.of(Argument::Left), description.ofAddend(),
                    description.of(Argument::Result), wishes.get(), 1, &found, &count),
                what);
  if (count < 1)
    throw CudaError(fmt::format("cuBLASLt does not {}", what));
  library.check(found.state, what);
  return std::make_unique<CublasLtPlan>(opened, form, std::move(description), found);
}

} // namespace

std::unique_ptr<ProductLibrary> openCublasLt() {
  return std::make_unique<CublasLtProducts>();
}

} // namespace roux::cuda
