// Any bytes at all as a safetensors file, a config.json, a GGUF file or a llama2.c checkpoint:
// reading ends with a ModelError or with a description that every byte of the file agrees with; a
// config that is accepted must survive being written.
#include "runtime/model/Gguf.h"
#include "runtime/model/Llama2c.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/WriteConfig.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace roux::model;

static void require(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

static void readHeader(std::span<const std::byte> bytes) {
  std::vector<TensorEntry> entries = readSafetensorsHeader(bytes, "fuzz");
  uint64_t data = entries.empty() ? 0 : entries.back().end, reached = 0;
  require(data <= bytes.size(), "a tensor lies outside the file");
  for (const TensorEntry &entry : entries) {
    require(entry.begin == reached && entry.end >= entry.begin, "tensors do not tile the data");
    reached = entry.end;
  }
}

static void readShape(std::string_view text) {
  ModelConfig config = parseConfig(text, "fuzz");
  frequencies(config.rotary, std::min<int64_t>(config.rotaryChannels(), 1 << 10), config.context);
  std::string once = configText(config, DataType::F32);
  require(configText(parseConfig(once, "fuzz"), DataType::F32) == once,
          "a config changed by being written and read");
}

/// Behind the format's first words, which chance would rarely find.
static void readGgufHeader(std::span<const std::byte> bytes) {
  std::vector<std::byte> file(8 + bytes.size());
  std::memcpy(file.data(), "GGUF\3\0\0\0", 8);
  std::ranges::copy(bytes, file.begin() + 8);
  for (const GgufTensor &tensor : parseGguf(file, "fuzz").tensors)
    require(tensor.begin <= file.size() && tensor.bytes <= file.size() - tensor.begin,
            "a tensor lies outside the file");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  std::span bytes(reinterpret_cast<const std::byte *>(data) + 1, size - 1);
  // The header's length is put in place, or nearly every input would end there.
  std::vector<std::byte> framed(8 + bytes.size());
  uint64_t length =
      data[0] < 128 ? bytes.size() : bytes.size() - std::min<size_t>(data[0] - 128, bytes.size());
  std::memcpy(framed.data(), &length, sizeof length);
  std::copy(bytes.begin(), bytes.end(), framed.begin() + 8);
  auto attempt = [](auto read) {
    try {
      read();
    } catch (const ModelError &error) {
      require(std::strlen(error.what()) > 0, "an error without a message");
    }
  };
  attempt([&] { readHeader(bytes); });
  attempt([&] { readHeader(framed); });
  attempt([&] { readShape({reinterpret_cast<const char *>(bytes.data()), bytes.size()}); });
  attempt([&] { parseLlama2cHeader(bytes, "fuzz"); });
  attempt([&] { readGgufHeader(bytes); });
  return 0;
}
