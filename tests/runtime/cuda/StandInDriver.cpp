//===- StandInDriver.cpp - a library that answers as NVIDIA's driver does -===//
//
// So that what a machine without a GPU says, and what is asked of one with a GPU, can
// be tested. It computes nothing: memory is the process's, under addresses far away
// from there, launches are written down. ROUX_STAND_IN says what is wrong with it.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/cuda/StandInCubin.h"
#include "tests/runtime/cuda/StandInLaunch.h"
#include "tests/runtime/cuda/StandInStream.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace stand_in;

namespace {

struct Module {
  std::string text; ///< empty: of a cubin, whose functions are there from the start
  std::vector<std::unique_ptr<Function>> functions;
};

thread_local Handle context = nullptr;
size_t modules = 0;

std::map<Address, size_t> &allocations() {
  static auto &all = *new std::map<Address, size_t>; // who is done with it last is not known
  return all;
}
size_t total() {
  return isWrong("small") ? 1 << 20 : size_t(80) << 30;
}
size_t used() {
  size_t bytes = 0;
  for (const auto &[address, size] : allocations())
    bytes += size;
  return bytes;
}

} // namespace

bool stand_in::hasContext() {
  return context;
}

extern "C" {

int cuInit(unsigned) {
  return isWrong("no device") ? 100 : isWrong("no start") ? 999 : 0;
}
int cuDriverGetVersion(int *version) {
  *version = isWrong("old") ? 12040 : 13000;
  return 0;
}
int cuDeviceGetCount(int *count) {
  *count = isWrong("none") ? 0 : 1;
  return 0;
}
int cuDeviceGet(int *device, int) {
  *device = 0;
  return 0;
}
int cuDeviceGetName(char *name, int size, int) {
  std::strncpy(name, "Stand-in H100", size);
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int) {
  bool isOld = isWrong("turing");
  *value = attribute == 75 ? (isOld ? 7 : 9) : attribute == 76 ? (isOld ? 5 : 0) : 232448;
  return 0;
}
int cuDevicePrimaryCtxRetain(Handle *context, int) {
  *context = &journal();
  return 0;
}
const char *roux_stand_in_graphs();
size_t roux_stand_in_queued();

int cuDevicePrimaryCtxRelease_v2(int) {
  if (const char *file = std::getenv("ROUX_STAND_IN_GRAPHS"))
    std::ofstream(file) << roux_stand_in_graphs();
  return 0;
}
int cuCtxSetCurrent(Handle given) {
  context = given;
  return given ? 0 : noContext;
}
int cuMemGetInfo_v2(size_t *free, size_t *all) {
  if (!hasContext())
    return noContext;
  *all = total();
  *free = total() - used();
  return 0;
}
int cuMemAlloc_v2(Address *address, size_t bytes) {
  if (!hasContext())
    return noContext;
  if (bytes > total() - used())
    return 2;
  // Nothing is computed, and what memory happened to hold could be a loss that stops a training.
  *address = reinterpret_cast<Address>(std::calloc(1, bytes)) ^ distance;
  allocations()[*address] = bytes;
  return 0;
}
int cuMemFree_v2(Address address) {
  if (!hasContext())
    return noContext;
  drain();
  if (!allocations().erase(address))
    return 1;
  std::free(here(address));
  return 0;
}
int cuStreamSynchronize(Handle stream) {
  if (!hasContext())
    return noContext;
  if (static_cast<Stream *>(stream)->isCaptured)
    return 900;
  drain();
  return isWrong("stops") && !journal().empty() ? 700 : 0;
}
/// Modules that are loaded.
size_t roux_stand_in_modules() {
  return modules;
}
int cuModuleLoadDataEx(Handle *module, const void *text, unsigned count, int *options,
                       void **values) {
  if (!hasContext())
    return noContext;
  bool isAssembled = isCubin(text);
  if (isAssembled && isWrong("cubin"))
    return 209;
  auto *made = new Module{isAssembled ? "" : static_cast<const char *>(text), {}};
  for (const Function &each : isAssembled ? functionsOf(text) : std::vector<Function>())
    made->functions.push_back(std::make_unique<Function>(each));
  if (isWrong("ptx") && count == 2 && options[0] == 5) {
    std::strcpy(static_cast<char *>(values[0]), "line 7; error: Unknown symbol 'x'");
    delete made;
    return 218;
  }
  *module = made;
  ++modules;
  return 0;
}
int cuModuleUnload(Handle module) {
  if (!hasContext())
    return noContext;
  if (roux_stand_in_queued()) // whose code that may be
    return 1;
  delete static_cast<Module *>(module);
  --modules;
  return 0;
}
int cuModuleGetFunction(Handle *function, Handle module, const char *name) {
  if (!hasContext())
    return noContext;
  auto *from = static_cast<Module *>(module);
  for (const std::unique_ptr<Function> &each : from->functions)
    if (each->name == name) {
      *function = each.get();
      return 0;
    }
  size_t at = from->text.find(std::string(".entry ") + name + "(");
  if (at == std::string::npos)
    return 500;
  auto made = std::make_unique<Function>(Function{name, {}});
  size_t end = from->text.find(')', at);
  while ((at = from->text.find(".param", at + 1)) < end)
    made->isMap.push_back(from->text.substr(at, 13) == ".param .align");
  size_t code = from->text.find('{', end), shared = from->text.find(".shared", code);
  if (shared < from->text.find('}', code))
    made->staticShared = std::atoi(from->text.c_str() + from->text.find('[', shared) + 1);
  *function = made.get();
  from->functions.push_back(std::move(made));
  return 0;
}
int cuFuncSetAttribute(Handle function, int attribute, int value) {
  if (!hasContext())
    return noContext;
  auto &given = *static_cast<Function *>(function);
  if (attribute != 8 || value + given.staticShared > 232448)
    return 1;
  given.dynamicShared = value;
  return 0;
}
/// A map is its begin, and its sizes.
int cuTensorMapEncodeTiled(void *to, int type, unsigned dimensions, void *begin,
                           const uint64_t *sizes, const uint64_t *pitches, const uint32_t *box,
                           const uint32_t *, int, int swizzle, int, int) {
  auto address = reinterpret_cast<uint64_t>(begin);
  if (type != 9 || dimensions != 2 || swizzle != 3 || address % 16 || pitches[0] % 16 ||
      box[0] != 64 || box[1] > 256 || sizes[0] == 0 || sizes[1] == 0)
    return 1;
  auto *map = static_cast<uint64_t *>(to);
  map[0] = address;
  map[1] = sizes[0], map[2] = sizes[1], map[3] = pitches[0];
  return 0;
}
int cuLaunchKernel(Handle function, unsigned blocks, unsigned, unsigned, unsigned threads, unsigned,
                   unsigned, unsigned sharedBytes, Handle stream, void **parameters, void **) {
  if (!hasContext())
    return noContext;
  Launch launch(*static_cast<Function *>(function), blocks, threads, sharedBytes, parameters);
  if (!launch.isAllowed())
    return 1;
  queue(stream, [launch] { launch.run(); });
  return 0;
}
int cuGetErrorName(int result, const char **name) {
  *name = result == 700   ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : result == 218 ? "CUDA_ERROR_INVALID_PTX"
          : result == 999 ? "CUDA_ERROR_UNKNOWN"
          : result == 209 ? "CUDA_ERROR_NO_BINARY_FOR_GPU"
                          : "CUDA_ERROR_OTHER";
  return 0;
}
int cuGetErrorString(int result, const char **text) {
  *text = result == 700   ? "an illegal memory access was encountered"
          : result == 218 ? "a PTX JIT compilation failed"
                          : "another error";
  return 0;
}
}
