//===- ByteTokenizer.h - a tokenizer one can follow by eye ----------------===//
//
// Every byte is a token with its own value as id, and a few control tokens stand
// above them. So a test can write what it expects as text.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <array>
#include <string>

class ByteTokenizer : public roux::data::Tokenizer {
public:
  static constexpr std::array<std::string_view, 4> controls = {"<s>", "</s>", "<|im_start|>",
                                                               "<|im_end|>"};
  ByteTokenizer() {
    setEnds(256, 257);
    setNamedTokens({{"bos_token", "<s>"}, {"eos_token", "</s>"}});
    setContentHash(1);
  }
  void encode(std::string_view text, std::vector<roux::data::TokenId> &ids,
              roux::data::EncodeOptions options = {}) const override {
    auto encoding = encodeWithOffsets(text, options);
    ids.insert(ids.end(), encoding.ids.begin(), encoding.ids.end());
  }
  roux::data::Encoding encodeWithOffsets(std::string_view text,
                                         roux::data::EncodeOptions = {}) const override {
    roux::data::Encoding encoding;
    for (uint32_t at = 0; at < text.size();) {
      uint32_t id = static_cast<unsigned char>(text[at]), length = 1;
      for (uint32_t control = 0; control < controls.size(); ++control)
        if (text.substr(at).starts_with(controls[control])) {
          id = 256 + control;
          length = controls[control].size();
        }
      encoding.ids.push_back(id);
      encoding.offsets.push_back({at, at + length});
      at += length;
    }
    return encoding;
  }
  std::string decode(std::span<const roux::data::TokenId> ids, bool = true) const override {
    std::string text;
    for (roux::data::TokenId id : ids)
      text += id < 256 ? std::string(1, static_cast<char>(id)) : std::string(controls[id - 256]);
    return text;
  }
  roux::data::TokenId vocabularySize() const override { return 260; }
  std::string_view spelling(roux::data::TokenId id) const override {
    return id < 256 ? std::string_view() : controls[id - 256];
  }
  std::optional<roux::data::TokenId> find(std::string_view) const override { return {}; }
  bool isSpecial(roux::data::TokenId id) const override { return id >= 256; }
};
