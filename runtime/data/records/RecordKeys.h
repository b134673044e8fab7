//===- RecordKeys.h - what each key of a record or message is to us -------===//
//
// A key that nobody reads is lost, and whoever wrote it believes that the model saw
// it. So every key has a row or is unknown: unknown ones are counted for the ledger,
// and those that would change what is trained are followed or refused by name.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"

#include <string_view>
#include <unordered_set>
#include <vector>

namespace roux::data {

enum class KeyUse : uint8_t {
  Read,     ///< by the layout
  Template, ///< handed on to the chat template, which may read it or not
  Harmless, ///< names the record; it cannot change what is trained
  Refused,  ///< leaving it out would change what is trained, and it is not followed
  Unknown,  ///< counted, and told
};

/// Of a key of a record that its layout has not taken.
KeyUse useOfKey(Layout layout, std::string_view key);
/// Why a refused key is, for the message.
std::string_view reasonOfKey(std::string_view key);

enum class MessageKey : uint8_t {
  Role,     ///< role, from
  Content,  ///< content, value
  Mark,     ///< whether the message may be trained: weight, train, …
  Harmless, ///< names the message
  Refused,  ///< as of a record
  Template, ///< handed on to the chat template, which may read it or not
};
MessageKey useOfMessageKey(std::string_view key);

/// True of the layouts whose messages go through a chat template.
inline bool isChat(Layout layout) {
  return layout == Layout::Messages || layout == Layout::ShareGPT || layout == Layout::Alpaca ||
         layout == Layout::ChatCompletion || layout == Layout::Pairs;
}

/// The keys of an object met so far. Time is linear in their number, and a few take no memory.
class KeySet {
public:
  void clear();
  /// True if `key` was not there; its bytes must stay.
  bool insert(std::string_view key);

private:
  static constexpr size_t few = 16;
  std::vector<std::string_view> first;
  std::unordered_set<std::string_view> more;
};

} // namespace roux::data
