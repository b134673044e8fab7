//===- Checkpoint.cpp - everything a run needs to go on -------------------===//
//
// Header, tensors, tail. The header is written last and holds the sum of the rest
// and of itself, so half a file, or a good one with a flipped bit, never opens.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Checkpoint.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/PackedBytes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace roux::train {

namespace {

struct Header {
  char magic[8] = {'r', 'o', 'u', 'x', 'c', 'k', 'p', 't'};
  uint64_t format = 1;
  uint64_t tailOffset = 0;
  uint64_t tailBytes = 0;
  uint64_t bodyHash = 0;   ///< of everything after the header
  uint64_t headerHash = 0; ///< of the fields before this one

  uint64_t sum() const { return XXH3_64bits(this, offsetof(Header, headerHash)); }
};
static_assert(sizeof(Header) == 48);

} // namespace

static void writeState(const CheckpointState &state, data::PackedWriter &out) {
  for (uint64_t each : {state.identity.recipe, state.identity.plan, state.identity.run, state.step,
                        state.updates, state.seed})
    out.value(each);
  out.value(state.usefulTokens);
  out.value(state.secondsTrained);
  out.text(state.identity.recipeText);
  out.value<uint64_t>(state.kernelChoices.size());
  for (const auto &[kernel, choice] : state.kernelChoices) {
    out.text(kernel);
    out.text(choice);
  }
}

static CheckpointState readState(data::PackedReader &in) {
  CheckpointState state;
  for (uint64_t *each : {&state.identity.recipe, &state.identity.plan, &state.identity.run,
                         &state.step, &state.updates, &state.seed})
    *each = in.value<uint64_t>();
  state.usefulTokens = in.value<double>();
  state.secondsTrained = in.value<double>();
  state.identity.recipeText = in.text();
  for (uint64_t left = in.value<uint64_t>(); left > 0; --left) {
    std::string kernel = in.text();
    state.kernelChoices[kernel] = in.text();
  }
  return state;
}

void writeCheckpoint(const std::filesystem::path &path, const CheckpointState &state,
                     const std::vector<TensorBytes> &tensors) {
  data::AtomicFile out(path, sizeof(Header));
  data::PackedWriter tail;
  writeState(state, tail);
  tail.value<uint64_t>(tensors.size());
  for (const TensorBytes &tensor : tensors) {
    out.align();
    tail.text(tensor.name);
    tail.text(tensor.element);
    tail.value<uint64_t>(tensor.shape.size());
    for (int64_t length : tensor.shape)
      tail.value(length);
    tail.value<uint64_t>(out.size());
    tail.value<uint64_t>(tensor.bytes.size());
    out.write(tensor.bytes);
  }
  if (state.best) {
    tail.value(state.best->measured);
    tail.value(state.best->step);
    tail.value(state.best->worse);
  }
  out.align();
  Header header;
  header.tailOffset = out.size();
  header.tailBytes = tail.bytes().size();
  out.write(tail.bytes());
  header.bodyHash = out.hash();
  header.headerHash = header.sum();
  out.commit(std::as_bytes(std::span(&header, 1)));
}

