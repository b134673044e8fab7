//===- CudnnOnGPU.cpp - cuDNN's attention on a GPU, against plain loops ---===//
//
// What cannot be tested without one: values and gradients, segments without rows, that
// forward is the same bits each time, also from a graph of what was captured, and whether
// the gradient is. It prints what cuDNN says of the GPU, by which tests elsewhere describe it.
// tests/gpu/run starts it.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaCapture.h"
#include "runtime/cuda/CudnnAttention.h"
#include "runtime/device/DeviceMemory.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace roux;
using namespace roux::cuda;

namespace {

using Numbers = std::vector<float>;
using Bits = std::vector<uint16_t>;

Bits rounded(const Numbers &numbers) {
  Bits bits;
  for (float number : numbers) {
    auto word = std::bit_cast<uint32_t>(number);
    bits.push_back(static_cast<uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16));
  }
  return bits;
}
Numbers widened(const Bits &bits) {
  Numbers numbers;
  for (uint16_t half : bits)
    numbers.push_back(std::bit_cast<float>(uint32_t(half) << 16));
  return numbers;
}

struct Case {
  int64_t heads, keyHeads, columns, window;
};

/// One case on the device and in plain loops.
class Problem {
public:
  Problem(std::shared_ptr<CudaDevice> device, AttentionLibrary &library, const Case &c)
      : device(std::move(device)), library(library), c(c), classOf(SegmentClass::of(segments)) {
    std::mt19937 generator(7);
    std::normal_distribution<float> normal;
    for (auto *values : {&query, &key, &value, &change}) {
      bool isKey = values == &key || values == &value;
      values->resize(tokens() * (isKey ? c.keyHeads : c.heads) * c.columns);
      for (float &each : *values)
        each = normal(generator);
      *values = widened(rounded(*values));
    }
    refer();
  }

  /// With results, where it is captured, of what was launched as a graph then.
  void run(bool deterministic, bool isCaptured = false);
  double errorOf(AttentionForm::Argument which, const std::vector<double> &expected);
  std::vector<std::byte> bytesOf(AttentionForm::Argument which) {
    std::vector<std::byte> bytes(memory[which].size());
    device->download(bytes, memory[which].data());
    return bytes;
  }

  std::vector<double> output, sums, ofQuery, ofKey, ofValue; ///< in double

private:
  size_t tokens() const { return segments.back(); }
  void refer();
  void referRow(int32_t begin, int32_t row, int64_t head);
  void place(AttentionForm::Argument which, const Bits &bits) {
    memory[which] = DeviceMemory(device, bits.size() * 2, "numbers", Fill::Nothing);
    device->upload(memory[which].data(), std::as_bytes(std::span(bits)));
  }
  void makeRoom(AttentionForm::Argument which, size_t bytes) {
    memory[which] = DeviceMemory(device, std::max<size_t>(bytes, 64), "results");
  }
  AttentionForm form(bool isGradient) const {
    AttentionForm made;
    made.isGradient = isGradient;
    made.heads = c.heads, made.keyValueHeads = c.keyHeads, made.headColumns = c.columns;
    made.window = c.window, made.scale = scale, made.element = "bf16";
    return made;
  }
  void writeLists();
  void runCaptured(AttentionPlan &plan, bool isGradient);

  std::shared_ptr<CudaDevice> device;
  AttentionLibrary &library;
  Case c;
  const double scale = 0.3;
  const std::vector<int32_t> segments = {0, 1, 70, 200, 200, 513};
  SegmentClass classOf;
  Numbers query, key, value, change;
  std::map<AttentionForm::Argument, DeviceMemory> memory;
  DeviceMemory lists;
  AttentionBuffers buffers;
};

void Problem::refer() {
  output.assign(query.size(), 0), ofQuery = output;
  ofKey.assign(key.size(), 0), ofValue = ofKey;
  sums.assign(tokens() * c.heads, 0);
  for (size_t s = 0; s + 1 < segments.size(); ++s)
    for (int32_t row = segments[s]; row < segments[s + 1]; ++row)
      for (int64_t head = 0; head < c.heads; ++head)
        referRow(segments[s], row, head);
}

void Problem::referRow(int32_t begin, int32_t row, int64_t head) {
  int64_t group = c.heads / c.keyHeads, columns = c.columns;
  size_t own = (row * c.heads + head) * columns;
  auto keyAt = [&](int32_t other) { return (other * c.keyHeads + head / group) * columns; };
  int32_t first = c.window ? std::max<int32_t>(begin, row - int32_t(c.window) + 1) : begin;
  std::vector<double> weights;
  double sum = 0, delta = 0;
  for (int32_t other = first; other <= row; ++other) {
    double score = 0;
    for (int64_t i = 0; i < columns; ++i)
      score += double(query[own + i]) * key[keyAt(other) + i];
    weights.push_back(std::exp(scale * score));
    sum += weights.back();
  }
  sums[row * c.heads + head] = std::log(sum);
  std::vector<double> turned;
  for (int32_t other = first; other <= row; ++other) {
    double &weight = weights[other - first];
    weight /= sum;
    double product = 0;
    for (int64_t i = 0; i < columns; ++i) {
      output[own + i] += weight * value[keyAt(other) + i];
      product += double(change[own + i]) * value[keyAt(other) + i];
      ofValue[keyAt(other) + i] += weight * change[own + i];
    }
    turned.push_back(product);
    delta += weight * product;
  }
  for (int32_t other = first; other <= row; ++other) {
    double slope = scale * weights[other - first] * (turned[other - first] - delta);
    for (int64_t i = 0; i < columns; ++i) {
      ofQuery[own + i] += slope * key[keyAt(other) + i];
      ofKey[keyAt(other) + i] += slope * query[own + i];
    }
  }
}

