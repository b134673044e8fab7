// A plan with any of its bytes changed and its hash made right again: it is refused, or every step
// of it is laid out, weighed and made into micro-batches inside its store.
#include "runtime/data/Seal.h"
#include "runtime/data/batch/MicroBatch.h"
#include "runtime/data/plan/PlanFormat.h"
#include "runtime/data/plan/Planner.h"
#include "tests/runtime/fuzz/Edits.h"
#include "tests/runtime/golden/Artefacts.h"

#include <memory>

using namespace roux;
using namespace roux::data;

static fuzz::FolderInMemory folder;

static Expression one() {
  Expression::Node node;
  node.number = 1;
  return {{node}};
}

static std::vector<std::string> madePlans(const TokenStore &store) {
  std::vector<std::string> made;
  for (const PlanSpec &spec : golden::specs()) {
    writePlan(folder / "plan", PlanInput(store), spec);
    made.push_back(golden::bytesOf(folder / "plan"));
  }
  return made;
}

static void makeAll(const Plan &plan, const TokenStore &store) {
  PlanInput input(store);
  Expression weight = one();
  for (uint64_t s = 0; s < std::min<uint64_t>(plan.steps(), 64); ++s) {
    PlanStep step = plan.step(s);
    StepWeights weights(weight, input, plan, step);
    MicroBatch batch;
    for (const auto &rank : layOut(plan, step, {.ranks = 2, .microBatchTokens = 16}).ranks)
      for (const Portion &portion : rank) {
        materialize(plan, input, weights, portion, batch);
        for (int32_t id : batch.tokens)
          if (id < 0 || id >= static_cast<int32_t>(golden::vocabulary))
            std::abort();
      }
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const TokenStore store = [] {
    golden::makeStore(folder / "store");
    return TokenStore(folder / "store");
  }();
  static const std::vector<std::string> made = madePlans(store);
  if (size == 0)
    return 0;
  std::string bytes =
      fuzz::resealed<PlanHeader>(fuzz::edited(made[data[0] % made.size()], data + 1, size - 1),
                                 [&](PlanHeader &header, std::string_view body) {
                                   header.magic = PlanHeader::magicValue;
                                   header.version = PlanHeader::currentVersion;
                                   header.fileBytes = sizeof header + body.size();
                                   header.hash =
                                       sealOf(header, XXH3_64bits(body.data(), body.size()));
                                 });
  fuzz::FileInMemory file(bytes);
  try {
    Plan plan(file.path());
    plan.verify(store);
    makeAll(plan, store);
  } catch (const FileError &) {
  } catch (const PlanError &) {
  }
  return 0;
}
