//===- PlanFormat.h - the plan file's header ------------------------------===//
//
// Shared by its writer and its reader and by nobody else. README.md says what
// each section holds. A change of any row or of the meaning of one is a new version.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace roux::data {

struct PlanHeader {
  static constexpr uint64_t magicValue = 0x31304e4c50585552u; // "RUXPLN01", little-endian
  static constexpr uint32_t currentVersion = 2;

  uint64_t magic;
  uint32_t version;
  uint32_t reserved;  ///< 0
  uint64_t fileBytes; ///< so that a truncated copy is known at once
  uint64_t hash;      ///< sealOf() this header and all bytes after it
  uint64_t sequences; ///< rows of PlacedSequence, right behind the header
  uint64_t packs;     ///< rows of PlannedPack
  uint64_t packsOffset;
  uint64_t steps; ///< rows of PlannedStep
  uint64_t stepsOffset;
  uint64_t tailOffset; ///< packed settings, spec and ledger, to the end of the file
};
static_assert(sizeof(PlanHeader) == 80);

} // namespace roux::data
