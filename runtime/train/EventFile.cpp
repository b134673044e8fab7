//===- EventFile.cpp - curves for TensorBoard -----------------------------===//
//
// Protobuf by hand: Event { wall_time 1, step 2, file_version 3, summary 5,
// session_log 7 }, Summary { value 1 }, Value { tag 1, simple_value 2 }. A record is
// its length, the length's sum, the bytes and their sum.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/EventFile.h"

#include "runtime/train/Crc32c.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace roux::train {

namespace {

enum Wire : uint32_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

class Message {
public:
  void number(uint32_t field, uint64_t value) {
    varint(field << 3 | Varint);
    varint(value);
  }
  void real(uint32_t field, double value) {
    varint(field << 3 | Fixed64);
    raw(value);
  }
  void real(uint32_t field, float value) {
    varint(field << 3 | Fixed32);
    raw(value);
  }
  void text(uint32_t field, std::string_view value) {
    varint(field << 3 | Bytes);
    varint(value.size());
    bytes += value;
  }
  std::string bytes;

private:
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7)
      bytes += static_cast<char>(value | 128);
    bytes += static_cast<char>(value);
  }
  template <typename T>
  void raw(T value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
};

} // namespace

static Message event(double seconds, uint64_t step) {
  Message message;
  message.real(1, seconds);
  message.number(2, step);
  return message;
}

static double wallSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// TensorBoard reads files in the order of their names.
static std::filesystem::path newFile(const std::filesystem::path &folder, uint64_t firstStep) {
  std::error_code error; // said by whoever opens the file
  std::filesystem::create_directories(folder, error);
  return folder / fmt::format("events.out.tfevents.{:010}.roux.{}.{}",
                              static_cast<uint64_t>(wallSeconds()), getpid(), firstStep);
}

EventFile::EventFile(const std::filesystem::path &folder, uint64_t firstStep)
    : file(newFile(folder, firstStep)) {
  Message version = event(wallSeconds(), 0);
  version.text(3, "brain.Event:2");
  record(version.bytes);
  Message started, start = event(wallSeconds(), firstStep);
  started.number(1, 1); // SessionLog.status = START
  start.text(7, started.bytes);
  record(start.bytes);
}

void EventFile::record(std::string_view bytes) {
  uint64_t length = bytes.size();
  std::string framed(reinterpret_cast<const char *>(&length), sizeof length);
  auto addSum = [&](std::string_view of) {
    uint32_t sum = maskedCrc32c(of);
    framed.append(reinterpret_cast<const char *>(&sum), sizeof sum);
  };
  addSum(framed);
  framed += bytes;
  addSum(bytes);
  file.append(framed);
}

void EventFile::write(uint64_t step, double seconds, const Scalars &scalars) {
  Message summary;
  for (const auto &[name, value] : scalars) {
    Message one;
    one.text(1, name);
    one.real(2, static_cast<float>(value));
    summary.text(1, one.bytes);
  }
  Message whole = event(seconds, step);
  whole.text(5, summary.bytes);
  record(whole.bytes);
}

} // namespace roux::train
