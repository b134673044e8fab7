//===- ActivationPlan.cpp - the memory of a step before there is one ------===//
//
// What fits is settled before any data is seen, so every list is taken as long as it can be.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/ActivationPlan.h"

#include "runtime/AttentionForm.h"
#include "runtime/LaunchLists.h"

namespace roux::train {

MemoryPlan activationPlan(const Program &program, const model::ModelConfig &config,
                          const std::string &entry, int64_t tokens) {
  Extents extents;
  for (const char *name :
       {"tokens", targetCountName, pairCountName, "token.distinct", "token.starts",
        "label.distinct", "label.starts", "position.distinct", "position.starts"})
    extents[name] = tokens;
  // One item a block of a segment and head; segments of one token have the most.
  extents[queryWorkName] = tokens * config.heads;
  extents[gradientWorkName] = tokens * config.keyValueHeads;
  extents[querySumsName] = tokens;
  extents[workspaceName] = workspaceSteps(tokens);
  extents[partialRowsName] = mostPartialRows(tokens, static_cast<int32_t>(config.keyValueHeads),
                                             static_cast<int32_t>(program.target.attentionPart),
                                             static_cast<int32_t>(program.target.attentionItems));
  return planMemory(program.entry(entry), extents);
}

} // namespace roux::train
