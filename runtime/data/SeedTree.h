//===- SeedTree.h - every random draw, by name instead of by order --------===//
//
// A draw is a function of the seed, the construct that draws and the record it
// draws for, never of what was drawn before. So it is the same on every rank,
// resume and machine, and leaving records out does not redraw the rest. The
// functions are ours (splitmix64), because those of the standard library differ
// between machines.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace roux::data {

/// A place in the tree of seeds; children are made with `/`. Equal paths, equal draws.
class SeedTree {
public:
  explicit constexpr SeedTree(uint64_t seed) : state(mix(seed)) {}

  constexpr SeedTree operator/(uint64_t child) const {
    return SeedTree(mix(state ^ mix(child + 0x9e3779b97f4a7c15u)), Made{});
  }
  constexpr SeedTree operator/(std::string_view child) const {
    uint64_t hash = 0xcbf29ce484222325u; // FNV-1a
    for (char c : child)
      hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
    return *this / hash;
  }

  /// 64 uniform bits; draw number `n` of this place.
  constexpr uint64_t bits(uint64_t n = 0) const {
    return mix(state + (n + 1) * 0x9e3779b97f4a7c15u);
  }
  /// A number in [0, 1) with 53 bits.
  constexpr double uniform(uint64_t n = 0) const {
    return static_cast<double>(bits(n) >> 11) * 0x1p-53;
  }
  /// A whole number in [0, limit), limit > 0.
  constexpr uint64_t below(uint64_t limit, uint64_t n = 0) const {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(bits(n)) * limit) >> 64);
  }

private:
  struct Made {};
  constexpr SeedTree(uint64_t state, Made) : state(state) {}
  static constexpr uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }
  uint64_t state;
};

} // namespace roux::data
