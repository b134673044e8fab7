//===- ModelProgram.cpp - a compiled model with its tensors ---------------===//
//
// Everything a program asks for is bound by the name it asks with.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/ModelProgram.h"

#include "runtime/LaunchLists.h"
#include "runtime/model/ParameterTable.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace roux::train {

/// The output of `train` that has a row for each answer of a pair.
static constexpr const char *logpName = "logp";

static int64_t elementBytes(const std::string &element) {
  return element == "f64" ? 8 : element == "bf16" ? 2 : 4;
}

static double valueAt(std::span<const std::byte> bytes, const std::string &element, size_t i) {
  if (element == "f64") {
    double value;
    std::memcpy(&value, &bytes[i * 8], 8);
    return value;
  }
  uint32_t bits = 0;
  if (element == "bf16") {
    uint16_t half;
    std::memcpy(&half, &bytes[i * 2], 2);
    bits = uint32_t(half) << 16;
  } else {
    std::memcpy(&bits, &bytes[i * 4], 4);
  }
  return std::bit_cast<float>(bits);
}

/// f32 as bf16, to the nearest and of two the even one, as compiled kernels round.
static void roundToBF16(std::span<const std::byte> values, std::span<std::byte> result) {
  for (size_t i = 0; i < values.size() / 4; ++i) {
    uint32_t bits;
    std::memcpy(&bits, &values[i * 4], 4);
    bool isNan = (bits & 0x7fffffff) > 0x7f800000;
    uint16_t half = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    if (isNan)
      half = static_cast<uint16_t>(bits >> 16 | 0x40);
    std::memcpy(&result[i * 2], &half, 2);
  }
}

/// The element type of a parameter, from an entry that every program has.
static std::string elementOf(const Program &program, const std::string &parameter) {
  for (const ProgramBuffer &buffer : program.entry("nll").buffers)
    if (buffer.role == BufferRole::Parameter && buffer.name == parameter)
      return buffer.element;
  throw std::runtime_error(fmt::format("the program's nll has no parameter {}", parameter));
}

/// The element type of what is trained, and of sums: that of vectors, which are never rounded.
static std::string stateElement(const Program &program) {
  for (const ProgramBuffer &buffer : program.entry("nll").buffers)
    if (buffer.role == BufferRole::Parameter && buffer.element != "bf16")
      return buffer.element;
  throw std::runtime_error("the program's nll has no parameters");
}

static bool hasEntry(const Program &program, const char *name) {
  return std::ranges::any_of(program.entries,
                             [&](const Entry &entry) { return entry.name == name; });
}

/// The optimizer's state of `weight`, as the program has it; of a frozen one: none.
static std::vector<ProgramBuffer> momentsOf(const Program &program, const std::string &weight) {
  std::vector<ProgramBuffer> moments;
  if (hasEntry(program, "update"))
    for (const ProgramBuffer &buffer : program.entry("update").buffers)
      if (buffer.name == weight + ".first" || buffer.name == weight + ".second")
        moments.push_back(buffer);
  return moments;
}

ModelProgram::ModelProgram(Program program, const model::ModelConfig &config,
                           std::shared_ptr<Device> device)
    : shape(config), machine(std::move(program), std::move(device)),
      accumulation(stateElement(machine.program())), unread(machine.device()) {
  for (const model::WeightRow &row : model::parameterTable(shape))
    addTensor(row);
}

void ModelProgram::addTensor(const model::WeightRow &row) {
  std::vector<int64_t> dims = row.shape;
  if (row.perLayer)
    dims.insert(dims.begin(), row.layers);
  std::string element = elementOf(machine.program(), row.name);
  int64_t elements =
      std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<int64_t>());
  auto add = [&](std::map<std::string, StateTensor> &tensors, const std::string &name,
                 const std::string &element) {
    MirroredMemory memory(machine.device(), elements * elementBytes(element), name);
    tensors[name] = {name, element, dims, std::move(memory), row.firstLayer, row.isFrozen};
  };
  add(kept, row.name, element);
  std::vector<ProgramBuffer> moments = momentsOf(machine.program(), row.name);
  for (const ProgramBuffer &moment : moments)
    add(kept, moment.name, moment.element);
  if (!moments.empty())
    add(added, row.name + ".gradient", element);
}

/// All of `tensor`, in the type `element`.
static void readInto(std::span<std::byte> bytes, const std::string &element,
                     const model::Tensor &tensor) {
  size_t count = bytes.size() / elementBytes(element);
  if (element == "f64")
    return model::read(tensor, std::span(reinterpret_cast<double *>(bytes.data()), count));
  if (element == "f32")
    return model::read(tensor, std::span(reinterpret_cast<float *>(bytes.data()), count));
  std::vector<float> values(count);
  model::read(tensor, std::span(values));
  roundToBF16(std::as_bytes(std::span(values)), bytes);
}

std::map<std::string, StateTensor> &
ModelProgram::seen(std::map<std::string, StateTensor> &tensors) {
  for (auto &[name, tensor] : tensors)
    tensor.bytes = tensor.memory.onHost();
  return tensors;
}

