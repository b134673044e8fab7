//===- StandInLaunch.cpp - a launch that is written down ------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/cuda/StandInLaunch.h"

#include "tests/runtime/cuda/StandInStream.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace stand_in;

bool stand_in::isWrong(const char *what) {
  const char *wrong = std::getenv("ROUX_STAND_IN");
  return wrong && std::string(wrong) == what;
}

std::string &stand_in::journal() {
  static auto &text = *new std::string; // who is done with it last is not known
  return text;
}

Launch::Launch(const Function &function, unsigned blocks, unsigned threads, unsigned sharedBytes,
               void **parameters)
    : function(&function), blocks(blocks), threads(threads), sharedBytes(sharedBytes),
      bits(function.isMap.size()) {
  for (size_t i = 0; i < bits.size(); ++i)
    std::memcpy(bits[i].data(), parameters[i],
                function.isMap[i] ? sizeof bits[i] : sizeof bits[i][0]);
}

void Launch::run() const {
  if (isWrong("slow"))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::string &text = journal();
  text += name() + " " + std::to_string(blocks) + " x " + std::to_string(threads) + " " +
          std::to_string(sharedBytes) + ":";
  for (size_t i = 0; i < bits.size(); ++i) {
    bool isLast = i + 1 == bits.size();
    text += " " + std::to_string(isLast ? *static_cast<int64_t *>(here(bits[i][0]))
                                        : int64_t(bits[i][0]));
    if (function->isMap[i])
      text += "/" + std::to_string(bits[i][1]) + "/" + std::to_string(bits[i][2]) + "/" +
              std::to_string(bits[i][3]);
  }
  text += "\n";
}

/// What was launched: function, blocks, threads, shared bytes, bits of arguments, and the extent
/// that the last one points to.
extern "C" const char *roux_stand_in_launches() {
  drain();
  return journal().c_str();
}
