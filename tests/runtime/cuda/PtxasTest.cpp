//===- PtxasTest.cpp - NVIDIA's assembler, as a program -------------------===//
//
// Scripts stand in for what it may do; where it is here itself, for each target.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/PTXAssembler.h"

#include "runtime/TargetDescription.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace roux;
using namespace roux::cuda;
namespace fs = std::filesystem;

namespace {

/// A folder with a script called ptxas; temporary folders are made in it too.
class Script {
public:
  explicit Script(const std::string &text)
      : folder(fs::temp_directory_path() / ("roux-ptxas-test-" + std::to_string(getpid()))) {
    fs::create_directories(folder / "temporary");
    std::ofstream(folder / "ptxas") << "#!/bin/sh\n" << text;
    fs::permissions(folder / "ptxas", fs::perms::owner_all);
    setenv("TMPDIR", (folder / "temporary").c_str(), 1);
  }
  ~Script() {
    unsetenv("TMPDIR");
    fs::remove_all(folder);
  }
  std::unique_ptr<PTXAssembler> open() const { return openPtxas("/nothing:" + folder.string()); }
  bool leftNothing() const { return fs::is_empty(folder / "temporary"); }

private:
  fs::path folder;
};

template <typename Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const CudaError &error) {
    return error.what();
  }
  return "";
}

const std::string saysVersion =
    "if [ $1 = --version ]; then echo 'Cuda compilation tools, release 13.0, V13.0.88'; exit; fi\n";

TEST(Ptxas, IsGivenAFileAndATarget) {
  Script script(saysVersion + "printf '\\177ELF %s %s ' $1 $3 > $4; cat $2 >> $4\n");
  std::unique_ptr<PTXAssembler> ptxas = script.open();
  EXPECT_EQ(ptxas->name(), "ptxas 13.0.88");
  EXPECT_EQ(ptxas->assemble("the module", "sm_90a"), "\177ELF -arch=sm_90a -o the module");
  EXPECT_TRUE(script.leftNothing());
}

TEST(Ptxas, IsHeardWhereItRefuses) {
  Script script(saysVersion + "echo line 1; echo \"line 2; $1\" >&2; exit 255\n");
  EXPECT_EQ(refusal([&] { script.open()->assemble("", "sm_80"); }),
            "exit status 255\nline 1\nline 2; -arch=sm_80");
  EXPECT_TRUE(script.leftNothing());
}

TEST(Ptxas, IsNotBelievedWithoutACubin) {
  EXPECT_EQ(refusal([] { Script(saysVersion).open()->assemble("", "sm_80"); }), "it left no cubin");
  Script killed(saysVersion + "printf '\\177ELF' > $4; kill -9 $$\n");
  EXPECT_EQ(refusal([&] { killed.open()->assemble("", "sm_80"); }), "ended by signal 9");
}

TEST(Ptxas, SaysWhatIsMissing) {
  EXPECT_EQ(refusal([] { openPtxas("/nothing"); }),
            "no ptxas: neither in CUDA_HOME, nor in PATH, nor in /usr/local/cuda/bin; it comes "
            "with the CUDA toolkit");
  EXPECT_NE(refusal([] {
              Script("echo no such tool").open();
            }).find("/ptxas does not say its version: no such tool"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              Script("exit 3").open();
            }).find("/ptxas does not say its version: exit status 3"),
            std::string::npos);
  Script script(saysVersion);
  setenv("TMPDIR", "/nothing/here", 1);
  EXPECT_TRUE(refusal([&] { script.open(); }).starts_with("no temporary folder for ptxas, "));
}

TEST(Ptxas, IsLookedForInCUDAToo) {
  std::string path = std::getenv("PATH");
  setenv("CUDA_HOME", "/opt/cuda", 1);
  EXPECT_EQ(foldersOfPtxas(), "/opt/cuda/bin:" + path + ":/usr/local/cuda/bin");
  unsetenv("CUDA_HOME");
  EXPECT_EQ(foldersOfPtxas(), path + ":/usr/local/cuda/bin");
}

} // namespace
