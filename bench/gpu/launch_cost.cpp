// What one kernel launch costs: queued on a stream, and as a node of a CUDA graph.
//
// A training step is a few hundred launches, many of a few microseconds. This measures when the
// host, not the GPU, sets the pace, and what a graph (rebuilt never, its scalars patched each step)
// saves. The two kernels are empty and a 2 microsecond spin; a chain on one stream runs one after
// another.
//
//   nvcc -O2 launch_cost.cpp -o launch_cost -lcuda && ./launch_cost
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cuda.h>
#include <functional>
#include <vector>

static const char *source = R"(
.version 8.0
.target sm_80
.address_size 64
.visible .entry empty(.param .u64 a, .param .u64 b, .param .u64 c, .param .f32 d) { ret; }
.visible .entry spin(.param .u64 a, .param .u64 b, .param .u64 c, .param .f32 d) {
  .reg .u64 %begin, %now, %gone;
  .reg .pred %more;
  mov.u64 %begin, %clock64;
wait:
  mov.u64 %now, %clock64;
  sub.u64 %gone, %now, %begin;
  setp.lt.u64 %more, %gone, 3500;
  @%more bra wait;
  ret;
}
)";

static void check(CUresult status, const char *what) {
  if (status == CUDA_SUCCESS)
    return;
  const char *name = "?";
  cuGetErrorName(status, &name);
  std::fprintf(stderr, "%s: %s\n", what, name);
  std::exit(1);
}
#define CHECK(call) check(call, #call)

static double microseconds() {
  using namespace std::chrono;
  return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

/// Median over 15 tries of `run`, which returns microseconds.
static double median(const std::function<double()> &run) {
  std::vector<double> samples;
  for (int i = 0; i < 15; ++i)
    samples.push_back(run());
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  return samples[samples.size() / 2];
}

struct Launcher {
  CUfunction function;
  CUstream stream;
  CUdeviceptr pointers[3] = {};
  float scalar = 1;
  void *arguments[4] = {&pointers[0], &pointers[1], &pointers[2], &scalar};
  unsigned blocks = 132;

  void launch() {
    CHECK(cuLaunchKernel(function, blocks, 1, 1, 256, 1, 1, 0, stream, arguments, nullptr));
  }
};

/// Host time of queueing `count` launches, and time until the GPU has finished them, per launch.
static void measureStream(const char *name, Launcher &launcher, int count) {
  double host = 0;
  double total = median([&] {
    CHECK(cuStreamSynchronize(launcher.stream));
    double begin = microseconds();
    for (int i = 0; i < count; ++i)
      launcher.launch();
    host = microseconds() - begin;
    CHECK(cuStreamSynchronize(launcher.stream));
    return microseconds() - begin;
  });
  std::printf("{\"launch\": \"stream\", \"kernel\": \"%s\", \"count\": %d, \"host_us\": %.3f, "
              "\"total_us\": %.3f}\n",
              name, count, host / count, total / count);
}

static CUgraph capture(Launcher &launcher, int count) {
  CUgraph graph;
  CHECK(cuStreamBeginCapture(launcher.stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  for (int i = 0; i < count; ++i)
    launcher.launch();
  CHECK(cuStreamEndCapture(launcher.stream, &graph));
  return graph;
}

/// Cost of patching one scalar argument in each node, as a step does with its learning rate.
static double patchNodes(CUgraph graph, CUgraphExec executable) {
  size_t count = 0;
  CHECK(cuGraphGetNodes(graph, nullptr, &count));
  std::vector<CUgraphNode> nodes(count);
  CHECK(cuGraphGetNodes(graph, nodes.data(), &count));
  double begin = microseconds();
  for (CUgraphNode node : nodes) {
    CUDA_KERNEL_NODE_PARAMS parameters;
    CHECK(cuGraphKernelNodeGetParams(node, &parameters));
    CHECK(cuGraphExecKernelNodeSetParams(executable, node, &parameters));
  }
  return (microseconds() - begin) / count;
}

static void measureGraph(const char *name, Launcher &launcher, int count) {
  double begin = microseconds();
  CUgraph graph = capture(launcher, count);
  double captured = microseconds() - begin;
  CUgraphExec executable;
  begin = microseconds();
  CHECK(cuGraphInstantiate(&executable, graph, 0));
  double instantiated = microseconds() - begin;
  double host = 0;
  double total = median([&] {
    CHECK(cuStreamSynchronize(launcher.stream));
    double start = microseconds();
    CHECK(cuGraphLaunch(executable, launcher.stream));
    host = microseconds() - start;
    CHECK(cuStreamSynchronize(launcher.stream));
    return microseconds() - start;
  });
  double patched = patchNodes(graph, executable);
  std::printf("{\"launch\": \"graph\", \"kernel\": \"%s\", \"count\": %d, \"host_us\": %.3f, "
              "\"total_us\": %.3f, \"capture_us\": %.3f, \"instantiate_us\": %.3f, "
              "\"patch_us\": %.3f}\n",
              name, count, host / count, total / count, captured / count, instantiated / count,
              patched);
  CHECK(cuGraphExecDestroy(executable));
  CHECK(cuGraphDestroy(graph));
}

int main() {
  CHECK(cuInit(0));
  CUdevice device;
  CUcontext context;
  CUmodule module;
  Launcher launcher;
  CHECK(cuDeviceGet(&device, 0));
  CHECK(cuDevicePrimaryCtxRetain(&context, device));
  CHECK(cuCtxSetCurrent(context));
  CHECK(cuStreamCreate(&launcher.stream, CU_STREAM_NON_BLOCKING));
  CHECK(cuModuleLoadData(&module, source));
  for (const char *name : {"empty", "spin"}) {
    CHECK(cuModuleGetFunction(&launcher.function, module, name));
    launcher.launch();
    for (int count : {1, 100, 1000}) {
      measureStream(name, launcher, count);
      measureGraph(name, launcher, count);
    }
  }
}
