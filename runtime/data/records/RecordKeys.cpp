//===- RecordKeys.cpp - the tables of keys --------------------------------===//
//
// The spellings are those of published data sets and of the trainers they were made
// for.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/RecordKeys.h"

#include <algorithm>

namespace roux::data {

namespace {

struct RecordRow {
  std::string_view key;
  KeyUse use;
  bool chatOnly; ///< elsewhere the key is unknown
  std::string_view reason;
};

constexpr std::string_view noImages = "nothing here can train on an image, a sound or a film";

constexpr RecordRow recordRows[] = {
    {"tools", KeyUse::Template, true, {}},
    {"documents", KeyUse::Template, true, {}},
    {"system", KeyUse::Read, true, {}},
    {"chat_template_kwargs", KeyUse::Template, true, {}},
    {"images", KeyUse::Refused, true, noImages},
    {"image", KeyUse::Refused, true, noImages},
    {"videos", KeyUse::Refused, true, noImages},
    {"video", KeyUse::Refused, true, noImages},
    {"audios", KeyUse::Refused, true, noImages},
    {"audio", KeyUse::Refused, true, noImages},
    {"history", KeyUse::Refused, true, "it would be lost; write it as messages"},
    {"id", KeyUse::Harmless, false, {}},
    {"idx", KeyUse::Harmless, false, {}},
    {"index", KeyUse::Harmless, false, {}},
    {"uid", KeyUse::Harmless, false, {}},
    {"uuid", KeyUse::Harmless, false, {}},
    {"conversation_id", KeyUse::Harmless, false, {}},
};

struct MessageRow {
  std::string_view key;
  MessageKey use;
};

constexpr MessageRow messageRows[] = {
    {"role", MessageKey::Role},
    {"from", MessageKey::Role},
    {"content", MessageKey::Content},
    {"value", MessageKey::Content},
    {"weight", MessageKey::Mark},
    {"train", MessageKey::Mark},
    {"training", MessageKey::Mark},
    {"trainable", MessageKey::Mark},
    {"loss", MessageKey::Mark},
    {"loss_weight", MessageKey::Mark},
    {"loss_scale", MessageKey::Mark},
    {"train_detail", MessageKey::Refused},
    {"train_details", MessageKey::Refused},
    {"training_detail", MessageKey::Refused},
    {"images", MessageKey::Refused},
    {"image", MessageKey::Refused},
    {"id", MessageKey::Harmless},
    {"uuid", MessageKey::Harmless},
    {"message_id", MessageKey::Harmless},
};

const RecordRow *findRow(std::string_view key) {
  auto row = std::find_if(std::begin(recordRows), std::end(recordRows),
                          [&](const RecordRow &each) { return each.key == key; });
  return row == std::end(recordRows) ? nullptr : row;
}

} // namespace

KeyUse useOfKey(Layout layout, std::string_view key) {
  const RecordRow *row = findRow(key);
  return !row || (row->chatOnly && !isChat(layout)) ? KeyUse::Unknown : row->use;
}

std::string_view reasonOfKey(std::string_view key) {
  const RecordRow *row = findRow(key);
  return row ? row->reason : "only whole messages can be left out of training";
}

MessageKey useOfMessageKey(std::string_view key) {
  for (const MessageRow &row : messageRows)
    if (row.key == key)
      return row.use;
  return MessageKey::Template;
}

void KeySet::clear() {
  first.clear();
  if (!more.empty())
    more = {}; // an emptied table keeps its buckets, and clearing those again costs their number
}

bool KeySet::insert(std::string_view key) {
  if (std::find(first.begin(), first.end(), key) != first.end())
    return false;
  if (first.size() == few)
    return more.insert(key).second;
  first.push_back(key);
  return true;
}

} // namespace roux::data