void ModelProgram::stateChanged() {
  rounded.clear();
  for (auto &[name, tensor] : kept)
    tensor.memory.changedOnHost();
}

void ModelProgram::gradientsChanged() {
  for (auto &[name, tensor] : added)
    tensor.memory.changedOnHost();
}

void ModelProgram::setParameters(const model::Weights &weights) {
  rounded.clear();
  for (const model::BoundWeight &bound : model::bindParameters(shape, weights)) {
    StateTensor &tensor = kept[bound.row.name];
    std::span<std::byte> bytes = tensor.memory.onHost();
    size_t each = bytes.size() / bound.tensors.size();
    for (size_t layer = 0; layer < bound.tensors.size(); ++layer)
      readInto(bytes.subspan(layer * each, each), tensor.element, *bound.tensors[layer]);
    tensor.memory.changedOnHost();
  }
}

model::Weights ModelProgram::trained() {
  machine.freeActivations();
  model::Weights weights;
  for (const model::WeightRow &row : model::parameterTable(shape)) {
    if (row.isFrozen)
      continue;
    std::span<const std::byte> bytes = kept.at(row.name).memory.onHost();
    size_t each = bytes.size() / row.layers;
    for (int64_t layer = 0; layer < row.layers; ++layer) {
      std::string name = model::nameInLayer(row.name, row.firstLayer + layer);
      std::span<const std::byte> from = bytes.subspan(layer * each, each);
      if (accumulation == "f32") {
        weights.add(name, {model::DataType::F32, row.shape, from, {}});
        continue;
      }
      std::vector<float> values(each / elementBytes(accumulation));
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(valueAt(from, accumulation, i));
      weights.addValues(name, row.shape, std::move(values));
    }
  }
  return weights;
}

Launch ModelProgram::launchOf(const StreamColumns &columns) const {
  Launch launch;
  bindColumns(launch, columns, shape, machine.program().target);
  return launch;
}

void ModelProgram::bindState(Launch &launch) {
  for (auto *tensors : {&kept, &added})
    for (auto &[name, tensor] : *tensors)
      launch.bindings.buffers[name] = tensor.memory.onDevice();
}

static std::vector<double> valuesIn(std::span<const std::byte> bytes, const std::string &element) {
  std::vector<double> values(bytes.size() / elementBytes(element));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = valueAt(bytes, element, i);
  return values;
}

std::vector<double> ModelProgram::valuesOf(const std::string &entry, const std::string &output,
                                           const Launch &launch) const {
  for (const ProgramBuffer &buffer : machine.program().entry(entry).buffers)
    if (buffer.role == BufferRole::Output && buffer.name == output)
      return valuesIn(launch.owned.at(output), buffer.element);
  return {};
}

/// Bytes of an output of a run over `extents`.
static size_t outputBytes(const ProgramBuffer &output, const Extents &extents) {
  int64_t rows = output.sizes.empty()      ? 1
                 : output.name == logpName ? 2 * extents.at(pairCountName)
                                           : extents.at("tokens");
  return rows * output.staticElements * output.elementBytes;
}

std::vector<double> ModelProgram::run(const std::string &entry, const std::string &result,
                                      Launch &launch) {
  bindState(launch);
  for (const ProgramBuffer &buffer : machine.program().entry(entry).buffers) {
    if (buffer.role != BufferRole::Output)
      continue;
    std::vector<std::byte> &bytes = launch.owned[buffer.name];
    bytes.resize(outputBytes(buffer, launch.bindings.extents));
    launch.bindings.host[buffer.name] = bytes;
  }
  machine.run(entry, launch.bindings);
  return valuesOf(entry, result, launch);
}

void ModelProgram::queue(const std::string &name, Launch &launch) {
  bindState(launch);
  const Entry &entry = machine.program().entry(name);
  for (const ProgramBuffer &buffer : entry.buffers)
    if (buffer.role == BufferRole::Output) {
      launch.bindings.buffers[buffer.name] =
          unread.place(outputBytes(buffer, launch.bindings.extents));
      queued.push_back({&buffer, queuedGradients});
    }
  machine.run(name, launch.bindings);
}

void ModelProgram::queueGradient(const StreamColumns &columns) {
  Launch launch = launchOf(columns);
  for (auto &[name, tensor] : added)
    tensor.memory.changedOnDevice();
  queue("train", launch);
  ++queuedGradients;
}

StepNumbers ModelProgram::readQueued() {
  StepNumbers numbers;
  numbers.losses.resize(queuedGradients);
  numbers.answers.resize(queuedGradients);
  std::vector<std::vector<std::byte>> bytes = unread.take();
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto &[output, gradient] = queued[i];
    std::vector<double> values = valuesIn(bytes[i], output->element);
    if (output->name == "loss")
      numbers.losses[gradient] = values.front();
    else if (output->name == logpName)
      numbers.answers[gradient] = std::move(values);
    else if (output->name == "norm")
      numbers.gradientNorm = values.front();
  }
  queued.clear();
  queuedGradients = 0;
  return numbers;
}

