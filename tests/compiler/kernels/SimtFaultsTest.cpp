//===- SimtFaultsTest.cpp - mistakes of GPU kernels that the emulator finds ===//
//
// Each kernel is right as it stands: it runs clean in several orders of its threads
// and with copies that arrive early or late. Then a line is taken out or changed as
// people do it, and the report has to name the lines that are at odds.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Emulated.h"
#include "tests/compiler/kernels/SimtFaultKernels.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace roux;
using namespace roux::test;

namespace {

struct Fault {
  const char *name;
  const char *body;
  std::vector<std::pair<std::string, std::string>> right, wrong; ///< what stands for {…}
  const char *report; ///< {here}, {there} and others are the places of the lines marked so
  int64_t blocks = 1;
  int64_t sharedBytes = 512;
};

void PrintTo(const Fault &fault, std::ostream *out) {
  *out << fault.name;
}

const std::string waitsFor(const std::string &barrier) {
  return "llvm.inline_asm has_side_effects \"{ .reg .pred p; W: "
         "mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1; @p bra.uni D; bra.uni W; D: }\", "
         "\"l,r\" %" +
         barrier + ", %parity : (i64, i32) -> ()";
}
const std::string release = "scf.if %isFirst { nvvm.mbarrier.arrive %emptybar : !llvm.ptr<3> }";

/// The words of `ring` as they are right, but for one of them.
std::vector<std::pair<std::string, std::string>> ringBut(const std::string &name = "",
                                                         const std::string &instead = "") {
  std::vector<std::pair<std::string, std::string>> words = {
      {"expected", "256"},
      {"fence", "nvvm.fence.mbarrier.init"},
      {"barrier", "gpu.barrier"},
      {"wait", waitsFor("full")},
      {"early", ""},
      {"sync", "nvvm.bar.warp.sync %every : i32"},
      {"late", release},
      {"take", waitsFor("empty")},
  };
  for (auto &[word, text] : words)
    if (word == name)
      text = instead;
  return words;
}
/// The stage is given back before it is read.
std::vector<std::pair<std::string, std::string>> releasedEarly() {
  auto words = ringBut("early", release);
  for (auto &[word, text] : words)
    if (word == "late")
      text = "";
  return words;
}

const Fault faults[] = {
    {"NoBarrierBeforeARead",
     exchange,
     {{"store", store}, {"barrier", "gpu.barrier"}},
     {{"store", store}, {"barrier", ""}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which no "
     "thread of the block has written"},
    {"HalfIsWritten",
     exchange,
     {{"store", store}, {"barrier", "gpu.barrier"}},
     {{"store", halfTheStore}, {"barrier", "gpu.barrier"}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which no "
     "thread of the block has written"},
    {"NoBarrierBeforeAWrite",
     twice,
     {{"barrier", "gpu.barrier"}},
     {{"barrier", ""}},
     "{there}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which "
     "thread 63 writes at {here} with no barrier between"},
    {"BeyondABuffer",
     neighbour,
     {{"step", "%c1"}, {"size", "%c64"}},
     {{"step", "%c64"}, {"size", "%c128"}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of 'argument 0' at byte 256, which has "
     "256"},
    {"BeyondSharedMemory",
     sharedNeighbour,
     {{"step", "%c1"}, {"size", "%c64"}},
     {{"step", "%c128"}, {"size", "%c512"}},
     "{here}: kernel 'k', block 0, thread 63 reads 4 bytes of shared memory at byte 764, which has "
     "512"},
    {"BlocksWriteTheSame",
     blocks,
     {{"where", "%bt"}},
     {{"where", "%t"}},
     "{here}: kernel 'k', block 1, thread 0 writes 4 bytes of 'argument 1' at byte 0, which block "
     "0 thread 0 writes at {there} with no barrier between",
     2},
    {"BlocksReadWhatOthersWrite",
     nextBlock,
     {{"from", "%mine"}, {"array", "%in"}, {"read", ""}, {"write", ""}},
     {{"from", "%mine"}, {"array", "%out"}, {"read", "here"}, {"write", "there"}},
     "{here}: kernel 'k', block 1, thread 0 reads 4 bytes of 'argument 1' at byte 0, which block 0 "
     "thread 0 writes at {there} with no barrier between",
     2},
    {"ShuffleOfHalfAWarp",
     shuffle,
     {{"lanes", "%c32"}},
     {{"lanes", "%c16"}},
     "kernel:1: kernel 'k', block 0: threads 0 to 15 wait at shfl.sync ({there}), threads 16 to 63 "
     "wait at bar.sync 0 ({here}): no thread is left that could go on"},
    {"BarrierOfHalfABlock",
     barrier,
     {{"threads", "%c64"}},
     {{"threads", "%c32"}},
     "kernel:1: kernel 'k', block 0: threads 0 to 31 wait at bar.sync 0 ({here}), threads 32 to 63 "
     "ended: no thread is left that could go on"},
    {"NoBarrierWithinAWarp",
     warp,
     {{"barrier", "nvvm.bar.warp.sync %every : i32"}},
     {{"barrier", ""}},
     "{there}: kernel 'k', block 0, thread 1 writes 4 bytes of shared memory at byte 4, which "
     "thread 0 reads at {here} with no barrier between"},
    {"NoWaitForACopy",
     copy,
     {{"wait", "nvvm.cp.async.wait.group 1"}, {"barrier", "gpu.barrier"}},
     {{"wait", ""}, {"barrier", "gpu.barrier"}},
     "{here}: kernel 'k', block 0, thread 63 reads 4 bytes of shared memory at byte 0, to which "
     "thread 0 copies asynchronously at {there} and nobody has waited for it"},
    {"WaitForTheWrongCopy",
     copy,
     {{"wait", "nvvm.cp.async.wait.group 1"}, {"barrier", "gpu.barrier"}},
     {{"wait", "nvvm.cp.async.wait.group 2"}, {"barrier", "gpu.barrier"}},
     "{here}: kernel 'k', block 0, thread 63 reads 4 bytes of shared memory at byte 0, to which "
     "thread 0 copies asynchronously at {there} and nobody has waited for it"},
    {"NoBarrierAfterACopy",
     copy,
     {{"wait", "nvvm.cp.async.wait.group 0"}, {"barrier", "gpu.barrier"}},
     {{"wait", "nvvm.cp.async.wait.group 0"}, {"barrier", ""}},
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which no "
     "thread of the block has written"},
    {"NoBarrierBeforeACopy",
     copyOver,
     {{"barrier", "gpu.barrier"}},
     {{"barrier", ""}},
     "{there}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 252, which "
     "thread 63 writes at {here} with no barrier between"},
    {"UnalignedMatrix",
     matrix,
     {{"stride", "%c16"}},
     {{"stride", "%c1"}},
     "{here}: kernel 'k', block 0, thread 1 gives ldmatrix a row at an address that is no multiple "
     "of 16"},
    {"BarrierOfTheWrongThreads",
     parts,
     {{"number", "%one"}, {"threads", "%all"}},
     {{"number", "%number"}, {"threads", "%lanes"}},
     "{here}: kernel 'k', block 0, thread 31 reads 4 bytes of shared memory at byte 128, which no "
     "thread of the block has written"},
    {"ABoxIsNotWaitedFor", ring, ringBut(), ringBut("wait", ""),
     "{here}: kernel 'k', block 0, thread 0 reads 4 bytes of shared memory at byte 0, which no "
     "thread of the block has written",
     1, 2080},
    {"AStageIsGivenBackEarly", ring, ringBut(), releasedEarly(),
     "{there}: kernel 'k', block 0, thread 32 copies asynchronously to 256 bytes of shared memory "
     "at byte 0, which thread 0 reads at {here} with no barrier between",
     1, 2080},
    {"AStageIsGivenBackByOneLane", ring, ringBut(), ringBut("sync", ""),
     "{there}: kernel 'k', block 0, thread 32 copies asynchronously to 256 bytes of shared memory "
     "at byte 0, which thread 1 reads at {here} with no barrier between",
     1, 2080},
    {"AStageIsNotTaken", ring, ringBut(), ringBut("take", ""),
     "{fills}: kernel 'k', block 0, thread 32 arrives at an mbarrier where all 1 arrivals of its "
     "phase have come",
     1, 2080},
    {"TooManyBytesAreExpected", ring, ringBut(), ringBut("expected", "512"),
     "kernel:1: kernel 'k', block 0: threads 0 to 31 wait at mbarrier.try_wait ({waits}), threads "
     "32 to 32 wait at mbarrier.try_wait ({takes}), threads 33 to 63 ended: no thread is left that "
     "could go on",
     1, 2080},
    {"TooFewBytesAreExpected", ring, ringBut(), ringBut("expected", "128"),
     "kernel:1: kernel 'k', block 0: threads 0 to 31 wait at mbarrier.try_wait ({waits}), threads "
     "32 to 32 wait at mbarrier.try_wait ({takes}), threads 33 to 63 ended: no thread is left that "
     "could go on",
     1, 2080},
    {"MbarriersAreNotFenced", ring, ringBut(), ringBut("fence", ""),
     "{there}: kernel 'k', block 0, thread 32 has a copy come to an mbarrier that nobody has "
     "fenced for the copy engine (fence.mbarrier_init)",
     1, 2080},
    {"MbarriersAreNotMet", ring, ringBut(), ringBut("barrier", ""),
     "{waits}: kernel 'k', block 0, thread 1 reads 8 bytes of shared memory at byte 2048, which "
     "thread 0 writes at {makes} with no barrier between",
     1, 2080},
};

class SimtFaults : public testing::TestWithParam<Fault> {
protected:
  /// Lines of `text` are numbered from 1; the first with `mark` behind `//`.
  static std::string placeOf(const std::string &text, const std::string &mark) {
    size_t comment = 0;
    while ((comment = text.find("//", comment + 1)) != text.npos) {
      std::string line = text.substr(comment, text.find('\n', comment) - comment);
      if (line.find(" " + mark) == line.npos)
        continue;
      return "kernel:" + std::to_string(1 + std::count(text.begin(), text.begin() + comment, '\n'));
    }
    return "no line";
  }
  std::string textOf(std::vector<std::pair<std::string, std::string>> names) {
    std::vector<std::pair<std::string, std::string>> all = {
        {"body", GetParam().body},
        {"blocks", std::to_string(GetParam().blocks)},
        {"shared", std::to_string(GetParam().sharedBytes)}};
    all.insert(all.end(), names.begin(), names.end());
    return substitute(frame, all);
  }
  /// What a run of `text` says; columns of places are left out.
  std::string run(const std::string &text, const EmulatorOptions &options) {
    Emulated kernels(compileForEmulator(text, "gpu"));
    size_t count = 64 * GetParam().blocks;
    Buffer in(Element::F32, randomNumbers(count, 1)), out(Element::F32, randomNumbers(count, 2));
    try {
      kernels.run("k", 1, {in, out}, options);
    } catch (const SimtError &error) {
      return withoutColumns(error.what());
    }
    return {};
  }
  static std::string withoutColumns(std::string text) {
    for (size_t at = 0; (at = text.find("kernel:", at)) != text.npos;) {
      at = text.find_first_not_of("0123456789", at + 7);
      if (at != text.npos && text[at] == ':' && std::isdigit(text[at + 1]))
        text.erase(at, text.find_first_not_of("0123456789", at + 1) - at);
    }
    return text;
  }
};

TEST_P(SimtFaults, AreFoundAtTheirLines) {
  std::string text = textOf(GetParam().wrong);
  std::vector<std::pair<std::string, std::string>> places;
  for (const char *mark : {"here", "there", "waits", "takes", "fills", "makes"})
    places.emplace_back(mark, placeOf(text, mark));
  std::string expected = substitute(GetParam().report, places);
  EXPECT_EQ(run(text, {}), expected);
  EXPECT_NE(run(text, {.seed = 7}), "");
  EXPECT_NE(run(text, {.seed = 3, .earlyCopies = true}), "");
}

TEST_P(SimtFaults, AreNotSeenWhereThereAreNone) {
  std::string text = textOf(GetParam().right);
  for (uint64_t seed : {0, 1, 2, 3, 4, 5, 6, 7})
    EXPECT_EQ(run(text, {.seed = seed, .earlyCopies = seed % 2 == 1, .threads = 2}), "");
}

INSTANTIATE_TEST_SUITE_P(Every, SimtFaults, testing::ValuesIn(faults),
                         [](const auto &fault) { return std::string(fault.param.name); });

} // namespace
