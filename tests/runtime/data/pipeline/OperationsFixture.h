//===- OperationsFixture.h - small data for operations of a definition ----===//
//
// Documents of a word or a number, and what a run of the pipeline refuses.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "PipelineFixture.h"

namespace roux::data {

class Operations : public PipelineFixture {
protected:
  using Texts = std::vector<std::string>;

  void documents(const std::string &file, const Texts &texts, const std::string &fields = "") {
    std::string lines;
    for (const std::string &text : texts)
      lines += "{\"text\": \"" + text + "\"" + fields + "}\n";
    write(file, lines);
  }
  /// `count` documents "0", "1", ….
  void numbered(const std::string &file, int count) {
    Texts texts;
    for (int i = 0; i < count; ++i)
      texts.push_back(std::to_string(i));
    documents(file, texts);
  }
  static Expression tokensAbove(double bound) {
    return binary(Operation::Greater, read(Scope::Sequence, Attribute::Tokens), number(bound));
  }
  std::string refusal() {
    try {
      run();
    } catch (const FileError &error) {
      std::string message = error.what();
      size_t at = message.find(folder.string() + "/");
      return at == 0 ? message.substr(folder.string().size() + 1) : message;
    }
    return "accepted";
  }
};

} // namespace roux::data
