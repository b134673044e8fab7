//===- StandInProducts.cpp - a library that answers as cuBLASLt does ------===//
//
// It multiplies, column by column as the library counts, in plain loops over the memory of
// the driver that stands in, when that is waited for. What it is told that cannot be, it
// refuses. ROUX_STAND_IN_PRODUCTS says what is wrong with it.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CublasLt.h"
#include "tests/runtime/cuda/StandInStream.h"

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>

using namespace stand_in;
using roux::cuda::FoundAlgorithm, roux::cuda::ProductAlgorithm;

namespace {

constexpr int invalid = 7, unsupported = 15, notStarted = 1;
constexpr int bf16 = 14;

bool isWrong(const char *what) {
  const char *wrong = std::getenv("ROUX_STAND_IN_PRODUCTS");
  return wrong && std::string(wrong) == what;
}

/// What was asked for, a line a product.
std::string &journal() {
  static auto &text = *new std::string; // who is done with it last is not known
  return text;
}

/// Whether it has multiplied: what it makes ready before that cannot be captured.
bool isReady = false;

/// Attributes by number.
using Attributes = std::map<int, uint64_t>;
struct Product {
  int compute, scale;
  Attributes attributes;
};
struct Layout {
  int type;
  int64_t rows, columns, pitch;
};
double numberAt(const Layout &layout, const std::byte *memory, int64_t place) {
  if (layout.type == bf16) {
    uint16_t bits;
    std::memcpy(&bits, memory + place * 2, 2);
    return std::bit_cast<float>(uint32_t(bits) << 16);
  }
  float value;
  std::memcpy(&value, memory + place * 4, 4);
  return value;
}

void setNumber(const Layout &layout, std::byte *memory, int64_t place, double value) {
  auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  if (layout.type == bf16) {
    auto rounded = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    std::memcpy(memory + place * 2, &rounded, 2);
  } else {
    std::memcpy(memory + place * 4, &bits, 4);
  }
}

const std::byte *bytesAt(const void *address) {
  return static_cast<const std::byte *>(here(reinterpret_cast<Address>(address)));
}

/// One call of cublasLtMatmul.
struct Call {
  Product product;
  Layout a, b, c, d;
  const void *left = nullptr, *right = nullptr, *addend = nullptr, *to = nullptr;
  float alpha = 1, beta = 0;

  bool isTransposed(int attribute) const {
    auto found = product.attributes.find(attribute);
    return found != product.attributes.end() && found->second == 1;
  }
  int64_t terms() const { return isTransposed(3) ? a.rows : a.columns; }
  bool hasBias() const {
    auto found = product.attributes.find(7);
    return found != product.attributes.end() && found->second == 4;
  }
  bool fits() const;
  void run() const;
};

bool Call::fits() const {
  for (const Layout *layout : {&a, &b, &c, &d})
    if (layout->pitch < layout->rows || layout->rows < 1 || layout->columns < 1)
      return false;
  return (isTransposed(3) ? a.columns : a.rows) == d.rows &&
         (isTransposed(4) ? b.rows : b.columns) == d.columns &&
         (isTransposed(4) ? b.columns : b.rows) == terms() && a.type == b.type &&
         c.type == d.type && c.rows == d.rows && c.columns == d.columns &&
         product.compute == (a.type == bf16 ? 68 : 69) && product.scale == 0;
}

void Call::run() const {
  if (isWrong("slow"))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (int64_t column = 0; column < d.columns; ++column)
    for (int64_t row = 0; row < d.rows; ++row) {
      double sum = 0;
      for (int64_t k = 0; k < terms(); ++k)
        sum += numberAt(a, bytesAt(left), isTransposed(3) ? k + row * a.pitch : row + k * a.pitch) *
               numberAt(b, bytesAt(right),
                        isTransposed(4) ? column + k * b.pitch : k + column * b.pitch);
      sum *= alpha;
      if (beta != 0)
        sum += beta * numberAt(c, bytesAt(addend), row + column * c.pitch);
      if (hasBias())
        sum += numberAt(d, bytesAt(reinterpret_cast<const void *>(product.attributes.at(8))), row);
      setNumber(d, const_cast<std::byte *>(bytesAt(to)), row + column * d.pitch, sum);
    }
}

template <typename T>
int set(T &attributes, int attribute, const void *value, size_t bytes) {
  uint64_t number = 0;
  std::memcpy(&number, value, bytes);
  attributes[attribute] = number;
  return bytes == 4 || bytes == 8 ? 0 : invalid;
}
int get(const Attributes &attributes, int attribute, void *value, size_t bytes, size_t *written) {
  auto found = attributes.find(attribute);
  if (found == attributes.end())
    return invalid;
  std::memcpy(value, &found->second, bytes);
  *written = bytes;
  return 0;
}
template <typename T>
int destroy(Handle handle) {
  delete static_cast<T *>(handle);
  return 0;
}

} // namespace

