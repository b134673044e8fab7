// The small files that runs leave, with any of their bytes changed: scores, results of evals,
// metrics, answers of endpoints, sums, facts about files. Scores and results have their sums made
// right again.
#include "runtime/data/Sums.h"
#include "runtime/endpoint/Journal.h"
#include "runtime/eval/EvalResult.h"
#include "runtime/score/ScoreFile.h"
#include "runtime/train/MetricsFile.h"
#include "tests/runtime/fuzz/Edits.h"
#include "tests/runtime/golden/Artefacts.h"

#include <xxhash.h>

using namespace roux;

static fuzz::FolderInMemory folder;

/// What `make` writes.
static std::string written(void (*make)(const std::filesystem::path &), const char *name) {
  make(folder / name);
  return golden::bytesOf(folder / name);
}

static std::string metrics() {
  train::StepMetrics step;
  step.loss = 2.5, step.tokens = 64, step.measured = {{"after/unseen", 2.25}};
  train::MetricsFile(folder / "metrics", 0).write(step);
  return golden::bytesOf(folder / "metrics");
}

/// Each frame is one of the file's two; sums that no longer stand where frames are do no harm.
static void resealScores(std::string &bytes) {
  for (size_t at : {size_t(16), size_t(16 + 32 + 16 + 16 + 16)})
    for (size_t end : {size_t(16 + 32 + 16 + 16 + 16), bytes.size()})
      if (at + 32 <= end && end <= bytes.size()) {
        uint64_t sum = XXH3_64bits(bytes.data() + at + 8, end - at - 8);
        std::memcpy(bytes.data() + at, &sum, sizeof sum);
        break;
      }
}

static void resealResult(std::string &bytes) {
  bytes.resize(bytes.rfind(", \"sum\": ") == bytes.npos ? bytes.size()
                                                        : bytes.rfind(", \"sum\": "));
  bytes += fmt::format(", \"sum\": \"{:016x}\"}}\n", XXH3_64bits(bytes.data(), bytes.size()));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::string made[] = {written(golden::makeScores, "scores"),
                                     golden::makeResult(),
                                     metrics(),
                                     written(golden::makeJournal, "journal"),
                                     written(golden::makeSums, "sums"),
                                     ""};
  if (size < 1)
    return 0;
  size_t which = data[0] % 6;
  std::string bytes = which == 5 ? std::string(data + 1, data + size)
                                 : fuzz::edited(made[which], data + 1, size - 1);
  if (which == 0)
    resealScores(bytes);
  if (which == 1 || which == 3)
    resealResult(bytes);
  fuzz::FileInMemory file(bytes);
  try {
    switch (which) {
    case 0:
      if (auto table = score::readScores(file.path()))
        for (const auto &[key, record] : table->records)
          for (data::TokenRange span : record.spans)
            (void)(span.end - span.begin);
      break;
    case 1:
      if (auto read = eval::readEvalResult(file.path()))
        eval::toJson(*read);
      break;
    case 2:
      train::MetricsFile::read(file.path());
      break;
    case 3:
      endpoint::Journal(file.path()).find("00ff");
      break;
    default:
      data::KnownFiles known(which == 5 ? file.path() : std::filesystem::path("/nowhere"));
      data::changedSince(which == 5 ? std::filesystem::path(folder / "sums") : file.path(),
                         folder / "", known);
    }
  } catch (const data::FileError &) {
  }
  return 0;
}
