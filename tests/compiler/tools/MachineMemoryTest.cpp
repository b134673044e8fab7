// The memory of a container is what its control group says, of either version, at any level.
#include "compiler/tools/MachineMemory.h"

#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace roux;
namespace fs = std::filesystem;

namespace {

class MachineMemoryTest : public testing::Test {
protected:
  MachineMemoryTest() {
    write("proc/meminfo",
          "MemTotal:       1000000 kB\nMemFree:  7 kB\nMemAvailable:    600000 kB\n");
  }
  ~MachineMemoryTest() override { fs::remove_all(root); }
  void write(const std::string &file, const std::string &text) {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
  void expect(int64_t most, int64_t available) {
    MachineMemory memory = machineMemory(root);
    EXPECT_EQ(memory.most, most);
    EXPECT_EQ(memory.available, available);
  }
  fs::path root = fs::temp_directory_path() / ("MachineMemory." + std::to_string(getpid()));
};

TEST_F(MachineMemoryTest, IsTheMachinesWithoutLimits) {
  expect(1'024'000'000, 614'400'000);
  write("proc/self/cgroup", "0::/user.slice\n");
  write("sys/fs/cgroup/user.slice/memory.max", "max\n");
  expect(1'024'000'000, 614'400'000);
}

TEST_F(MachineMemoryTest, IsTheLeastOfAllGroupsAbove) {
  write("proc/self/cgroup", "0::/jobs/job.7/step\n");
  write("sys/fs/cgroup/jobs/job.7/step/memory.max", "900000000\n");
  write("sys/fs/cgroup/jobs/job.7/memory.max", "250000000\n");
  write("sys/fs/cgroup/jobs/job.7/memory.current", "100000000\n");
  write("sys/fs/cgroup/jobs/memory.max", "max\n");
  expect(250'000'000, 150'000'000);
}

TEST_F(MachineMemoryTest, IsThatOfAContainersOwnRoot) {
  // The path is the host's, and only the top of the container's own tree is there.
  write("proc/self/cgroup", "0::/docker/0123abcd\n");
  write("sys/fs/cgroup/memory.max", "300000000\n");
  write("sys/fs/cgroup/memory.current", "400000000\n");
  expect(300'000'000, 0);
}

TEST_F(MachineMemoryTest, IsThatOfTheFirstVersionToo) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/jobs\n4:memory:/jobs\n0::/\n");
  write("sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "200000000\n");
  write("sys/fs/cgroup/memory/jobs/memory.usage_in_bytes", "50000000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  expect(200'000'000, 150'000'000);
}

} // namespace
