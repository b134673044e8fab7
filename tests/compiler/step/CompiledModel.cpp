//===- CompiledModel.cpp - buffers by name --------------------------------===//
//
// Everything a program asks for is bound by the name it asks with.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/CompiledModel.h"

#include "compiler/pipeline/CompileProgram.h"
#include "compiler/pipeline/StagePasses.h"
#include "compiler/pipeline/StepStages.h"
#include "runtime/LaunchLists.h"
#include "tests/Paths.h"
#include "tests/compiler/step/ImportedFormulas.h"

#include <bit>
#include <cstring>
#include <numeric>

using namespace mlir;

namespace roux::step::reference {

CompiledModel::CompiledModel(const model::ModelConfig &config, const Parameters &parameters,
                             StreamType type, unsigned threads, const Expression *loss,
                             Activations activations, UpdateSettings update,
                             const WeightFormula &weight, bool fuses, int64_t again)
    : config(config), wide(type == StreamType::F64) {
  DialectRegistry registry;
  registerStages(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  StepRequest request{
      .config = &config, .type = type, .activations = activations, .update = update};
  ImportedFormulas formulas(context, loss, weight);
  formulas.give(request);
  request.again = again;
  auto module = buildStepStage(context, request, "kernel", fuses);
  if (!module)
    llvm::report_fatal_error("the model has no kernels");
  auto program = compileProgram(*module, {.cacheFolder = kernelsOfProcess()});
  if (failed(program))
    llvm::report_fatal_error("the kernels were not compiled");
  executor = std::make_unique<Executor>(std::move(*program), std::make_shared<CPUDevice>(threads));
  for (const auto &[name, array] : parameters) {
    shapes[name] = array.shape;
    parameterBytes[name] = encode(array.values, elementOf(name));
    for (const char *moment : {".first", ".second"})
      stateBytes[name + moment] =
          encode(std::vector<double>(array.values.size()), stateElementOf(name + moment));
  }
  zeroGradients();
}

void CompiledModel::useThreads(unsigned threads) {
  executor = std::make_unique<Executor>(Program(executor->program()),
                                        std::make_shared<CPUDevice>(threads));
}

void CompiledModel::zeroGradients() {
  for (const auto &[name, shape] : shapes)
    gradientBytes[name] = encode(std::vector<double>(Array(shape).values.size()), accumulation());
}

std::string CompiledModel::elementOf(const std::string &parameter) const {
  for (const ProgramBuffer &buffer : program().entry("nll").buffers)
    if (buffer.name == parameter)
      return buffer.element;
  return accumulation();
}

std::string CompiledModel::stateElementOf(const std::string &moment) const {
  for (const ProgramBuffer &buffer : program().entry("update").buffers)
    if (buffer.name == moment)
      return buffer.element;
  return accumulation();
}

std::vector<std::byte> CompiledModel::encode(const std::vector<double> &values,
                                             const std::string &type) const {
  size_t size = type == "f64" ? 8 : type == "f32" ? 4 : 2;
  std::vector<std::byte> bytes(values.size() * size);
  for (size_t i = 0; i < values.size(); ++i) {
    float narrow = static_cast<float>(values[i]);
    auto bits = std::bit_cast<uint32_t>(narrow);
    auto half = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    const void *from = size == 8   ? static_cast<const void *>(&values[i])
                       : size == 4 ? static_cast<const void *>(&narrow)
                                   : &half;
    std::memcpy(&bytes[i * size], from, size);
  }
  return bytes;
}

std::vector<double> CompiledModel::decode(std::span<const std::byte> bytes,
                                          const std::string &type) const {
  size_t size = type == "f64" ? 8 : type == "f32" ? 4 : 2;
  std::vector<double> values(bytes.size() / size);
  for (size_t i = 0; i < values.size(); ++i) {
    if (size == 8) {
      std::memcpy(&values[i], &bytes[i * 8], 8);
      continue;
    }
    uint32_t bits = 0;
    std::memcpy(reinterpret_cast<char *>(&bits) + (size == 2 ? 2 : 0), &bytes[i * size], size);
    values[i] = std::bit_cast<float>(bits);
  }
  return values;
}

Parameters CompiledModel::arraysOf(const Bytes &bytes) const {
  Parameters arrays;
  for (const auto &[name, values] : bytes) {
    Array array(shapes.at(name));
    size_t size = values.size() / array.values.size();
    array.values = decode(values, size == 8 ? "f64" : size == 4 ? "f32" : "bf16");
    arrays[name] = std::move(array);
  }
  return arrays;
}

void CompiledModel::bindList(Bindings &bindings, Bytes &kept, const std::string &name,
                             const std::vector<int32_t> &list) const {
  std::vector<std::byte> &bytes = kept[name];
  bytes.resize(list.size() * 4);
  std::memcpy(bytes.data(), list.data(), bytes.size());
  bindings.buffers[name] = bytes;
}

void CompiledModel::bindModel(Bindings &bindings) {
  bindings.scalars = scalars;
  for (auto &[name, bytes] : parameterBytes)
    bindings.buffers[name] = bytes;
  for (auto &[name, bytes] : gradientBytes)
    bindings.buffers[name + ".gradient"] = bytes;
  for (auto &[name, bytes] : stateBytes)
    bindings.buffers[name] = bytes;
}

static std::vector<std::string> entryNames(const Program &program) {
  std::vector<std::string> names;
  for (const Entry &entry : program.entries)
    names.push_back(entry.name);
  return names;
}

double CompiledModel::update(double rate, double firstCorrection, double secondCorrection) {
  Bindings bindings;
  scalars["rate"] = rate;
  scalars["first_correction"] = firstCorrection;
  scalars["second_correction"] = secondCorrection;
  scalars["factor"] = 1;
  bindModel(bindings);
  std::vector<std::byte> norm(wide ? 8 : 4);
  bindings.buffers["norm"] = norm;
  if (llvm::is_contained(entryNames(program()), "norm"))
    executor->run("norm", bindings);
  executor->run("update", bindings);
  return decode(norm, wide ? "f64" : "f32")[0];
}

Parameters CompiledModel::run(const char *name, const Columns &columns) {
  Bindings bindings;
  Bytes kept;
  bindModel(bindings);
  auto integers = [](const std::vector<double> &values) {
    return std::vector<int32_t>(values.begin(), values.end());
  };
  std::vector<int32_t> segments = integers(columns.segments);
  const std::pair<const char *, const std::vector<double> *> indexed[] = {
      {"token", &columns.tokens}, {"label", &columns.labels}, {"position", &columns.positions}};
  bindings.extents["tokens"] = columns.tokens.size();
  bindList(bindings, kept, lengthName, sequenceLengths(segments, integers(columns.labels)));
  for (auto [column, values] : indexed) {
    bindList(bindings, kept, column, integers(*values));
    TokenGroups found = groupTokens(integers(*values));
    std::string prefix = column;
    bindList(bindings, kept, prefix + ".ids", found.ids);
    bindList(bindings, kept, prefix + ".starts", found.starts);
    bindList(bindings, kept, prefix + ".members", found.members);
    bindings.extents[prefix + ".distinct"] = found.ids.size();
    bindings.extents[prefix + ".starts"] = found.starts.size();
  }
  bindList(bindings, kept, noiseName, integers(columns.noise));
  std::vector<float> layerNumbers(config.layers);
  std::iota(layerNumbers.begin(), layerNumbers.end(), 0.0f);
  kept[layerNumbersName] = encode({layerNumbers.begin(), layerNumbers.end()}, "f32");
  bindings.buffers[layerNumbersName] = kept[layerNumbersName];
  TargetRows targets = targetRows(integers(columns.labels));
  bindList(bindings, kept, targetName, targets.rows);
  bindList(bindings, kept, targetPlaceName, targets.places);
  bindings.extents[targetCountName] = targets.rows.size();
  auto bindWork = [&](const char *list, const auto &work) {
    auto *numbers = reinterpret_cast<const int32_t *>(work.data());
    bindings.extents[list] = work.size();
    bindList(bindings, kept, list,
             std::vector<int32_t>(numbers, numbers + work.size() * sizeof(work[0]) / 4));
  };
  const TargetDescription &target = executor->program().target;
  bindWork(queryWorkName, attentionWork(segments, config.heads, target.attentionRows));
  GradientLists gradient =
      gradientLists(segments, config.keyValueHeads, target.attentionPart, target.attentionItems);
  bindWork(gradientWorkName, gradient.work);
  bindWork(querySumsName, gradient.sums);
  bindings.extents[partialRowsName] = gradient.partialRows;

  const Entry &entry = executor->program().entry(name);
  for (const Instruction &i : entry.instructions)
    if (i.opcode == Opcode::Scalar)
      bindings.scalars[i.name] = inputOf(columns, i.name)[0];
  std::map<std::string, std::string> outputs;
  for (const ProgramBuffer &buffer : entry.buffers) {
    if (StringRef(buffer.name).starts_with(weightPrefix))
      bindings.buffers[buffer.name] = std::as_writable_bytes(std::span(
          const_cast<double *>(inputOf(columns, buffer.name).data()), columns.tokens.size()));
    if (buffer.role != BufferRole::Output)
      continue;
    size_t rows = buffer.sizes.empty() ? 1 : columns.tokens.size();
    kept[buffer.name].resize(rows * buffer.staticElements * buffer.elementBytes);
    bindings.buffers[buffer.name] = kept[buffer.name];
    outputs[buffer.name] = buffer.element;
  }
  executor->run(name, bindings);
  Parameters results;
  for (const auto &[output, element] : outputs) {
    std::vector<double> values = decode(kept[output], element);
    int64_t rows = values.size() == 1 ? 1 : columns.tokens.size();
    int64_t width = rows ? values.size() / rows : 0;
    results[output] = Array({rows, width}, values);
  }
  return results;
}

} // namespace roux::step::reference
