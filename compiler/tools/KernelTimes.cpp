//===- KernelTimes.cpp - kernels.txt --------------------------------------===//
//
// A heading that says what the machine could do, then the table.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/KernelTimes.h"

#include "compiler/tools/RecipeProgram.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/train/RunRecord.h"

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace roux {

static constexpr const char *timesFile = "kernels.txt";
static constexpr const char *headingForm = "peak of products, on one of %u threads: %lf GFLOP/s";

void keepKernelTimes(const CheckedRecipe &recipe, const CheckedDefinition &train,
                     const FittedStep &fitted, const TrainingData &data,
                     train::ModelProgram &program, uint64_t steps,
                     const std::filesystem::path &folder) {
  constexpr uint64_t fewest = 30; // three more are a tenth of it
  if (!recipe.run()["device"].is("cpu") || steps < fewest)
    return;
  MeasuredKernels measured = measureKernels(program, train, fitted, data);
  std::optional<std::string> table = printStage(fitted.source, {.stage = "table"}, &measured);
  if (!table || measured.best.products <= 0)
    return;
  data::writeWhole(
      folder / timesFile,
      fmt::format("peak of products, on one of {} threads: {:.2f} GFLOP/s, measured {} "
                  "by the clock of UTC, as the best of some tries\n{}",
                  threadsOf(recipe), measured.best.products, train::utcText(), *table));
}

std::optional<KernelTimes> readKernelTimes(const std::filesystem::path &folder) {
  std::ifstream file(folder / timesFile);
  std::string heading;
  KernelTimes times;
  if (!std::getline(file, heading) ||
      std::sscanf(heading.c_str(), headingForm, &times.threads, &times.peak) != 2 ||
      times.peak <= 0 || times.threads == 0)
    return std::nullopt;
  std::ostringstream table;
  table << file.rdbuf();
  times.table = std::move(table).str();
  return times;
}

} // namespace roux
