//===- Compiled.cpp - kernels written as text, compiled and run in a test -===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Compiled.h"

#include "compiler/pipeline/CompileProgram.h"
#include "compiler/pipeline/StagePasses.h"
#include "mlir/Parser/Parser.h"
#include "tests/compiler/kernels/Emulated.h"
#include "tests/compiler/kernels/OnCPU.h"
#include "tests/compiler/kernels/OnGPU.h"
#include <cmath>
#include <cstring>

using namespace roux;
using namespace roux::test;

const char *test::spelling(Element element) {
  static const char *names[] = {"f32", "f64", "bf16", "i32"};
  return names[static_cast<int>(element)];
}

static uint16_t toBF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

static float fromBF16(uint16_t half) {
  uint32_t bits = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

static size_t width(Element element) {
  return element == Element::F64 ? 8 : element == Element::BF16 ? 2 : 4;
}

Buffer::Buffer(Element element, std::vector<double> values)
    : element(element), count(values.size()), memory(sizeInBytes() + roomToForbid, "a buffer"),
      first(memory.data() + forbidBehind(memory, sizeInBytes()) - sizeInBytes()) {
  for (size_t i = 0; i < count; ++i) {
    auto put = [&](auto value) { std::memcpy(first + i * sizeof value, &value, sizeof value); };
    if (element == Element::F64)
      put(values[i]);
    else if (element == Element::F32)
      put(static_cast<float>(values[i]));
    else if (element == Element::BF16)
      put(toBF16(static_cast<float>(values[i])));
    else
      put(static_cast<int32_t>(values[i]));
  }
}

int64_t Buffer::sizeInBytes() const {
  return static_cast<int64_t>(count * width(element));
}

double Buffer::operator[](size_t i) const {
  auto get = [&](auto value) {
    std::memcpy(&value, first + i * sizeof value, sizeof value);
    return value;
  };
  switch (element) {
  case Element::F64:
    return get(double());
  case Element::F32:
    return get(float());
  case Element::BF16:
    return fromBF16(get(uint16_t()));
  case Element::I32:
    return get(int32_t());
  }
  return 0;
}

std::vector<double> Buffer::values() const {
  std::vector<double> all(count);
  for (size_t i = 0; i < count; ++i)
    all[i] = (*this)[i];
  return all;
}

std::vector<double> test::randomNumbers(size_t count, uint64_t seed, Element element) {
  std::vector<double> values(count);
  uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
  for (double &value : values) {
    state = state * 6364136223846793005 + 1442695040888963407;
    value = static_cast<double>(static_cast<int64_t>(state) >> 11) / static_cast<double>(1ll << 52);
  }
  return Buffer(element, values).values();
}

Argument::Argument(float value) {
  std::memcpy(&bits, &value, sizeof value);
}
Argument::Argument(double value) {
  std::memcpy(&bits, &value, sizeof value);
}
Argument::Argument(int64_t value) {
  std::memcpy(&bits, &value, sizeof value);
}

static const TargetDescription &machineOf(const std::string &name) {
  const TargetDescription *known = targetNamed(name);
  return known ? *known : hostTarget();
}

static bool isEmulated(const std::string &machine) {
  return machine == "simt" || machine == "simt_hopper";
}

bool test::runs(const std::string &name) {
  std::string why;
  if (name == "cuda" || name == "cublas")
    return gpuHere() && (name == "cuda" || gpuHere()->productLibrary(why));
  return isEmulated(name) || &machineOf(name) >= &hostTarget(); // best first
}

bool test::isGPU(const std::string &machine) {
  return isEmulated(machine) || machine == "cuda" || machine == "cublas";
}

static Program compiled(const std::string &text, const ProgramOptions &options) {
  mlir::DialectRegistry registry;
  registerStages(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    std::abort();
  auto program = compileProgram(*module, options);
  if (failed(program))
    std::abort();
  return *std::move(program);
}

Program test::compileForGPU(const std::string &text, const std::string &architecture) {
  return compiled(text, {.machine = targetNamed(architecture), .kind = CodeKind::PTX});
}

Compiled::Compiled(const std::string &text, const std::string &machine) {
  if (isEmulated(machine))
    emulated = std::make_unique<Emulated>(compileForEmulator(
        text, "kernel", "kernel", machine == "simt_hopper" ? "sm_90a" : "sm_80"));
  else if (isGPU(machine))
    onGPU = std::make_unique<OnGPU>(compileForGPU(text, gpuHere()->architecture()),
                                    machine == "cublas");
  else
    onCPU = std::make_unique<OnCPU>(compiled(text, {.machine = &machineOf(machine)}));
}

Compiled::~Compiled() = default;

void Compiled::run(const std::string &kernel, int64_t extent, std::vector<Argument> arguments,
                   unsigned threads) {
  if (emulated)
    return emulated->run(kernel, extent, arguments, {.threads = threads});
  if (onGPU)
    return onGPU->run(kernel, extent, arguments);
  onCPU->run(kernel, extent, arguments, threads);
}

std::string test::substitute(std::string text,
                             const std::vector<std::pair<std::string, std::string>> &names) {
  for (const auto &[name, value] : names) {
    std::string key = "{" + name + "}";
    for (size_t at = 0; (at = text.find(key, at)) != text.npos; at += value.size())
      text.replace(at, key.size(), value);
  }
  return text;
}

double test::normalizedError(const std::vector<double> &actual,
                             const std::vector<double> &expected) {
  double largest = 1e-300, error = actual.size() == expected.size() ? 0 : 1e300;
  for (double value : expected)
    largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < expected.size() && i < actual.size(); ++i) {
    double difference = std::abs(actual[i] - expected[i]);
    error = std::isnan(difference) ? 1e300 : std::max(error, difference);
  }
  return error / largest;
}
