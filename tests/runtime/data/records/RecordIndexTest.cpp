//===- RecordIndexTest.cpp - the index's bytes ----------------------------===//
//
// An index that another build wrote is believed, so its bytes and its version change
// together or not at all.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/RecordIndex.h"
#include "tests/runtime/data/Fixture.h"

#include <fmt/format.h>

using namespace roux::data;

namespace {

// When this fails, raise IndexHeader::currentVersion and put the new bytes here.
constexpr std::string_view golden =
    "5255584e44583031030000000000000004840e408c6d5c6a01000000000000003800000000000000"
    "0800000000000000090000000a000000010000000000000072010000000000000001000000000000"
    "00700100000000000000730100000000000000000000000000000000030000000000000004000000"
    "00000000010000000000000001000000000000006b01050000000000000006000000000000000700"
    "00000000000001000000000000000501000000000000006c01000000000000000200000000000000"
    "0300000000000000010000000000000001000000000000006e";

TEST(RecordIndexTest, BytesAndVersionChangeTogether) {
  test::Folder folder;
  RecordIndex index;
  index.rules = "r";
  index.files.push_back({.path = "p", .state = "s"});
  index.ordinals = 3;
  index.hash = 4;
  index.keys.restore({.key = "k", .of = KeyOf::Message, .records = 5, .first = 6});
  index.keys.restoreOthers(7);
  index.losses.add(Fate::Malformed, "l", 1, 2, 3, "n");
  NamelessFile found("found");
  found.add(RecordEntry{8, 9, 10});
  index.write(folder / "index", found);
  std::string shown;
  for (char byte : test::bytesOf(folder / "index"))
    shown += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  EXPECT_EQ(shown, golden);

  RecordIndex read;
  read.rules = "r";
  read.files.push_back({.path = "p", .state = "s"});
  std::string why;
  ASSERT_TRUE(read.read(folder / "index", why)) << why;
  EXPECT_EQ(read.entries[0].line, 10u);
  EXPECT_EQ(read.losses.json(), index.losses.json());
}

} // namespace
