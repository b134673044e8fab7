//===- AtomicTest.cpp - files and folders whole or not at all -------------===//
//
// A file system without exchanged names is played by a filter of system calls in a
// child.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFile.h"
#include "runtime/data/AtomicFolder.h"
#include "runtime/data/Temporary.h"
#include "tests/runtime/data/Fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

using namespace roux::data;
namespace fs = std::filesystem;

namespace {

struct AtomicTest : testing::Test {
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto &entry : fs::directory_iterator(folder / ""))
      found.push_back(entry.path().filename().string());
    std::ranges::sort(found);
    return found;
  }
  test::Folder folder;
};

void writeFolder(const fs::path &path, std::string_view text) {
  AtomicFolder out(path);
  writeWhole(out.path() / "file", text);
  out.commit();
}

/// Makes renameat2 fail as it does on NFS.
bool refuseExchange() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{std::size(code), code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(AtomicTest, FoldersReplaceFolders) {
  writeFolder(folder / "out", "first");
  writeFolder(folder / "out", "second");
  EXPECT_EQ(test::bytesOf(folder / "out/file"), "second");
  EXPECT_EQ(names(), std::vector<std::string>{"out"});
}

TEST_F(AtomicTest, FoldersReplaceFoldersWhereNamesCannotBeExchanged) {
  pid_t child = fork();
  if (child == 0) {
    if (!refuseExchange())
      _exit(77);
    try {
      probeFolder(folder / "");
      writeFolder(folder / "out", "first");
      writeFolder(folder / "out", "second");
    } catch (const std::exception &error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "this system does not let us filter system calls";
  ASSERT_EQ(status, 0);
  EXPECT_EQ(test::bytesOf(folder / "out/file"), "second");
  EXPECT_EQ(names(), std::vector<std::string>{"out"});
}

TEST_F(AtomicTest, WhatIsNoPlainFileIsNotReplaced) {
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(writeWhole(folder / "pipe", "text"), FileError);
  EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
  EXPECT_THROW(writeWhole("/dev/null", "text"), FileError);
  fs::create_directory(folder / "folder");
  EXPECT_THROW(writeWhole(folder / "folder", "text"), FileError);
  EXPECT_EQ(names(), (std::vector<std::string>{"folder", "pipe"}));
}

TEST_F(AtomicTest, OnlyWhatAKilledWriterLeftIsRemoved) {
  pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder / "file", 0);
    AtomicFolder other(folder / "folder");
    _exit(0); // as if it were killed
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  ASSERT_EQ(names().size(), 2u);
  AtomicFile living(folder / "living", 0);
  std::ofstream(folder / "important.tmp") << "a person's";
  std::ofstream(folder / "x.77.tmp") << "a person's";
  removeAbandoned(folder / "");
  ASSERT_EQ(names().size(), 3u);
  // A number that came again is another process: this one began at another time.
  fs::path name = temporaryFor(folder / "again");
  std::string text = name.string();
  text.insert(text.rfind('-'), "9");
  std::ofstream(text) << "half";
  // Another container: unknown, and young.
  std::ofstream(folder / "far.00000000-1-5-0.tmp") << "half";
  removeAbandoned(folder / "");
  EXPECT_EQ(names().size(), 4u);
  removeTemporaries(folder / ""); // nobody else is at work
  EXPECT_EQ(names(), (std::vector<std::string>{"important.tmp", "x.77.tmp"}));
}

} // namespace
