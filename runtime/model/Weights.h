//===- Weights.h - a model's tensors, where they lie on disk --------------===//
//
// A view: files are mapped, nothing is copied or converted until somebody asks
// for numbers. One class for every format, so nothing above knows which it was.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/LostBytes.h"
#include "runtime/model/WeightTable.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace roux::model {

enum class DataType : uint8_t { F32, F16, BF16 };

std::string_view spelling(DataType type);
int64_t byteSize(DataType type);

/// A file mapped into memory, read-only, for as long as this lives.
class MappedFile {
public:
  /// Throws ModelError if the file cannot be opened or mapped.
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::filesystem::path &path() const { return name; }
  std::span<const std::byte> bytes() const { return contents; }

private:
  std::filesystem::path name;
  std::span<const std::byte> contents;
  data::WatchedMapping watched;
};

struct Tensor {
  DataType type = DataType::F32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes; ///< little-endian, of any alignment
  std::filesystem::path file;

  int64_t elements() const;
};

/// Element `index` of `tensor`, counted row by row.
double element(const Tensor &tensor, int64_t index);
/// All elements, as float or double; `out` has exactly elements() places.
template <typename T>
void read(const Tensor &tensor, std::span<T> out);

/// Name -> tensor. Copies share the bytes.
class Weights {
public:
  /// Throws ModelError if `name` is there already, naming both files.
  void add(const std::string &name, Tensor tensor);
  /// The same for an f32 tensor that lives in memory; `values` has one element a place of `shape`.
  void addValues(const std::string &name, std::vector<int64_t> shape, std::vector<float> values);
  /// Keeps what tensors borrow their bytes from, a mapped file or memory, as long as this lives.
  void keep(std::shared_ptr<const void> bytes) { storage.push_back(std::move(bytes)); }

  /// Null if there is none.
  const Tensor *find(const std::string &name) const;
  const std::map<std::string, Tensor> &all() const { return tensors; }

private:
  std::map<std::string, Tensor> tensors;
  std::vector<std::shared_ptr<const void>> storage;
};

/// True of what programs compute themselves and some stored beside the weights: tables of angles,
/// masks, positions. Whatever module they are in, they hold nothing that the config does not say.
bool isComputedTable(const std::string &name);

/// A row of the table with what the files hold for it: one tensor, or one for each of its layers.
struct BoundWeight {
  WeightRow row;
  std::vector<const Tensor *> tensors;
};

/// Finds every weight of `config` in `weights`, in the table's order. Throws ModelError, with the
/// tensor, both shapes and the file, for a weight that is missing, has another shape, or has no
/// place in such a model. The result borrows from `weights`.
std::vector<BoundWeight> bind(const ModelConfig &config, const Weights &weights);
/// The same for the parameters of a program of `config`, its tuning included.
std::vector<BoundWeight> bindParameters(const ModelConfig &config, const Weights &weights);

/// The tensors with an element that is infinite or no number, as "name: element 17 is nan in FILE".
std::vector<std::string> notFinite(const Weights &weights);

/// Throws ModelError if the model has fewer embeddings than a tokenizer has tokens.
void checkVocabulary(const ModelConfig &config, int64_t tokens, const std::string &tokenizer);

} // namespace roux::model