void Problem::writeLists() {
  auto count = static_cast<size_t>(classOf.segments);
  std::vector<int64_t> numbers;
  for (int64_t row : {c.heads * c.columns, c.keyHeads * c.columns, c.heads})
    for (size_t i = 0; i <= count; ++i)
      numbers.push_back(segments[std::min(i, segments.size() - 1)] * row);
  std::vector<int32_t> lengths(count);
  for (size_t i = 0; i + 1 < segments.size(); ++i)
    lengths[i] = segments[i + 1] - segments[i];
  size_t wide = numbers.size() * 8;
  lists = DeviceMemory(device, wide + count * 4, "lists", Fill::Nothing);
  device->upload(lists.data(), std::as_bytes(std::span(numbers)));
  device->upload(lists.data() + wide, std::as_bytes(std::span(lengths)));
  auto begin = reinterpret_cast<Address>(lists.data());
  buffers.queryOffsets = begin, buffers.keyOffsets = begin + (count + 1) * 8;
  buffers.sumOffsets = begin + 2 * (count + 1) * 8, buffers.lengths = begin + wide;
}

void Problem::runCaptured(AttentionPlan &plan, bool isGradient) {
  using Form = AttentionForm;
  for (auto which : isGradient
                        ? std::vector{Form::QueryGradient, Form::KeyGradient, Form::ValueGradient}
                        : std::vector{Form::Output, Form::Logsumexp})
    device->zero(memory[which].data(), memory[which].size());
  CudaCapture capture(device);
  LibraryCall call;
  call.put = [&](Handle stream) { plan.run(buffers, stream); };
  Handle captured = capture.graphOf(call), executable = nullptr;
  const CudaDriver &driver = device->driver();
  driver.check(driver.instantiateGraph(&executable, captured, 0), "no graph");
  driver.check(driver.launchGraph(executable, device->ownStream()), "no launch");
  device->synchronise();
  driver.destroyExecutable(executable);
}

void Problem::run(bool deterministic, bool isCaptured) {
  using Form = AttentionForm;
  place(Form::Query, rounded(query)), place(Form::Key, rounded(key));
  place(Form::Value, rounded(value)), place(Form::OutputGradient, rounded(change));
  makeRoom(Form::Output, query.size() * 2), makeRoom(Form::Logsumexp, sums.size() * 4);
  makeRoom(Form::QueryGradient, query.size() * 2);
  makeRoom(Form::KeyGradient, key.size() * 2), makeRoom(Form::ValueGradient, key.size() * 2);
  writeLists();
  for (bool isGradient : {false, true}) {
    auto plan = library.plan(form(isGradient), classOf, isGradient && deterministic);
    makeRoom(Form::Workspace, plan->workspaceBytes());
    buffers.arguments = {};
    for (auto &[which, owner] : memory)
      if (isGradient || which <= Form::Logsumexp || which == Form::Workspace)
        buffers.arguments[which] = reinterpret_cast<Address>(owner.data());
    plan->run(buffers, device->ownStream());
    device->synchronise();
    if (isCaptured)
      runCaptured(*plan, isGradient);
  }
}

/// The norm of the difference, of the norm.
double Problem::errorOf(AttentionForm::Argument which, const std::vector<double> &expected) {
  std::vector<std::byte> bytes = bytesOf(which);
  Numbers found(expected.size());
  if (which == AttentionForm::Logsumexp) {
    std::memcpy(found.data(), bytes.data(), found.size() * 4);
  } else {
    Bits bits(expected.size());
    std::memcpy(bits.data(), bytes.data(), bits.size() * 2);
    found = widened(bits);
  }
  double wrong = 0, all = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    wrong += std::pow(found[i] - expected[i], 2), all += std::pow(expected[i], 2);
  return std::sqrt(wrong / all);
}

TEST(CudnnOnGPU, IsWhatPlainLoopsAre) {
  auto device = std::make_shared<CudaDevice>();
  device->driver();
  std::unique_ptr<AttentionLibrary> library = openCudnn(device->architecture());
  fmt::print("cuDNN {} on {}, of which it says\n{}\n", versionText(library->version()),
             device->name(), library->device());
  using Form = AttentionForm;
  for (const Case &c : {Case{4, 2, 64, 0}, Case{4, 4, 128, 0}, Case{8, 1, 64, 0}, Case{4, 2, 80, 0},
                        Case{4, 2, 16, 0}, Case{4, 2, 128, 50}}) {
    std::string what =
        fmt::format("{} heads of {} over {}, window {}", c.heads, c.columns, c.keyHeads, c.window);
    bool isDeterministic = whyNoGradient(device->architecture(), library->version(), true).empty();
    Problem problem(device, *library, c), again(device, *library, c);
    problem.run(isDeterministic), again.run(isDeterministic, true);
    constexpr double bound = 1e-2; // of bf16 operands and results
    auto near = [&](Form::Argument which, const std::vector<double> &expected) {
      EXPECT_LE(problem.errorOf(which, expected), bound) << what << ", argument " << int(which);
    };
    near(Form::Output, problem.output), near(Form::Logsumexp, problem.sums);
    near(Form::QueryGradient, problem.ofQuery), near(Form::KeyGradient, problem.ofKey);
    near(Form::ValueGradient, problem.ofValue);
    EXPECT_EQ(problem.bytesOf(Form::Output), again.bytesOf(Form::Output)) << what;
    bool isSame = problem.bytesOf(Form::QueryGradient) == again.bytesOf(Form::QueryGradient);
    EXPECT_TRUE(isSame || !isDeterministic) << what;
    fmt::print("{}: gradient {} each time{}\n", what, isSame ? "the same bits" : "other bits",
               isDeterministic ? ", as it was asked to be" : "");
  }
}

} // namespace
