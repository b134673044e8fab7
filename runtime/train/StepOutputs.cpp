//===- StepOutputs.cpp - what a step's runs give, until it is looked at ---===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/StepOutputs.h"

#include <algorithm>

namespace roux::train {

static constexpr size_t alignment = 64, blockBytes = 16 * 1024;

void StepOutputs::makeRoom(size_t bytes) {
  bool isApart = device->keepsBuffersApart();
  if (!isApart && block < blocks.size() && used + bytes <= blocks[block].size())
    return;
  for (block = blocks.empty() ? 0 : block + 1; block < blocks.size(); ++block)
    if (bytes <= blocks[block].size())
      break;
  used = 0;
  if (block == blocks.size())
    blocks.emplace_back(device, isApart ? bytes : std::max(bytes, blockBytes), "a step's numbers",
                        Fill::Nothing);
}

std::span<std::byte> StepOutputs::place(size_t bytes) {
  makeRoom(bytes);
  places.push_back({block, used, bytes});
  std::span<std::byte> found = blocks[block].span().subspan(used, bytes);
  used += (bytes + alignment - 1) / alignment * alignment;
  return found;
}

std::vector<std::vector<std::byte>> StepOutputs::take() {
  std::vector<std::vector<std::byte>> copies(blocks.size());
  for (const Place &place : places) // the last of a block ends it
    copies[place.block].resize(place.begin + place.bytes);
  for (size_t i = 0; i < blocks.size(); ++i)
    if (!copies[i].empty())
      device->download(copies[i], blocks[i].data());
  std::vector<std::vector<std::byte>> found;
  for (const Place &place : places) {
    auto begin = copies[place.block].begin() + static_cast<std::ptrdiff_t>(place.begin);
    found.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(place.bytes));
  }
  clear();
  return found;
}

void StepOutputs::clear() {
  places.clear();
  block = used = 0;
  if (device->keepsBuffersApart())
    blocks.clear(); // each was as large as what it held
}

} // namespace roux::train
