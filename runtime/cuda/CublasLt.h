//===- CublasLt.h - NVIDIA's matrix products, opened when needed ----------===//
//
// Its functions are looked up at run time, as the driver's are, so that a build needs
// nothing of it and runs without it. Only what is called stands here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDriver.h"

namespace roux::cuda {

// The library's types, and of its numbers those that are used, as its interface has them for good.
inline constexpr int typeOfF32 = 0, typeOfBF16 = 14;
inline constexpr int computeF32 = 68, computeF32Pedantic = 69;
// Attributes of a product, and what two of them may be.
inline constexpr int transposeA = 3, transposeB = 4, epilogue = 7, biasPointer = 8;
inline constexpr int transposed = 1, withBias = 4;
// Attributes of what is wanted of an algorithm.
inline constexpr int mostWorkspace = 1, reductionSchemes = 3;
inline constexpr int alignmentA = 5, alignmentB = 6, alignmentC = 7, alignmentD = 8;
/// Parts of a sum in its own type, added in a step of their own: not in a result that is rounded,
/// nor in the order in which blocks happen to end.
inline constexpr uint32_t reductionInSums = 2;
inline constexpr int algorithmNumber = 0; ///< an attribute of an algorithm

struct ProductAlgorithm {
  uint64_t data[8];
};
struct FoundAlgorithm {
  ProductAlgorithm algorithm;
  size_t workspaceBytes;
  Result state; ///< the rest holds where it is success
  float waves;
  int reserved[4];
};

/// X(member, symbol, parameters)
#define ROUX_CUBLASLT_FUNCTIONS(X)                                                                 \
  X(create, cublasLtCreate, (Handle *))                                                            \
  X(createProduct, cublasLtMatmulDescCreate, (Handle *, int, int))                                 \
  X(destroyProduct, cublasLtMatmulDescDestroy, (Handle))                                           \
  X(setProduct, cublasLtMatmulDescSetAttribute, (Handle, int, const void *, size_t))               \
  X(getProduct, cublasLtMatmulDescGetAttribute, (Handle, int, void *, size_t, size_t *))           \
  X(createLayout, cublasLtMatrixLayoutCreate, (Handle *, int, uint64_t, uint64_t, int64_t))        \
  X(destroyLayout, cublasLtMatrixLayoutDestroy, (Handle))                                          \
  X(createWish, cublasLtMatmulPreferenceCreate, (Handle *))                                        \
  X(destroyWish, cublasLtMatmulPreferenceDestroy, (Handle))                                        \
  X(setWish, cublasLtMatmulPreferenceSetAttribute, (Handle, int, const void *, size_t))            \
  X(getWish, cublasLtMatmulPreferenceGetAttribute, (Handle, int, void *, size_t, size_t *))        \
  X(findAlgorithms, cublasLtMatmulAlgoGetHeuristic,                                                \
    (Handle, Handle, Handle, Handle, Handle, Handle, Handle, int, FoundAlgorithm *, int *))        \
  X(ofAlgorithm, cublasLtMatmulAlgoConfigGetAttribute,                                             \
    (const ProductAlgorithm *, int, void *, size_t, size_t *))                                     \
  X(multiply, cublasLtMatmul,                                                                      \
    (Handle, Handle, const void *, const void *, Handle, const void *, Handle, const void *,       \
     const void *, Handle, void *, Handle, const ProductAlgorithm *, void *, size_t, Handle))

class CublasLt {
public:
  /// `libcublasLt.so.13` or `.12`, of the loader's folders or of /usr/local/cuda. Throws CudaError
  /// that says what is missing. It is never closed: what it has of a GPU it gives up with the
  /// process, when the GPU may be gone.
  CublasLt();

  /// 130100 is 13.1.
  int64_t version() const { return static_cast<int64_t>(getVersion()); }
  /// Throws CudaError "cuBLASLt does not WHAT: CUBLAS_STATUS_NOT_SUPPORTED (15)" unless `result` is
  /// success.
  void check(Result result, const std::string &what) const;

#define ROUX_CUBLASLT_MEMBER(member, symbol, parameters) Result(*member) parameters = nullptr;
  ROUX_CUBLASLT_FUNCTIONS(ROUX_CUBLASLT_MEMBER)
#undef ROUX_CUBLASLT_MEMBER

private:
  size_t (*getVersion)() = nullptr;
  const char *(*statusName)(Result) = nullptr;
};

} // namespace roux::cuda
