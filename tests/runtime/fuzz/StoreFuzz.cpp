// A token store with any of its bytes changed and its hash made right again: opening and verify()
// refuse it, or whatever reads and plans it stays inside it.
#include "runtime/data/Seal.h"
#include "runtime/data/StoreFormat.h"
#include "runtime/data/plan/Plan.h"
#include "runtime/data/plan/Planner.h"
#include "tests/runtime/fuzz/Edits.h"
#include "tests/runtime/golden/Artefacts.h"

using namespace roux;
using namespace roux::data;

static uint64_t readAll(const TokenStore &store) {
  uint64_t sum = store.origin().size();
  for (uint32_t s = 0; s < store.sequences().size(); ++s) {
    SequenceView view = store.view(s);
    sum += store.name(s).size();
    for (uint32_t t = 0; t < view.ids.size(); ++t)
      sum += view.ids[t] + view.labels[t] + store.roles()[view.roles[t]].size();
    for (std::span<const TokenRange> ranges : {view.turns, view.spans})
      for (TokenRange range : ranges)
        if (range.begin > range.end || range.end > view.ids.size())
          std::abort();
    for (float score : view.tokenScores)
      sum += score > 0;
    const auto &attributes = store.schema().attributes;
    for (uint32_t a = 0; a < attributes.size(); ++a)
      sum += attributes[a].isText ? store.text(a, s).size() : store.number(a, s) > 0;
  }
  return sum;
}

static PlanSpec specOf(uint8_t which) {
  PlanSpec spec;
  spec.construct = "train";
  spec.context = 32;
  spec.batch.policy = which % 2 ? Policy::Pack : Policy::Each;
  spec.batch.tokens = which % 2 ? 24 : 0;
  spec.batch.sequences = 2;
  spec.batch.fit = which & 2 ? Fit::FillNext : Fit::Best;
  spec.batch.overflow = which & 4 ? Overflow::CutMiddle : Overflow::Split;
  return spec;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::FolderInMemory folder;
  static const std::string made = [] {
    golden::makeStore(folder / "store");
    return golden::bytesOf(folder / "store");
  }();
  std::string bytes = fuzz::resealed<StoreHeader>(
      fuzz::edited(made, data, size), [&](StoreHeader &header, std::string_view body) {
        header.magic = StoreHeader::magicValue;
        header.version = StoreHeader::currentVersion;
        header.fileBytes = sizeof header + body.size();
        header.hash = sealOf(header, XXH3_64bits(body.data(), body.size()));
      });
  fuzz::FileInMemory file(bytes);
  try {
    TokenStore store(file.path());
    store.verify(golden::vocabulary);
    readAll(store);
    if (size % 4 == 0) {
      writePlan(folder / "plan", PlanInput(store), specOf(static_cast<uint8_t>(size / 4)));
      Plan(folder / "plan").verify(store);
    }
  } catch (const FileError &) {
  } catch (const PlanError &) {
  }
  return 0;
}
