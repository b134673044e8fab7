//===- KeptFileTest.cpp - what is kept, and how much of it stays ----------===//
#include "runtime/KeptFile.h"

#include "runtime/KeptRoom.h"
#include "runtime/Seal.h"

#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace roux;
namespace fs = std::filesystem;

namespace {

struct KeptFileTest : testing::Test {
  KeptFileTest() {
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  ~KeptFileTest() override { fs::remove_all(folder); }

  /// A file of so many bytes under a name of its own, last used so long ago.
  std::string write(const std::string &name, size_t bytes, std::chrono::seconds ago) {
    std::string path = (folder / name).string();
    std::ofstream(path, std::ios::binary) << std::string(bytes, 'x');
    age(path, ago);
    return path;
  }
  static void age(const std::string &path, std::chrono::seconds ago) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - ago);
  }
  static std::string named(int number, const std::string &ending = ".o") {
    return digestOf(std::to_string(number)) + ending;
  }
  std::string pathOf(int number) const { return (folder / named(number)).string(); }
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto &each : fs::directory_iterator(folder))
      all.insert(each.path().filename().string());
    all.erase("room"); // says when it was made
    return all;
  }
  /// A process that ends with what `action` returns, with ROUX_CACHE_SIZE as it is told.
  template <typename Action>
  static pid_t begin(const char *size, Action action) {
    pid_t child = fork();
    if (child == 0) {
      setenv("ROUX_CACHE_SIZE", size, 1);
      _exit(action());
    }
    return child;
  }
  static int statusOf(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  template <typename Action>
  static int inProcess(const char *size, Action action) {
    return statusOf(begin(size, action));
  }

  fs::path folder = fs::temp_directory_path() / ("roux-kept-test-" + std::to_string(getpid()));
};

using namespace std::chrono_literals;

TEST_F(KeptFileTest, GivesBackWhatWasKept) {
  EXPECT_TRUE(keep(pathOf(1), "bytes"));
  EXPECT_EQ(readKept(pathOf(1)), "bytes");
  EXPECT_EQ(readSealed(pathOf(1)), sealed("bytes"));
  EXPECT_EQ(names(), std::set<std::string>{named(1)});
  EXPECT_EQ(fs::status(pathOf(1)).permissions() & fs::perms::owner_write, fs::perms::owner_write);
}

TEST_F(KeptFileTest, HasNothingWhereItIsDamagedGoneOrCannotBe) {
  EXPECT_EQ(readKept(pathOf(1)), std::nullopt);
  std::ofstream(pathOf(1)) << "bytes";
  EXPECT_EQ(readKept(pathOf(1)), std::nullopt);
  EXPECT_FALSE(keep("/proc/nothing/here", "bytes"));
  fs::create_directory(pathOf(2));
  EXPECT_EQ(readKept(pathOf(2)), std::nullopt);
  EXPECT_FALSE(keep(pathOf(2), "bytes")); // and leaves nothing beside it
  EXPECT_EQ(names(), (std::set<std::string>{named(1), named(2)}));
}

TEST_F(KeptFileTest, RemovesWhatWasUsedLongestAgo) {
  for (int i = 0; i < 10; ++i)
    write(named(i), 100, std::chrono::hours(i));
  makeRoom(folder.string(), KeptUnit::File, 1000);
  EXPECT_EQ(names().size(), 10u) << "all of it has room";
  makeRoom(folder.string(), KeptUnit::File, 999);
  EXPECT_EQ(names().size(), 9u);
  EXPECT_FALSE(fs::exists(pathOf(9)));
  makeRoom(folder.string(), KeptUnit::File, 250);
  EXPECT_EQ(names(), (std::set<std::string>{named(0), named(1)}));
  makeRoom(folder.string(), KeptUnit::File, 0);
  EXPECT_TRUE(names().empty());
}

TEST_F(KeptFileTest, ReadingCountsAsUse) {
  for (int i = 0; i < 2; ++i) {
    keep(pathOf(i), std::string(100, 'x'));
    age(pathOf(i), std::chrono::hours(10 - i));
  }
  EXPECT_TRUE(readKept(pathOf(0))); // the older one
  makeRoom(folder.string(), KeptUnit::File, 150);
  EXPECT_EQ(names(), std::set<std::string>{named(0)});
}

TEST_F(KeptFileTest, LeavesWhatIsNotItsOwn) {
  fs::create_directory(folder / "data");
  std::ofstream(folder / "data" / "tokens") << "x";
  write("notes.txt", 100, 100h);
  write(named(0, ""), 100, 100h);
  write(named(1, ".o.~abcde"), 100, 100h);
  std::set<std::string> before = names();
  makeRoom(folder.string(), KeptUnit::File, 0);
  EXPECT_EQ(names(), before);
  makeRoom((folder / "absent").string(), KeptUnit::File, 0);
}

