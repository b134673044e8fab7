//===- CudnnAttention.cpp - cuDNN's attention, opened when it is needed ---===//
//
// The only file that includes cuDNN's front end: it takes the compiler a minute and
// 1.5 GB, and throws. Plans are made from what is said of a GPU, not by one, so that
// they can be tested without; here no plan has ever run on a GPU.
//
//===----------------------------------------------------------------------===//
#define NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING
#include "runtime/cuda/CudnnAttention.h"

#include <cudnn_frontend.h>

#include <cstdlib>
#include <dlfcn.h>
#include <fmt/format.h>

namespace cudnn_frontend {
void *cudnn_dlhandle = nullptr;
} // namespace cudnn_frontend

namespace roux::cuda {
namespace {

namespace fe = cudnn_frontend;
using Tensor = std::shared_ptr<fe::graph::Tensor_attributes>;
using Argument = AttentionForm::Argument;

/// Names of tensors that are no arguments of the kernel; an argument's is its number and 1.
enum Name : int64_t { QueryLengths = 101, KeyLengths, QueryOffsets, KeyOffsets, SumOffsets };

void check(const fe::error_t &result, const char *what) {
  if (result.is_bad())
    throw CudaError(fmt::format("cuDNN does not {}: {}", what, result.err_msg));
}
void check(cudnnStatus_t result, const char *what) {
  if (result != CUDNN_STATUS_SUCCESS)
    throw CudaError(
        fmt::format("cuDNN does not {}: {}", what, fe::detail::get_error_string(result)));
}

/// What `action` makes. The front end reports most of what goes wrong, and throws the rest.
template <typename Action>
auto guarded(const char *what, Action action) {
  try {
    return action();
  } catch (const CudaError &) {
    throw;
  } catch (const std::exception &error) {
    throw CudaError(fmt::format("cuDNN does not {}: {}", what, error.what()));
  }
}

std::vector<uint8_t> bytesOf(const std::string &text) {
  return {text.begin(), text.end()};
}

/// The first of the places of `library` where it is.
void *open(const char *library) {
  for (const char *folder : {"", "/usr/local/cuda/lib64/"})
    if (void *handle = dlopen((folder + std::string(library)).c_str(), RTLD_NOW | RTLD_GLOBAL))
      return handle;
  return nullptr;
}

void openLibrary() {
  if (!fe::cudnn_dlhandle)
    fe::cudnn_dlhandle = open("libcudnn.so.9");
  if (!fe::cudnn_dlhandle)
    throw CudaError(fmt::format("libcudnn.so.9 cannot be loaded: {}", dlerror()));
}

/// What plans are made for and by. It is never given up: a device lives as long as the process, and
/// what cuDNN gives up with may be gone before.
struct Opened {
  std::shared_ptr<fe::DeviceProperties> properties;
  int32_t capability = 90;
  cudnnHandle_t handle = nullptr; ///< made when something is first run

  cudnnHandle_t ready(Handle stream) {
    if (!handle)
      check(fe::detail::create_handle(&handle), "start");
    check(fe::detail::set_stream(handle, static_cast<cudaStream_t>(stream)), "take the stream");
    return handle;
  }
};

/// Says a form in the front end's words.
class GraphWriter {
public:
  GraphWriter(fe::graph::Graph &graph, const AttentionForm &form, const SegmentClass &segments)
      : graph(graph), form(form), segments(segments) {
    queryOffsets = counts("query_offsets", QueryOffsets, segments.segments + 1, true);
    keyOffsets = counts("key_offsets", KeyOffsets, segments.segments + 1, true);
    sumOffsets = counts("sum_offsets", SumOffsets, segments.segments + 1, true);
    queryLengths = counts("query_lengths", QueryLengths, segments.segments, false);
    keyLengths = counts("key_lengths", KeyLengths, segments.segments, false);
  }

