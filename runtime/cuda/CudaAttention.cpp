//===- CudaAttention.cpp - who does a program's attention -----------------===//
//
// See the header. Against a stand-in for the library all of this is tested; with cuDNN
// itself it has not run on a GPU yet, so a library that fails says so once and the
// kernel takes over.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaAttention.h"

#include "runtime/Say.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace roux::cuda {

static constexpr const char *byLibrary = "library", *byKernel = "kernel";

CudaAttention::CudaAttention(const Program &program, std::shared_ptr<CudaDevice> given)
    : program(program), device(std::move(given)) {
  if (program.attentions.empty())
    return;
  library = device->attentionLibrary(whyNone);
  const LibraryOptions &options = device->libraryOptions();
  if (library)
    plans = std::make_unique<KeptPlans>(*library, options.cacheFolder, options.deterministic);
  for (const AttentionForm &form : program.attentions) {
    Kernel &kernel = kernels[form.kernel];
    kernel.form = &form;
    kernel.whyNot = library ? whyNotLibrary(form, device->architecture(), library->version(),
                                            options.deterministic)
                            : whyNone;
  }
}

/// Who does the kernels of a direction, each once, with the reasons that there are.
std::string CudaAttention::whoDoes(bool isGradient) const {
  std::string all;
  for (const auto &[at, kernel] : kernels) {
    if (kernel.form->isGradient != isGradient)
      continue;
    std::string who = fmt::format("cuDNN {}", library ? versionText(library->version()) : "");
    if (!kernel.whyNot.empty())
      who = fmt::format("the generated kernel: {}", kernel.whyNot);
    else if (!device->libraryOptions().deterministic)
      who += " or the generated kernel, whichever is quicker when segments like them first come";
    if (all.find(who) == all.npos)
      all += (all.empty() ? "" : " and ") + who;
  }
  return all;
}

std::string CudaAttention::note() const {
  std::string forward = whoDoes(false), gradient = whoDoes(true);
  if (!forward.empty() && forward == gradient)
    return fmt::format("attention and its gradient by {}", forward);
  std::string text = forward.empty() ? "" : fmt::format("attention by {}", forward);
  if (!gradient.empty())
    text += fmt::format("{}its gradient by {}", text.empty() ? "" : "; ", gradient);
  return text;
}

void CudaAttention::begin(std::span<const int32_t> offsets) {
  if (std::ranges::equal(offsets, segments))
    return;
  segments.assign(offsets.begin(), offsets.end());
  current = SegmentClass::of(segments);
  for (auto &[at, kernel] : kernels)
    kernel.isCurrent = false;
}

std::string CudaAttention::nameOf(const Kernel &kernel) const {
  return fmt::format("{} of {}", program.kernels[kernel.form->kernel], current.text());
}

/// The kernel of `launch`, if the library could do it.
CudaAttention::Kernel *CudaAttention::kernelOf(const KernelLaunch &launch) {
  auto found = kernels.find(launch.kernel);
  if (found == kernels.end() || !found->second.whyNot.empty() || segments.empty() ||
      segments.back() == 0)
    return nullptr;
  // Ours may write its output over its queries; nothing says that a library may.
  const auto &arguments = found->second.form->arguments;
  bool isInPlace = launch.arguments[arguments[AttentionForm::Query]] ==
                   launch.arguments[arguments[AttentionForm::Output]];
  return isInPlace ? nullptr : &found->second;
}

void CudaAttention::writeLists(Kernel &kernel) {
  if (kernel.isCurrent)
    return;
  const AttentionForm &form = *kernel.form;
  auto count = static_cast<size_t>(current.segments);
  std::vector<int64_t> numbers; // of queries, keys and sums, then lengths, two in each
  for (int64_t row :
       {form.heads * form.headColumns, form.keyValueHeads * form.headColumns, form.heads})
    for (size_t i = 0; i <= count; ++i)
      numbers.push_back(segments[std::min(i, segments.size() - 1)] * row);
  std::vector<int32_t> lengths(count);
  for (size_t i = 0; i + 1 < segments.size(); ++i)
    lengths[i] = segments[i + 1] - segments[i];
  size_t wide = numbers.size() * sizeof(int64_t), bytes = wide + count * sizeof(int32_t);
  if (kernel.lists.size() < bytes) {
    device->synchronise(); // the ones before may still be read
    kernel.lists = DeviceMemory(device, bytes, "where segments begin", Fill::Nothing);
  }
  std::byte *to = kernel.lists.data();
  device->upload(to, std::as_bytes(std::span(numbers)));
  device->upload(to + wide, std::as_bytes(std::span(lengths)));
  auto begin = reinterpret_cast<Address>(to);
  kernel.buffers.queryOffsets = begin;
  kernel.buffers.keyOffsets = begin + (count + 1) * sizeof(int64_t);
  kernel.buffers.sumOffsets = begin + 2 * (count + 1) * sizeof(int64_t);
  kernel.buffers.lengths = begin + wide;
  kernel.isCurrent = true;
}