TEST_F(KeptFileTest, RemovesWhatAKilledProcessLeft) {
  write(named(1, ".o.a1b2c3"), 100, 61s);
  write(named(2, ".cubin.a1b2c3"), 100, 1s); // is being written
  makeRoom(folder.string(), KeptUnit::File, uint64_t(1) << 30);
  EXPECT_EQ(names(), std::set<std::string>{named(2, ".cubin.a1b2c3")});
}

TEST_F(KeptFileTest, RemovesFoldersOfDataThatNobodyUsedForADay) {
  for (auto [name, ago] : {std::pair("old", 50h), {"older", 60h}, {"today", 20h}}) {
    fs::create_directories(folder / name / "below");
    write(fs::path(name) / "below" / "tokens.store", 100, 100h);
    age((folder / name).string(), ago);
  }
  makeRoom(folder.string(), KeptUnit::Folder, 150);
  EXPECT_EQ(names(), (std::set<std::string>{"old", "today"}));
  makeRoom(folder.string(), KeptUnit::Folder, 0);
  EXPECT_EQ(names(), std::set<std::string>{"today"});
}

TEST_F(KeptFileTest, MakesRoomBeforeAProcessKeepsItsFirst) {
  fs::create_directories(folder += "-first"); // of which this process has kept none yet
  write(named(1), 1000, 10h);
  auto keepsTwo = [&] {
    keep(pathOf(2), "bytes");
    write(named(3), 1000, 10h); // no second look
    return keep(pathOf(4), "bytes") ? 0 : 1;
  };
  EXPECT_EQ(inProcess("0.5KB", keepsTwo), 0);
  EXPECT_EQ(names(), (std::set<std::string>{named(2), named(3), named(4)}));
  EXPECT_EQ(inProcess("", keepsTwo), 0);
  EXPECT_EQ(names(), (std::set<std::string>{named(2), named(3), named(4)})) << "4GiB have room";
  EXPECT_EQ(inProcess("0.5KB", [&] { return readKept(pathOf(2)) ? 0 : 1; }), 0);
  EXPECT_TRUE(fs::exists(pathOf(3))) << "reading makes no room";
}

TEST_F(KeptFileTest, MakesRoomAmongManyOnceAnHour) {
  fs::create_directories(folder += "-hour");
  for (int i = 10; i < 1100; ++i)
    write(named(i), 1, 20h);
  auto keepsAnother = [&] { return keep(pathOf(2), "bytes") ? 0 : 1; };
  auto removes = [&](const char *size) {
    write(named(1), 1000, 10h);
    EXPECT_EQ(inProcess(size, keepsAnother), 0);
    return !fs::exists(pathOf(1));
  };
  EXPECT_TRUE(removes("0.5KB"));
  EXPECT_FALSE(removes("0.5KB")) << "within the hour";
  EXPECT_TRUE(removes("0.4KB")) << "who wants it smaller waits for nothing";
  age((folder / "room").string(), 61min);
  EXPECT_TRUE(removes("0.4KB"));
  EXPECT_TRUE(removes("0.4KB")) << "they are few now";
}

TEST_F(KeptFileTest, ServesProcessesThatRemoveAtTheSameTime) {
  // Each keeps, reads and makes room for nothing, so that nearly every file vanishes under another.
  auto work = [&](int seed) {
    int wrong = 0;
    for (int i = 0; i < 300; ++i) {
      int number = (i * 7 + seed) % 20;
      std::string bytes(100 + number, 'x');
      keep(pathOf(number), bytes);
      std::optional<std::string> found = readKept(pathOf((number + 3) % 20));
      wrong += found && *found != std::string(100 + (number + 3) % 20, 'x');
      if (i % 5 == 0)
        makeRoom(folder.string(), KeptUnit::File, 500);
    }
    return wrong != 0;
  };
  std::vector<pid_t> processes;
  for (int seed = 0; seed < 4; ++seed)
    processes.push_back(begin("", [&] { return work(seed); }));
  for (pid_t each : processes)
    EXPECT_EQ(statusOf(each), 0);
  for (const std::string &name : names())
    EXPECT_EQ(name.find('.', 33), name.npos) << name;
}

TEST(KeptRoom, ReadsBytesAsPeopleWriteThem) {
  EXPECT_EQ(bytesOf("4GiB"), uint64_t(4) << 30);
  EXPECT_EQ(bytesOf("1.5 KB"), 1500u);
  EXPECT_EQ(bytesOf("0"), 0u);
  EXPECT_EQ(bytesOf("2TiB"), uint64_t(2) << 40);
  for (const char *wrong : {"", "lots", "4G", "-1", "nan", "inf", "1e30", "4GiB and more", "GiB"})
    EXPECT_EQ(bytesOf(wrong), std::nullopt) << wrong;
}

TEST(KeptRoom, SaysWhatIsNoNumber) {
  setenv("ROUX_CACHE_SIZE", "lots", 1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(keptBytes(), uint64_t(4) << 30);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "note: ROUX_CACHE_SIZE is 'lots'; expected bytes, as in 4GiB or 500MB; 4GiB it is\n");
  setenv("ROUX_CACHE_SIZE", "", 1);
  EXPECT_EQ(keptBytes(), uint64_t(4) << 30);
}

} // namespace