  void forward();
  void gradient(bool deterministic);

private:
  Tensor counts(const char *name, int64_t uid, int64_t count, bool isWide) {
    return graph.tensor(fe::graph::Tensor_attributes()
                            .set_name(name)
                            .set_uid(uid)
                            .set_dim({count, 1, 1, 1})
                            .set_stride({1, 1, 1, 1})
                            .set_data_type(isWide ? fe::DataType_t::INT64 : fe::DataType_t::INT32));
  }
  /// Rows of heads, one after the other whatever segment they are of.
  void shape(fe::graph::Tensor_attributes &tensor, Argument which) {
    bool isKey = which == Argument::Key || which == Argument::Value ||
                 which == Argument::KeyGradient || which == Argument::ValueGradient;
    int64_t heads = isKey ? form.keyValueHeads : form.heads, row = heads * form.headColumns;
    tensor.set_uid(which + 1)
        .set_dim({segments.segments, heads, segments.longest, form.headColumns})
        .set_stride({segments.longest * row, form.headColumns, row, 1})
        .set_data_type(fe::DataType_t::BFLOAT16)
        .set_ragged_offset(isKey ? keyOffsets : queryOffsets);
  }
  void shapeSums(fe::graph::Tensor_attributes &tensor) {
    tensor.set_uid(Argument::Logsumexp + 1)
        .set_dim({segments.segments, form.heads, segments.longest, 1})
        .set_stride({segments.longest * form.heads, 1, form.heads, 1})
        .set_data_type(fe::DataType_t::FLOAT)
        .set_ragged_offset(sumOffsets);
  }
  Tensor input(const char *name, Argument which) {
    fe::graph::Tensor_attributes tensor;
    tensor.set_name(name);
    shape(tensor, which);
    return graph.tensor(tensor);
  }
  void output(const Tensor &tensor, Argument which) {
    tensor->set_output(true);
    shape(*tensor, which);
  }
  /// What forward and gradient are told alike.
  template <typename Attributes>
  void set(Attributes &attributes) {
    attributes.set_attn_scale(static_cast<float>(form.scale))
        .set_padding_mask(true)
        .set_seq_len_q(queryLengths)
        .set_seq_len_kv(keyLengths)
        .set_causal_mask(true);
    if (form.window)
      attributes.set_diagonal_band_left_bound(static_cast<int>(form.window));
  }

  fe::graph::Graph &graph;
  const AttentionForm &form;
  const SegmentClass &segments;
  Tensor queryOffsets, keyOffsets, sumOffsets, queryLengths, keyLengths;
};

void GraphWriter::forward() {
  fe::graph::SDPA_attributes attributes;
  attributes.set_name("attention").set_generate_stats(true);
  set(attributes);
  Tensor query = input("query", Argument::Query), key = input("key", Argument::Key),
         value = input("value", Argument::Value);
  auto [result, sums] = graph.sdpa(query, key, value, attributes);
  output(result, Argument::Output);
  shapeSums(*sums);
  sums->set_output(true);
}

void GraphWriter::gradient(bool deterministic) {
  fe::graph::SDPA_backward_attributes attributes;
  attributes.set_name("attention_gradient")
      .set_deterministic_algorithm(deterministic)
      .set_max_total_seq_len_q(segments.tokens)
      .set_max_total_seq_len_kv(segments.tokens);
  set(attributes);
  Tensor query = input("query", Argument::Query), key = input("key", Argument::Key),
         value = input("value", Argument::Value), result = input("output", Argument::Output),
         change = input("output_gradient", Argument::OutputGradient);
  fe::graph::Tensor_attributes kept;
  kept.set_name("logsumexp");
  shapeSums(kept);
  auto [ofQuery, ofKey, ofValue] =
      graph.sdpa_backward(query, key, value, result, change, graph.tensor(kept), attributes);
  output(ofQuery, Argument::QueryGradient);
  output(ofKey, Argument::KeyGradient);
  output(ofValue, Argument::ValueGradient);
}

class CudnnPlan : public AttentionPlan {
public:
  CudnnPlan(std::shared_ptr<Opened> opened, std::shared_ptr<fe::graph::Graph> given,
            std::string name, std::string kept)
      : opened(std::move(opened)), graph(std::move(given)), name(std::move(name)),
        kept(std::move(kept)) {
    check(graph->get_workspace_size(workspace), "say what workspace it needs");
  }

  std::string engine() const override { return name; }
  int64_t workspaceBytes() const override { return workspace; }
  std::string bytes() const override { return name + "\n" + kept; }
  void run(const AttentionBuffers &buffers, Handle stream) override;

private:
  std::shared_ptr<Opened> opened;
  std::shared_ptr<fe::graph::Graph> graph;
  std::string name; ///< which a graph that was loaded has forgotten
  std::string kept;
  int64_t workspace = 0;
};

void CudnnPlan::run(const AttentionBuffers &buffers, Handle stream) {
  auto pointer = [](Address address) { return reinterpret_cast<void *>(address); };
  std::unordered_map<int64_t, void *> places = {{QueryLengths, pointer(buffers.lengths)},
                                                {KeyLengths, pointer(buffers.lengths)},
                                                {QueryOffsets, pointer(buffers.queryOffsets)},
                                                {KeyOffsets, pointer(buffers.keyOffsets)},
                                                {SumOffsets, pointer(buffers.sumOffsets)}};
  for (size_t i = 0; i < buffers.arguments.size(); ++i)
    if (i != Argument::Workspace && buffers.arguments[i])
      places[static_cast<int64_t>(i) + 1] = pointer(buffers.arguments[i]);
  guarded("run attention", [&] {
    check(graph->execute(opened->ready(stream), places,
                         pointer(buffers.arguments[Argument::Workspace])),
          "run attention");
    return true;
  });
}

class Cudnn : public AttentionLibrary {
public:
  Cudnn(const std::string &architecture, const std::string &device);