/// Says what is wrong in CheckpointError's words, whoever found it.
template <typename Read>
static auto asCheckpointError(const std::filesystem::path &path, Read read) {
  try {
    return read();
  } catch (const CheckpointError &) {
    throw;
  } catch (const data::FileError &error) {
    throw CheckpointError(error.what());
  } catch (const std::out_of_range &error) {
    throw CheckpointError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

Checkpoint::Checkpoint(const std::filesystem::path &path) {
  asCheckpointError(path, [&] {
    file = std::make_unique<data::MappedFile>(path);
    std::span<const std::byte> all = file->bytes();
    auto fail = [&](const std::string &why) {
      throw CheckpointError(fmt::format("{}: {}", path.string(), why));
    };
    Header header;
    if (all.size() < sizeof header)
      fail(fmt::format("{} bytes are too few for a checkpoint", all.size()));
    std::memcpy(&header, all.data(), sizeof header);
    if (std::memcmp(header.magic, Header{}.magic, sizeof header.magic) != 0)
      fail("not a checkpoint");
    if (header.format != Header{}.format)
      fail(fmt::format("a checkpoint of format {}, expected {}", header.format, Header{}.format));
    std::span<const std::byte> body = all.subspan(sizeof header);
    if (header.headerHash != header.sum() ||
        header.bodyHash != XXH3_64bits(body.data(), body.size()))
      fail("damaged: its checksum does not agree with its bytes");
    readTail(std::as_bytes(file->section<std::byte>(header.tailOffset, header.tailBytes, "tail")));
  });
}

Checkpoint::~Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint &&) noexcept = default;

void Checkpoint::readTail(std::span<const std::byte> tail) {
  data::PackedReader in(tail);
  saved = readState(in);
  for (uint64_t left = in.value<uint64_t>(); left > 0; --left) {
    std::string name = in.text();
    Entry entry{in.text(), {}, {}};
    for (uint64_t lengths = in.value<uint64_t>(); lengths > 0; --lengths)
      entry.shape.push_back(in.value<int64_t>());
    uint64_t offset = in.value<uint64_t>(), bytes = in.value<uint64_t>();
    entry.bytes = file->section<std::byte>(offset, bytes, name);
    entries.emplace(name, std::move(entry));
  }
  if (in.isAtEnd())
    return;
  BestSoFar &best = saved.best.emplace();
  best.measured = in.value<double>();
  best.step = in.value<uint64_t>();
  best.worse = in.value<uint64_t>();
}

template <typename From, typename To>
static void convert(std::span<const std::byte> from, std::span<std::byte> to) {
  for (size_t i = 0; i < from.size() / sizeof(From); ++i) {
    From value;
    std::memcpy(&value, &from[i * sizeof(From)], sizeof value);
    To same = static_cast<To>(value);
    std::memcpy(&to[i * sizeof(To)], &same, sizeof same);
  }
}

/// Copies values, of another precision where `run` asks for another; false where neither is known.
static bool copyValues(std::string_view fromElement, std::span<const std::byte> from,
                       const TensorBytes &to) {
  if (fromElement == to.element && from.size() == to.bytes.size()) {
    if (!from.empty())
      std::memcpy(to.bytes.data(), from.data(), from.size());
  } else if (fromElement == "f32" && to.element == "f64" && 2 * from.size() == to.bytes.size()) {
    convert<float, double>(from, to.bytes);
  } else if (fromElement == "f64" && to.element == "f32" && from.size() == 2 * to.bytes.size()) {
    convert<double, float>(from, to.bytes);
  } else {
    return false;
  }
  return true;
}

void Checkpoint::restore(std::span<const TensorBytes> tensors) const {
  auto fail = [&](const std::string &why) { throw CheckpointError(why); };
  for (const TensorBytes &to : tensors) {
    auto found = entries.find(to.name);
    if (found == entries.end())
      fail(fmt::format("the checkpoint of step {} has no tensor '{}'", saved.step, to.name));
    const Entry &from = found->second;
    if (from.shape != to.shape || !copyValues(from.element, from.bytes, to))
      fail(fmt::format("the checkpoint of step {} has '{}' as {} [{}], the program as {} [{}]",
                       saved.step, to.name, from.element, fmt::join(from.shape, ", "), to.element,
                       fmt::join(to.shape, ", ")));
  }
}

void Checkpoint::checkAllUsed(std::span<const TensorBytes> tensors) const {
  for (const auto &[name, entry] : entries)
    if (std::ranges::find(tensors, name, &TensorBytes::name) == tensors.end())
      throw CheckpointError(fmt::format("the checkpoint of step {} has a tensor '{}', which the "
                                        "program does not",
                                        saved.step, name));
}

/// The first line in which two texts differ, as a sentence; empty where they are equal.
static std::string firstDifference(std::string_view before, std::string_view now) {
  for (size_t line = 1;; ++line) {
    std::string_view old = before.substr(0, before.find('\n'));
    std::string_view fresh = now.substr(0, now.find('\n'));
    if (old != fresh)
      return fmt::format(": line {} was `{}` and is `{}`", line, old, fresh);
    if (old.size() == before.size() || fresh.size() == now.size())
      return before.size() == now.size() ? "" : ": one has more lines than the other";
    before.remove_prefix(old.size() + 1);
    now.remove_prefix(fresh.size() + 1);
  }
}

bool checkIdentity(const std::filesystem::path &file, const RunIdentity &saved,
                   const RunIdentity &now) {
  auto refuse = [&](const std::string &what) {
    throw CheckpointError(fmt::format("{}: {}", file.string(), what));
  };
  if (saved.recipe != now.recipe)
    refuse("made by another recipe" + firstDifference(saved.recipeText, now.recipeText));
  if (saved.plan != now.plan)
    refuse(fmt::format("made with plan {:016x}, but this one is {:016x}: the data or the tokenizer "
                       "changed",
                       saved.plan, now.plan));
  return saved.run == now.run;
}

} // namespace roux::train