StepNumbers ModelProgram::numbers() {
  Launch launch;
  queue("norm", launch);
  return readQueued();
}

double ModelProgram::addGradient(const StreamColumns &columns) {
  queueGradient(columns);
  return readQueued().losses.back();
}

void ModelProgram::zeroGradients() {
  unread.clear(); // of a step that was given up
  queued.clear();
  queuedGradients = 0;
  for (auto &[name, tensor] : added)
    tensor.memory.zero();
}

std::vector<double> ModelProgram::nll(const StreamColumns &columns) {
  Launch launch = launchOf(columns);
  return run("nll", "nll", launch);
}

ModelProgram::LabelScores ModelProgram::scores(const StreamColumns &columns) {
  Launch launch = launchOf(columns);
  std::vector<double> nll = run("nll", "nll", launch);
  return {std::move(nll), valuesOf("nll", "logsumexp", launch)};
}

std::vector<double> ModelProgram::logits(const StreamColumns &columns) {
  Launch launch = launchOf(columns);
  return run("logits", "logits", launch);
}

int64_t ModelProgram::cacheRowBytes() const {
  for (const ProgramBuffer &buffer : machine.program().entry("decode").buffers)
    if (buffer.name == "cache.keys")
      return buffer.staticElements / shape.layers * buffer.elementBytes;
  throw std::runtime_error("the program's decode has no cache");
}

void ModelProgram::bindRounded(Launch &launch, const Entry &entry) {
  for (const ProgramBuffer &buffer : entry.buffers) {
    if (buffer.role != BufferRole::Parameter || buffer.element == kept.at(buffer.name).element)
      continue;
    MirroredMemory &memory = rounded[buffer.name];
    if (memory.size() == 0) {
      std::span<const std::byte> wide = kept.at(buffer.name).memory.onHost();
      memory = MirroredMemory(machine.device(), wide.size() / 2, buffer.name);
      roundToBF16(wide, memory.onHost());
      memory.changedOnHost();
    }
    launch.bindings.buffers[buffer.name] = memory.onDevice();
  }
}

void ModelProgram::append(const std::string &name, const CachedColumns &columns,
                          const CacheBuffers &cache, std::span<float> logits) {
  const Entry &entry = machine.program().entry(name);
  Launch launch;
  const TargetDescription &target = machine.program().target;
  bindCached(launch, columns, shape, target, name == "decode" ? 1 : target.attentionRows);
  bindState(launch);
  bindRounded(launch, entry);
  launch.bindings.extents["cache.rows"] = cache.rows;
  launch.bindings.buffers["cache.keys"] = cache.keys;
  launch.bindings.buffers["cache.values"] = cache.values;
  std::string element;
  for (const ProgramBuffer &buffer : entry.buffers)
    if (buffer.role == BufferRole::Output)
      element = buffer.element;
  std::vector<std::byte> bytes(logits.size() * elementBytes(element));
  launch.bindings.host["logits"] = bytes;
  machine.run(name, launch.bindings);
  for (size_t i = 0; i < logits.size(); ++i)
    logits[i] = static_cast<float>(valueAt(bytes, element, i));
}

void ModelProgram::update(double rate, double firstCorrection, double secondCorrection,
                          double factor) {
  rounded.clear();
  for (auto &[name, tensor] : kept)
    if (!tensor.isFrozen)
      tensor.memory.changedOnDevice();
  Launch launch;
  launch.bindings.scalars = {{"rate", rate},
                             {"first_correction", firstCorrection},
                             {"second_correction", secondCorrection},
                             {"factor", factor}};
  run("update", "", launch);
}

std::map<std::string, std::string> ModelProgram::kernelChoices() const {
  const LoadedKernels *kernels = machine.loadedKernels();
  return kernels ? kernels->choices() : std::map<std::string, std::string>();
}

void ModelProgram::useKernelChoices(const std::map<std::string, std::string> &choices) {
  if (LoadedKernels *kernels = machine.loadedKernels())
    kernels->useChoices(choices);
}

std::string ModelProgram::kernelNote() const {
  const LoadedKernels *kernels = machine.loadedKernels();
  return kernels ? kernels->note() : "";
}

StateBytes stateBytes(const Program &program, const model::ModelConfig &config) {
  StateBytes bytes;
  for (const model::WeightRow &row : model::parameterTable(config)) {
    int64_t elements =
        std::accumulate(row.shape.begin(), row.shape.end(), row.layers, std::multiplies<int64_t>());
    int64_t size = elements * elementBytes(elementOf(program, row.name));
    std::vector<ProgramBuffer> moments = momentsOf(program, row.name);
    bytes.parameters += size;
    (moments.empty() ? bytes.frozen : bytes.gradients) += size;
    for (const ProgramBuffer &moment : moments)
      bytes.moments += elements * elementBytes(moment.element);
  }
  return bytes;
}

} // namespace roux::train