LibraryCall CudaAttention::callOf(Kernel &kernel, const KernelLaunch &launch) {
  const AttentionForm &form = *kernel.form;
  AttentionPlan &plan = plans->find(form, current);
  int64_t given = form.isGradient
                      ? current.tokens / workspaceTokens *
                            workspaceBytes(form.heads, form.keyValueHeads, form.headColumns)
                      : forwardWorkspaceBytes;
  if (plan.workspaceBytes() > given)
    throw CudaError(fmt::format("cuDNN's {} wants a workspace of {} bytes, more than the {} that "
                                "a step's memory has for it",
                                plan.engine(), plan.workspaceBytes(), given));
  writeLists(kernel);
  AttentionBuffers buffers = kernel.buffers;
  for (size_t i = 0; i < form.arguments.size(); ++i)
    if (form.arguments[i] >= 0)
      buffers.arguments[i] = launch.arguments[form.arguments[i]];
  if (!form.isGradient)
    buffers.arguments[AttentionForm::Workspace] = device->libraryWorkspace();
  LibraryCall call;
  call.kind = reinterpret_cast<uint64_t>(&plan);
  call.asked = {call.kind, buffers.lengths, buffers.queryOffsets, buffers.keyOffsets,
                buffers.sumOffsets};
  call.asked.insert(call.asked.end(), buffers.arguments.begin(), buffers.arguments.end());
  call.put = [this, &plan, buffers, &location = launch.location](Handle stream) {
    device->noteLaunch(fmt::format("cuDNN's {}", plan.engine()), location);
    device->driver(); // the calling thread's GPU, which the library takes
    plan.run(buffers, stream);
  };
  return call;
}

void CudaAttention::refuse(const Kernel &kernel, const char *why) {
  device->synchronise(); // or throws, where the GPU had stopped before
  say(stderr, "note: {} is the generated kernel's from here on: {}\n", nameOf(kernel), why);
  chosen[nameOf(kernel)] = byKernel;
}

std::optional<LibraryCall> CudaAttention::callOf(const KernelLaunch &launch) {
  Kernel &kernel = *kernelOf(launch);
  try {
    return callOf(kernel, launch);
  } catch (const std::runtime_error &error) { // also that there is no memory for what it needs
    refuse(kernel, error.what());
    return std::nullopt;
  }
}

bool CudaAttention::runLibrary(const KernelLaunch &launch) {
  std::optional<LibraryCall> call = callOf(launch);
  try {
    if (call)
      call->put(device->ownStream());
    return call.has_value();
  } catch (const CudaError &error) {
    refuse(*kernelOf(launch), error.what());
    return false;
  }
}

/// Seconds that `action` takes on the device, the first time aside.
static double secondsOf(CudaDevice &device, const std::function<void()> &action) {
  action();
  device.synchronise();
  auto begin = std::chrono::steady_clock::now();
  action();
  device.synchronise();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Both store the same values where the other did, so running them again changes nothing.
void CudaAttention::measure(Kernel &kernel, const KernelLaunch &launch,
                            const std::function<void()> &own) {
  double kernels = secondsOf(*device, own);
  bool hasRun = true;
  double libraries = secondsOf(*device, [&] { hasRun = hasRun && runLibrary(launch); });
  bool isQuicker = hasRun && libraries < kernels;
  chosen[nameOf(kernel)] = isQuicker ? byLibrary : byKernel;
  if (!isQuicker)
    own();
}

bool CudaAttention::concerns(const KernelLaunch &launch) {
  Kernel *kernel = kernelOf(launch);
  if (!kernel)
    return false;
  auto known = chosen.find(nameOf(*kernel));
  return known == chosen.end() || known->second == byLibrary;
}

bool CudaAttention::isSettled(const KernelLaunch &launch) {
  return concerns(launch) &&
         (device->libraryOptions().deterministic || chosen.contains(nameOf(*kernelOf(launch))));
}

void CudaAttention::launch(const KernelLaunch &launch, const std::function<void()> &own) {
  if (!isSettled(launch))
    measure(*kernelOf(launch), launch, own);
  else if (!runLibrary(launch))
    own();
}

void CudaAttention::useChoices(const std::map<std::string, std::string> &before) {
  chosen = before;
  for (const auto &[at, kernel] : kernels)
    for (const auto &[name, choice] : before)
      if (choice == byLibrary && !kernel.whyNot.empty() &&
          name.starts_with(program.kernels[at] + " ")) {
        say(stderr, "note: {} was cuDNN's before and is the generated kernel's now: {}\n", name,
            kernel.whyNot);
        break;
      }
}

} // namespace roux::cuda