  int64_t version() const override {
    return static_cast<int64_t>(fe::detail::get_backend_version());
  }
  std::string device() const override {
    std::vector<uint8_t> text;
    check(opened->properties->serialize(text), "describe the GPU");
    return {text.begin(), text.end()};
  }
  std::unique_ptr<AttentionPlan> plan(const AttentionForm &form, const SegmentClass &segments,
                                      bool deterministic) override;
  std::unique_ptr<AttentionPlan> load(const std::string &bytes) override;

private:
  std::shared_ptr<fe::graph::Graph> graph() const;

  std::shared_ptr<Opened> opened{new Opened, [](Opened *) {}};
};

Cudnn::Cudnn(const std::string &architecture, const std::string &device) {
  open("libcudart.so.13"); // which the front end asks for by this name, and says so if it is not
  setenv("CUDNN_FRONTEND_CUDART_LIB_NAME", "libcudart.so.13", /*overwrite=*/0);
  // Without it a deterministic gradient of some versions keeps all scores.
  setenv("CUDNN_FRONTEND_ATTN_DP_WORKSPACE_LIMIT", "0", /*overwrite=*/0);
  openLibrary();
  opened->capability = std::atoi(architecture.c_str() + std::string_view("sm_").size());
  opened->properties = std::make_shared<fe::DeviceProperties>();
  if (device.empty())
    check(opened->properties->set_device_id(0).build(), "know the GPU");
  else
    check(opened->properties->deserialize(bytesOf(device)), "take what is said of the GPU");
}

std::shared_ptr<fe::graph::Graph> Cudnn::graph() const {
  auto made = std::make_shared<fe::graph::Graph>();
  made->set_device_properties(opened->properties)
      .set_sm_version(opened->capability) // or validating asks the driver
      .set_io_data_type(fe::DataType_t::BFLOAT16)
      .set_intermediate_data_type(fe::DataType_t::FLOAT)
      .set_compute_data_type(fe::DataType_t::FLOAT);
  return made;
}

std::unique_ptr<AttentionPlan> Cudnn::plan(const AttentionForm &form, const SegmentClass &segments,
                                           bool deterministic) {
  return guarded("plan this attention", [&] {
    std::shared_ptr<fe::graph::Graph> made = graph();
    GraphWriter writer(*made, form, segments);
    if (form.isGradient)
      writer.gradient(deterministic);
    else
      writer.forward();
    check(made->validate(), "take this attention");
    check(made->build_operation_graph(), "take this attention");
    check(made->create_execution_plans({fe::HeurMode_t::A}), "find a way for this attention");
    check(made->check_support(), "have a kernel for this attention");
    check(made->build_plans(), "compile this attention");
    std::string name;
    std::vector<uint8_t> kept;
    check(made->get_plan_name(name), "name its plan");
    check(made->serialize(kept), "write its plan");
    return std::make_unique<CudnnPlan>(opened, std::move(made), std::move(name),
                                       std::string(kept.begin(), kept.end()));
  });
}

std::unique_ptr<AttentionPlan> Cudnn::load(const std::string &bytes) {
  return guarded("take the plan that was kept", [&] {
    std::shared_ptr<fe::graph::Graph> made = graph();
    size_t line = bytes.find('\n') + 1; // without one: all of it
    std::string kept = bytes.substr(line);
    check(made->deserialize(bytesOf(kept)), "take the plan that was kept");
    return std::make_unique<CudnnPlan>(opened, std::move(made), bytes.substr(0, line - 1),
                                       std::move(kept));
  });
}

} // namespace

std::unique_ptr<AttentionLibrary> openCudnn(const std::string &architecture,
                                            const std::string &device) {
  return guarded("start", [&] { return std::make_unique<Cudnn>(architecture, device); });
}

int64_t cudnnVersion() {
  return guarded("say its version", [] {
    openLibrary();
    return static_cast<int64_t>(fe::detail::get_backend_version());
  });
}

} // namespace roux::cuda
