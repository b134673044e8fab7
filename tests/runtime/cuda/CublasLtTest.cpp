//===- CublasLtTest.cpp - the numbers that cuBLASLt is told ---------------===//
//
// Against its header, and against the library itself, which describes products without a
// GPU; where it is not here, what is said of that.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CublasLtProducts.h"

#include "runtime/cuda/CublasLt.h"

#include <gtest/gtest.h>
#include <optional>
#ifdef ROUX_CUBLASLT_HEADER
#include <cublasLt.h>
#endif
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#endif

using namespace roux::cuda;

namespace {

#ifdef ROUX_CUBLASLT_HEADER
TEST(CublasLt, HasTheNumbersOfItsHeader) {
  EXPECT_EQ(typeOfF32, CUDA_R_32F);
  EXPECT_EQ(typeOfBF16, CUDA_R_16BF);
  EXPECT_EQ(computeF32, CUBLAS_COMPUTE_32F);
  EXPECT_EQ(computeF32Pedantic, CUBLAS_COMPUTE_32F_PEDANTIC);
  EXPECT_EQ(transposeA, CUBLASLT_MATMUL_DESC_TRANSA);
  EXPECT_EQ(transposeB, CUBLASLT_MATMUL_DESC_TRANSB);
  EXPECT_EQ(epilogue, CUBLASLT_MATMUL_DESC_EPILOGUE);
  EXPECT_EQ(biasPointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
  EXPECT_EQ(transposed, CUBLAS_OP_T);
  EXPECT_EQ(withBias, CUBLASLT_EPILOGUE_BIAS);
  EXPECT_EQ(mostWorkspace, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
  EXPECT_EQ(reductionSchemes, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
  EXPECT_EQ(alignmentA, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
  EXPECT_EQ(alignmentB, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
  EXPECT_EQ(alignmentC, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
  EXPECT_EQ(alignmentD, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
  EXPECT_EQ(reductionInSums, uint32_t(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  EXPECT_EQ(algorithmNumber, CUBLASLT_ALGO_CONFIG_ID);
  EXPECT_EQ(sizeof(ProductAlgorithm), sizeof(cublasLtMatmulAlgo_t));
  using Theirs = cublasLtMatmulHeuristicResult_t;
  EXPECT_EQ(sizeof(FoundAlgorithm), sizeof(Theirs));
  EXPECT_EQ(offsetof(FoundAlgorithm, workspaceBytes), offsetof(Theirs, workspaceSize));
  EXPECT_EQ(offsetof(FoundAlgorithm, state), offsetof(Theirs, state));
}
#endif

/// The library, with or without a GPU; none where it is not here, and why.
std::optional<CublasLt> libraryHere(std::string &whyNone) {
  try {
    return CublasLt();
  } catch (const CudaError &error) {
    whyNone = error.what();
    return std::nullopt;
  }
}

// What it has been told it says again, in as many bytes.
TEST(CublasLt, TakesWhatItIsTold) {
  std::string whyNone;
  std::optional<CublasLt> library = libraryHere(whyNone);
  if (!library) {
    EXPECT_TRUE(whyNone.starts_with("libcublasLt.so.13 cannot be loaded: ")) << whyNone;
    return;
  }
  EXPECT_GE(library->version(), 120000);
  Handle product = nullptr, wish = nullptr, layout = nullptr;
  for (int compute : {computeF32, computeF32Pedantic}) {
    ASSERT_EQ(library->createProduct(&product, compute, typeOfF32), success);
    auto keeps = [&](int attribute, auto value) {
      auto found = value;
      found = 0;
      size_t written = 0;
      return library->setProduct(product, attribute, &value, sizeof value) == success &&
             library->getProduct(product, attribute, &found, sizeof found, &written) == success &&
             written == sizeof value && found == value;
    };
    EXPECT_TRUE(keeps(transposeA, int32_t(transposed)));
    EXPECT_TRUE(keeps(transposeB, int32_t(transposed)));
    EXPECT_TRUE(keeps(epilogue, uint32_t(withBias)));
    EXPECT_TRUE(keeps(biasPointer, uint64_t(256)));
    EXPECT_FALSE(keeps(transposeA, int64_t(transposed))) << "of another size";
    EXPECT_EQ(library->destroyProduct(product), success);
  }
  ASSERT_EQ(library->createWish(&wish), success);
  auto keeps = [&](int attribute, auto value) {
    decltype(value) found = 0;
    size_t written = 0;
    return library->setWish(wish, attribute, &value, sizeof value) == success &&
           library->getWish(wish, attribute, &found, sizeof found, &written) == success &&
           written == sizeof value && found == value;
  };
  EXPECT_TRUE(keeps(mostWorkspace, uint64_t(32 << 20)));
  EXPECT_TRUE(keeps(reductionSchemes, reductionInSums));
  for (int attribute : {alignmentA, alignmentB, alignmentC, alignmentD})
    EXPECT_TRUE(keeps(attribute, uint32_t(16)));
  EXPECT_EQ(library->destroyWish(wish), success);
  for (int type : {typeOfF32, typeOfBF16}) {
    ASSERT_EQ(library->createLayout(&layout, type, 64, 1000, 192), success);
    EXPECT_EQ(library->destroyLayout(layout), success);
  }
}

// Without it, or a GPU that it would know, it is the generated kernels that run, and this is why.
TEST(CublasLt, SaysWhatIsMissing) {
#if __has_feature(address_sanitizer)
  __lsan::ScopedDisabler theLibraryLeaks; // where it does not start
#endif
  try {
    EXPECT_TRUE(openCublasLt()->name().starts_with("cuBLASLt "));
  } catch (const CudaError &error) {
    std::string said = error.what();
    EXPECT_TRUE(said == "cuBLASLt does not start: CUBLAS_STATUS_NOT_INITIALIZED (1)" ||
                said.starts_with("libcublasLt.so.13 cannot be loaded: "))
        << said;
  }
}

} // namespace
