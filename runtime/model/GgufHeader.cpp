//===- GgufHeader.cpp - the header of a GGUF file -------------------------===//
#include "runtime/model/GgufHeader.h"

#include <fmt/ranges.h>

namespace roux::model::gguf {

Value Reader::value(uint32_t type, const std::string &key, int depth) {
  std::string what = "key '" + key + "'";
  auto natural = [&](auto number) { return Value(static_cast<uint64_t>(number)); };
  auto whole = [&](auto number) { return Value(static_cast<int64_t>(number)); };
  switch (type) {
  case 0:
    return natural(take<uint8_t>(what));
  case 1:
    return whole(take<int8_t>(what));
  case 2:
    return natural(take<uint16_t>(what));
  case 3:
    return whole(take<int16_t>(what));
  case 4:
    return natural(take<uint32_t>(what));
  case 5:
    return whole(take<int32_t>(what));
  case 6:
    return Value(static_cast<double>(take<float>(what)));
  case 7:
    return Value(take<uint8_t>(what) != 0);
  case 8:
    return Value(text(what));
  case 10:
    return natural(take<uint64_t>(what));
  case 11:
    return whole(take<int64_t>(what));
  case 12:
    return Value(take<double>(what));
  case 9:
    break;
  default:
    fail(fmt::format("{} has type {}, expected 0 to 12", what, type));
  }
  if (depth > 2)
    fail(fmt::format("{} holds lists in lists in lists", what));
  auto of = take<uint32_t>(what);
  uint64_t length = count(1, "values of " + what);
  for (uint64_t i = 0; i < length; ++i)
    value(of, key, depth + 1);
  return Skipped();
}

static const ElementType &elementType(const Reader &reader, const GgufTensor &tensor) {
  for (const ElementType &known : elementTypes)
    if (known.number == tensor.type)
      return known;
  std::vector<std::string_view> names;
  for (const ElementType &known : elementTypes)
    names.push_back(known.name);
  reader.fail(fmt::format("tensor '{}' has ggml's type {}, expected one of {}", tensor.name,
                          tensor.type, fmt::join(names, ", ")));
}

std::vector<GgufTensor> readTensors(Reader &reader, uint64_t count, uint64_t alignment) {
  std::vector<GgufTensor> tensors;
  for (uint64_t i = 0; i < count; ++i) {
    GgufTensor &tensor = tensors.emplace_back();
    tensor.name = reader.text("the name of a tensor");
    std::string what = "tensor '" + tensor.name + "'";
    auto dimensions = reader.take<uint32_t>(what);
    if (dimensions < 1 || dimensions > 4)
      reader.fail(fmt::format("{} has {} dimensions, expected 1 to 4", what, dimensions));
    for (uint32_t d = 0; d < dimensions; ++d) {
      auto length = reader.take<uint64_t>(what);
      if (length == 0 || length >= uint64_t(1) << 31)
        reader.fail(fmt::format("{} has a dimension of {}, expected 1 to 2^31 - 1", what, length));
      tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(length));
    }
    tensor.type = reader.take<uint32_t>(what);
    tensor.begin = reader.take<uint64_t>(what);
  }
  uint64_t data = (reader.place() + alignment - 1) / alignment * alignment;
  for (GgufTensor &tensor : tensors) {
    const ElementType &type = elementType(reader, tensor);
    uint64_t elements = 1;
    bool fits = true;
    for (int64_t length : tensor.shape)
      fits = fits && !__builtin_mul_overflow(elements, static_cast<uint64_t>(length), &elements);
    if (fits && tensor.shape.back() % static_cast<int64_t>(type.elements) != 0)
      reader.fail(
          fmt::format("tensor '{}' has rows of {} elements, which {} stores in blocks of {}",
                      tensor.name, tensor.shape.back(), type.name, type.elements));
    fits = fits && !__builtin_mul_overflow(elements / type.elements, type.bytes, &tensor.bytes);
    if (!fits || data > reader.size() || tensor.begin > reader.size() - data ||
        tensor.bytes > reader.size() - data - tensor.begin)
      reader.fail(fmt::format("truncated: tensor '{}' begins at byte {} of the data and is longer "
                              "than what is left",
                              tensor.name, tensor.begin));
    tensor.begin += data;
  }
  return tensors;
}

} // namespace roux::model::gguf
