//===- CudaProducts.cpp - who multiplies a program's matrices -------------===//
//
// See the header. With cuBLASLt itself this has not run on a GPU yet, so a library that
// fails says so once and the kernel takes over.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaProducts.h"

#include "runtime/Say.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace roux::cuda {

static constexpr const char *byKernel = "kernel";

/// Extents are as many as there are micro-batches of different sizes; then all are forgotten.
static constexpr size_t mostPlans = 4096;

namespace {
/// Of a kernel that is several products, and what is added to is not what it was.
struct HalfDone : CudaError {
  using CudaError::CudaError;
};
} // namespace

CudaProducts::CudaProducts(const Program &program, std::shared_ptr<CudaDevice> given)
    : program(program), device(std::move(given)) {
  if (program.products.empty())
    return;
  library = device->productLibrary(whyNone);
  for (const ProductForm &form : program.products)
    kernels[form.kernel].push_back(&form);
}

std::string CudaProducts::note() const {
  if (kernels.empty())
    return "";
  if (!library)
    return fmt::format("plain products by the generated kernels: {}", whyNone);
  std::string text = fmt::format("plain products by {}", library->name());
  if (!device->libraryOptions().deterministic)
    text += " or the generated kernels, whichever is quicker where sizes like theirs first come";
  return text;
}

const std::string &CudaProducts::nameOf(const KernelLaunch &launch) {
  auto [found, isNew] = names.try_emplace({launch.kernel, launch.extent});
  if (isNew)
    found->second =
        fmt::format("{} of {}", program.kernels[launch.kernel], classText(stepUp(launch.extent)));
  return found->second;
}

bool CudaProducts::isOf(const std::string &choice) const {
  std::string kernel = choice.substr(0, choice.find(' '));
  return std::ranges::any_of(
      kernels, [&](const auto &each) { return program.kernels[each.first] == kernel; });
}

bool CudaProducts::concerns(const KernelLaunch &launch) {
  if (!kernels.contains(launch.kernel) || launch.extent <= 0)
    return false;
  if (names.size() > mostPlans)
    names.clear();
  const std::string &name = nameOf(launch);
  auto known = chosen.find(name);
  if (known != chosen.end())
    return known->second != byKernel && library;
  if (!library)
    chosen[name] = byKernel;
  else if (device->libraryOptions().deterministic)
    chosen[name] = library->name();
  return library;
}

ProductBuffers CudaProducts::buffersOf(const ProductForm &form, const KernelLaunch &launch) const {
  ProductBuffers buffers;
  for (size_t i = 0; i < buffers.matrices.size(); ++i) {
    const ProductForm::Matrix &matrix = form.matrices[i];
    bool isOperand = i <= ProductForm::Right;
    if (matrix.argument >= 0)
      buffers.matrices[i] =
          launch.arguments[matrix.argument] +
          matrix.from * productElementBytes(isOperand ? form.operand : form.stored);
  }
  return buffers;
}

const CudaProducts::Planned &CudaProducts::planOf(const ProductForm &form, int64_t extent,
                                                  const ProductBuffers &buffers) {
  Key key(&form, extent, alignmentsOf(buffers));
  if (auto found = plans.find(key); found != plans.end())
    return found->second;
  std::shared_ptr<ProductPlan> plan = library->plan(form, extent, std::get<2>(key));
  if (plan->workspaceBytes() > productWorkspaceBytes)
    throw CudaError(fmt::format("{}'s {} wants a workspace of {} bytes, more than the {} that it "
                                "is given",
                                library->name(), plan->algorithm(), plan->workspaceBytes(),
                                productWorkspaceBytes));
  return plans[key] = {std::move(plan), ++planned};
}

void CudaProducts::refuse(const KernelLaunch &launch, const char *why) {
  device->synchronise(); // or throws, where the GPU had stopped before
  say(stderr, "note: {} is the generated kernel's from here on: {}\n", nameOf(launch), why);
  chosen[nameOf(launch)] = byKernel;
}