extern "C" {

/// What was asked for since the beginning.
const char *roux_stand_in_products() {
  return journal().c_str();
}

int cublasLtCreate(Handle *handle) {
  isReady = false;
  *handle = &journal();
  return isWrong("no start") ? notStarted : 0;
}
size_t cublasLtGetVersion() {
  return isWrong("other version") ? 130200 : 130100;
}
const char *cublasLtGetStatusName(int status) {
  return status == notStarted    ? "CUBLAS_STATUS_NOT_INITIALIZED"
         : status == unsupported ? "CUBLAS_STATUS_NOT_SUPPORTED"
                                 : "CUBLAS_STATUS_INVALID_VALUE";
}
int cublasLtMatmulDescCreate(Handle *product, int compute, int scale) {
  *product = new Product{compute, scale, {}};
  return 0;
}
int cublasLtMatmulDescDestroy(Handle product) {
  return destroy<Product>(product);
}
int cublasLtMatmulDescSetAttribute(Handle product, int attribute, const void *value, size_t bytes) {
  return set(static_cast<Product *>(product)->attributes, attribute, value, bytes);
}
int cublasLtMatmulDescGetAttribute(Handle product, int attribute, void *value, size_t bytes,
                                   size_t *written) {
  return get(static_cast<Product *>(product)->attributes, attribute, value, bytes, written);
}
int cublasLtMatrixLayoutCreate(Handle *layout, int type, uint64_t rows, uint64_t columns,
                               int64_t pitch) {
  *layout = new Layout{type, int64_t(rows), int64_t(columns), pitch};
  return 0;
}
int cublasLtMatrixLayoutDestroy(Handle layout) {
  return destroy<Layout>(layout);
}
int cublasLtMatmulPreferenceCreate(Handle *wish) {
  *wish = new Attributes;
  return 0;
}
int cublasLtMatmulPreferenceDestroy(Handle wish) {
  return destroy<Attributes>(wish);
}
int cublasLtMatmulPreferenceSetAttribute(Handle wish, int attribute, const void *value,
                                         size_t bytes) {
  return set(*static_cast<Attributes *>(wish), attribute, value, bytes);
}
int cublasLtMatmulPreferenceGetAttribute(Handle wish, int attribute, void *value, size_t bytes,
                                         size_t *written) {
  return get(*static_cast<Attributes *>(wish), attribute, value, bytes, written);
}
int cublasLtMatmulAlgoGetHeuristic(Handle, Handle product, Handle a, Handle b, Handle c, Handle d,
                                   Handle wish, int, FoundAlgorithm *found, int *count) {
  auto layout = [](Handle handle) { return *static_cast<Layout *>(handle); };
  Call call{*static_cast<Product *>(product), layout(a), layout(b), layout(c), layout(d)};
  *count = isWrong("no algorithm") ? 0 : 1;
  auto &wishes = *static_cast<Attributes *>(wish);
  // The driver's memory is as aligned as that of the process.
  if (!call.fits() || wishes[3] != 2 || wishes[1] == 0)
    return invalid;
  *found = {};
  found->algorithm.data[0] = 66;
  found->workspaceBytes = isWrong("wants much") ? wishes[1] + 1 : isWrong("wants some") ? 64 : 0;
  journal() += "algorithm for " + std::to_string(call.d.rows) + " x " +
               std::to_string(call.d.columns) + " of " + std::to_string(call.terms()) +
               ", aligned to";
  for (int operand : {5, 6, 7, 8})
    journal() += " " + std::to_string(wishes[operand]);
  journal() += "\n";
  return isWrong("not supported") ? unsupported : 0;
}
int cublasLtMatmulAlgoConfigGetAttribute(const ProductAlgorithm *algorithm, int attribute,
                                         void *value, size_t bytes, size_t *written) {
  std::memcpy(value, &algorithm->data[0], bytes);
  *written = bytes;
  return attribute == 0 ? 0 : invalid;
}
int cublasLtMatmul(Handle, Handle product, const void *alpha, const void *left, Handle a,
                   const void *right, Handle b, const void *beta, const void *addend, Handle c,
                   void *to, Handle d, const ProductAlgorithm *algorithm, void *workspace,
                   size_t bytes, Handle stream) {
  auto layout = [](Handle handle) { return *static_cast<Layout *>(handle); };
  Call call{*static_cast<Product *>(product),
            layout(a),
            layout(b),
            layout(c),
            layout(d),
            left,
            right,
            addend,
            to,
            *static_cast<const float *>(alpha),
            *static_cast<const float *>(beta)};
  if (!hasContext() || !call.fits() || algorithm->data[0] != 66 || (bytes && !workspace))
    return invalid;
  if (isWrong("fails") || (isWrong("fails later") && journal().ends_with("product\n")))
    return unsupported;
  bool isCaptured = static_cast<Stream *>(stream)->isCaptured;
  if (isCaptured && (!isReady || isWrong("not captured")))
    return unsupported;
  isReady = true;
  journal() += "product\n";
  if (isCaptured && isWrong("puts nothing"))
    return 0;
  if (isWrong("idle"))
    return queue(stream, [] {}), 0;
  // Some sizes take two kernels.
  if (isWrong("splits") && call.d.columns % 2 == 0)
    queue(stream, [] {});
  queue(stream, [call] { call.run(); });
  return 0;
}
}
