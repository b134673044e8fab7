//===- Answerer.h - a model that answers, here or elsewhere ---------------===//
//
// Data written by a model and judges ask the same way, whether the model's weights are
// here or it stands behind an endpoint. Every answer is in a journal before it is
// used, so a run that is killed asks nothing twice.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/TrainBuild.h"
#include "runtime/endpoint/Endpoint.h"

namespace roux {

class Answerer {
public:
  virtual ~Answerer() = default;
  /// Answers in the order of the questions. A question that cannot be answered is refused with the
  /// reason. Throws EndpointError, and what compiling a model throws.
  virtual std::vector<endpoint::Answered> ask(std::span<const endpoint::Question> questions) = 0;
  /// What finds the answer of `question` in the journal.
  virtual std::string keyOf(const endpoint::Question &question) const = 0;
};

/// The model that `model` is, names or is trained as; trains are built. It is compiled when a
/// question comes that the journal does not answer. Answers are kept below `output`. `identity` is
/// answererIdentity(). All must outlive it. Throws RefusedRecipe for a key that is not set and a
/// model without a tokenizer.
std::unique_ptr<Answerer> answererOf(const SourceManager &sources, const CheckedRecipe &recipe,
                                     TrainBuilder &trains, const CheckedValue &model,
                                     const std::string &identity,
                                     const std::filesystem::path &output);

} // namespace roux
