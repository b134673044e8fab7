//===- ChatExtents.cpp - from origins and openings to extents -------------===//
//
// Every byte of the rendering knows its message, where the data hold it, and in which
// message's turn of the template's loop it was written. Nothing is searched for.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/ChatExtents.h"

#include "runtime/data/pipeline/ChatOpening.h"

#include <algorithm>
#include <map>
#include <utility>

namespace roux::data {

namespace {

class ExtentFinder {
public:
  ExtentFinder(const Text &text, const Record &record, const ChatTemplate &chat,
               const ChatScene &scene);

  /// What generation blocks rendered, and what others than answers say.
  std::vector<ChatExtent> marked() const;
  /// What the data hold, with the template's words between two pieces of one message.
  std::vector<ChatExtent> said() const;
  /// said(), and answers without words where they would stand.
  std::vector<ChatExtent> separated() const;
  /// said(), with answers from their openings to the ends of their turns.
  std::vector<ChatExtent> whole();

private:
  bool isAnswer(int32_t message) const { return record.messages[message].role == "assistant"; }
  std::optional<std::string> opening(int32_t message, int32_t anchor);
  std::optional<ChatExtent> answer(int32_t message);

  /// Where a message stands: the bytes that it says, and its turn; npos where there are none.
  struct Place {
    size_t first = std::string::npos, last = std::string::npos;
    size_t turn = std::string::npos, turnEnd = 0;
  };

  const Text &text;
  const Record &record;
  ChatOpenings openings;
  std::vector<Place> places;
  /// By the role of the message before and what its turn writes behind what it says, on which alone
  /// they depend where it says something.
  std::map<std::pair<std::string_view, std::string_view>, std::optional<std::string>> known;
};

std::vector<ChatExtent> ExtentFinder::marked() const {
  std::vector<ChatExtent> extents;
  uint32_t begin = 0;
  for (const Text::Run &run : text.origins()) {
    uint32_t start = std::exchange(begin, static_cast<uint32_t>(run.end));
    bool generated = run.origin.generated;
    int32_t message = generated && run.origin.turn >= 0 ? run.origin.turn : run.origin.message;
    if (!generated && (message < 0 || isAnswer(message)))
      continue;
    bool goesOn = !extents.empty() && extents.back().end == start &&
                  extents.back().message == message && extents.back().answer == generated;
    if (goesOn)
      extents.back().end = run.end;
    else
      extents.push_back({start, begin, message, generated, true});
  }
  return extents;
}

std::vector<ChatExtent> ExtentFinder::said() const {
  std::vector<ChatExtent> extents;
  uint32_t begin = 0;
  for (const Text::Run &run : text.origins()) {
    uint32_t start = std::exchange(begin, static_cast<uint32_t>(run.end));
    int32_t message = run.origin.message;
    if (message < 0)
      continue;
    if (!extents.empty() && extents.back().message == message)
      extents.back().end = extents.back().said = run.end;
    else
      extents.push_back({start, begin, message, isAnswer(message), false, begin});
  }
  return extents;
}

std::vector<ChatExtent> ExtentFinder::separated() const {
  std::vector<ChatExtent> extents = said();
  for (int32_t message = 1; message < static_cast<int32_t>(record.messages.size()); ++message) {
    const Place &before = places[message - 1];
    if (!isAnswer(message) || places[message].last != std::string::npos ||
        before.last == std::string::npos)
      continue;
    auto at = static_cast<uint32_t>(std::max(before.last, before.turnEnd));
    extents.push_back({at, at, message, true, false, at});
  }
  std::ranges::sort(extents, {},
                    [](const ChatExtent &each) { return std::pair(each.begin, each.message); });
  return extents;
}

std::optional<std::string> ExtentFinder::opening(int32_t message, int32_t anchor) {
  if (anchor + 1 != message)
    return openings.before(message, anchor);
  std::string_view before = message ? record.messages[message - 1].role : std::string_view(), tail;
  if (message && places[anchor].turnEnd > places[anchor].last)
    tail = text.view().substr(places[anchor].last, places[anchor].turnEnd - places[anchor].last);
  auto [found, isNew] = known.try_emplace({before, tail});
  if (isNew)
    found->second = openings.before(message, anchor);
  return found->second;
}

ExtentFinder::ExtentFinder(const Text &text, const Record &record, const ChatTemplate &chat,
                           const ChatScene &scene)
    : text(text), record(record), openings(chat, scene), places(record.messages.size()) {
  size_t begin = 0;
  int32_t before = -1;
  for (const Text::Run &run : text.origins()) {
    if (int32_t message = run.origin.message; message >= 0) {
      places[message].first = std::min(places[message].first, begin);
      places[message].last = run.end;
    }
    if (int32_t turn = run.origin.turn; turn >= 0) {
      Place &place = places[turn];
      if (place.turn == std::string::npos)
        place.turn = begin;
      if (turn == before || place.turn == begin) // a later visit is none of its own
        place.turnEnd = run.end;
    }
    before = run.origin.turn;
    begin = run.end;
  }
}

/// Nothing where the template has no turn for the message, as when it looks messages up.
std::optional<ChatExtent> ExtentFinder::answer(int32_t message) {
  int32_t anchor = message - 1;
  while (anchor >= 0 && places[anchor].last == std::string::npos)
    --anchor;
  size_t behind = anchor < 0 ? 0 : places[anchor].last;
  const Place &own = places[message];
  if (own.turn == std::string::npos || own.turnEnd <= behind)
    return std::nullopt;
  size_t turn = std::max(own.turn, behind), end = own.turnEnd;
  bool says = own.last != std::string::npos;
  if (says && (own.first < turn || own.last > end))
    return std::nullopt; // it stands in another one's turn
  size_t first = says ? own.first : end;
  std::optional<std::string> before = opening(message, anchor);
  size_t same = before ? commonPrefix(*before, text.view().substr(behind)) : 0;
  size_t from = before && same == before->size() ? behind + same
                : behind + same >= turn          ? std::min(behind + same, first)
                                                 : first;
  from = std::clamp(from, turn, end);
  size_t held = says ? std::max(own.last, from) : from;
  return ChatExtent{static_cast<uint32_t>(from), static_cast<uint32_t>(end), message, true, false,
                    static_cast<uint32_t>(held)};
}

std::vector<ChatExtent> ExtentFinder::whole() {
  std::vector<ChatExtent> extents;
  std::vector<bool> isFound(record.messages.size());
  for (int32_t message = 0; message < static_cast<int32_t>(record.messages.size()); ++message)
    if (isAnswer(message))
      if (std::optional<ChatExtent> found = answer(message)) {
        extents.push_back(*found);
        isFound[message] = true;
      }
  for (const ChatExtent &each : said())
    if (!isFound[each.message])
      extents.push_back(each);
  std::sort(extents.begin(), extents.end(),
            [](const ChatExtent &a, const ChatExtent &b) { return a.begin < b.begin; });
  return extents;
}

} // namespace

std::vector<ChatExtent> extentsOf(const Text &text, const Record &record, const ChatTemplate &chat,
                                  const ChatScene &scene) {
  ExtentFinder finder(text, record, chat, scene);
  return chat.separatesAnswers()    ? finder.separated()
         : chat.marksAnswers(scene) ? finder.marked()
                                    : finder.whole();
}

} // namespace roux::data
