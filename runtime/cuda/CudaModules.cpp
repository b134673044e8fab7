//===- CudaModules.cpp - a program's code in the driver -------------------===//
//
// See the header. Whatever keeps cubins from being made or taken, the driver gets the
// PTX, and what kept them is said.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaModules.h"

#include "runtime/Seal.h"
#include "runtime/cuda/KeptCubins.h"

#include <fmt/format.h>

namespace roux::cuda {

/// The text of the PTX in `program`.
static std::string textOf(const Program &program) {
  if (program.kind != CodeKind::PTX)
    throw CudaError("the program is not for an NVIDIA GPU; compile it with --device cuda");
  if (program.kernels.empty())
    return "";
  std::optional<std::string_view> text = unsealed(program.code);
  if (!text)
    throw CudaError("the program's PTX is damaged: its checksum does not match its contents");
  return std::string(*text);
}

CudaModules::CudaModules(const Program &program, std::shared_ptr<CudaDevice> given)
    : device(std::move(given)), target(program.target.name) {
  std::string text = textOf(program);
  if (!text.empty() && !loadCubins(text))
    load(text, fmt::format("the PTX for {}", target));
}

Handle CudaModules::load(const std::string &code, const std::string &what) {
  const CudaDriver &driver = device->driver();
  std::string log(8192, '\0');
  int options[] = {errorLog, errorLogBytes};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  Handle handle = nullptr;
  Result loaded = driver.loadModule(&handle, code.c_str(), 2, options, values);
  log.resize(log.find('\0') == log.npos ? log.size() : log.find('\0'));
  if (loaded != success)
    throw CudaError(fmt::format("the driver does not take {}: {}{}{}", what,
                                driver.describe(loaded), log.empty() ? "" : "\n", log));
  modules.emplace_back(handle, [device = device](Handle it) { device->unload(it); });
  return handle;
}

bool CudaModules::loadCubins(const std::string &text) {
  if (!device->libraryOptions().assembles)
    return false;
  std::string why;
  PTXAssembler *assembler = device->assembler(why);
  std::vector<PTXFunction> functions = assembler ? splitPTX(text) : std::vector<PTXFunction>();
  if (assembler && functions.empty())
    why = "its PTX has more than functions that are launched";
  try {
    if (!functions.empty()) {
      KeptCubins kept(*assembler, device->libraryOptions().cacheFolder, target);
      std::vector<std::string> all = kept.of(functions);
      std::map<std::string, Handle> loaded;
      for (size_t i = 0; i < all.size(); ++i)
        loaded[functions[i].name] =
            load(all[i], fmt::format("what {} made of '{}' for {}", assembler->name(),
                                     functions[i].name, target));
      cubins = std::move(loaded);
      whoMade = fmt::format("code by {}: {} functions assembled, {} kept from before",
                            assembler->name(), kept.made(), all.size() - kept.made());
      return true;
    }
  } catch (const CudaError &error) {
    why = error.what();
    modules.clear();
  }
  whoMade = fmt::format("code by the driver, a function at a time: {}", why);
  return false;
}

Handle CudaModules::function(const std::string &name) const {
  auto found = cubins.find(name);
  Handle function = nullptr;
  device->driver().check(
      device->driver().function(
          &function, found == cubins.end() ? modules.front().get() : found->second, name.c_str()),
      fmt::format("the program's code has no '{}'", name));
  return function;
}

} // namespace roux::cuda