std::optional<LibraryCall> CudaProducts::callOf(const KernelLaunch &launch) {
  const auto &forms = kernels.at(launch.kernel);
  if (plans.size() + forms.size() > mostPlans)
    plans.clear();
  LibraryCall call;
  call.kind = launch.kernel; // no address, as plans of attention are known by
  Calls all;
  try {
    device->driver(); // the calling thread's GPU, which the library takes
    for (const ProductForm *form : forms) {
      ProductBuffers buffers = buffersOf(*form, launch);
      const Planned &planned = planOf(*form, launch.extent, buffers);
      if (planned.plan->workspaceBytes())
        buffers.workspace = device->libraryWorkspace();
      call.asked.push_back(planned.number);
      call.asked.insert(call.asked.end(), buffers.matrices.begin(), buffers.matrices.end());
      all.emplace_back(planned.plan, buffers);
    }
  } catch (const std::runtime_error &error) { // also that there is no memory for a workspace
    refuse(launch, error.what());
    return std::nullopt;
  }
  call.put = [this, all = std::move(all), &location = launch.location](Handle stream) {
    put(all, location, stream);
  };
  return call;
}

void CudaProducts::put(const Calls &all, const std::string &location, Handle stream) {
  device->driver();
  size_t done = 0;
  try {
    for (const auto &[plan, buffers] : all) {
      device->noteLaunch(fmt::format("{}'s {}", library->name(), plan->algorithm()), location);
      plan->run(buffers, stream);
      ++done;
    }
  } catch (const CudaError &error) {
    if (done)
      throw HalfDone(error.what());
    throw;
  }
}

bool CudaProducts::runLibrary(const KernelLaunch &launch) {
  std::optional<LibraryCall> call = callOf(launch);
  try {
    if (call)
      call->put(device->ownStream());
    return call.has_value();
  } catch (const HalfDone &) {
    throw;
  } catch (const CudaError &error) {
    refuse(launch, error.what());
    return false;
  }
}

/// Both add to what is there, so none runs for the clock alone.
void CudaProducts::takeTurn(const KernelLaunch &launch, const std::function<void()> &kernel) {
  Trial &trial = trials[nameOf(launch)];
  bool isLibrarys = trial.turn % 2;
  device->synchronise();
  auto begin = std::chrono::steady_clock::now();
  if (!isLibrarys)
    kernel();
  else if (!runLibrary(launch))
    return kernel();
  device->synchronise();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                   static_cast<double>(launch.extent);
  constexpr int lastTurn = 3;
  if (trial.turn == lastTurn)
    chosen[nameOf(launch)] = seconds < trial.kernel ? library->name() : byKernel;
  if (!isLibrarys)
    trial.kernel = seconds;
  ++trial.turn;
}

bool CudaProducts::isSettled(const KernelLaunch &launch) {
  auto known = chosen.find(nameOf(launch));
  return known != chosen.end() && known->second != byKernel;
}

void CudaProducts::launch(const KernelLaunch &launch, const std::function<void()> &kernel) {
  if (!chosen.contains(nameOf(launch)))
    takeTurn(launch, kernel);
  else if (!runLibrary(launch))
    kernel();
}

void CudaProducts::useChoices(const std::map<std::string, std::string> &before) {
  chosen = before;
  auto settled =
      std::ranges::find_if(before, [](const auto &each) { return each.second != byKernel; });
  if (settled == before.end() || kernels.empty())
    return;
  if (!library)
    say(stderr, "note: {} was {}'s before and is the generated kernel's now: {}\n", settled->first,
        settled->second, whyNone);
  else if (settled->second != library->name())
    say(stderr, "note: {} was {}'s before and is {}'s now, which may round otherwise\n",
        settled->first, settled->second, library->name());
  for (auto &[name, choice] : chosen)
    if (choice != byKernel)
      choice = library ? library->name() : byKernel;
}

} // namespace roux::cuda
