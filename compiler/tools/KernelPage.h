//===- KernelPage.h - a recipe beside the code that its lines become -------===//
//
// One page without scripts or resources from elsewhere, for whoever asks what a line
// costs or where an instruction comes from.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/pipeline/ListedKernels.h"

namespace roux {

/// A text that lines are of, under the name that RecipeLine has.
struct PageFile {
  std::string path, text;
};

struct KernelPage {
  std::string title, subtitle;
  std::vector<PageFile> files; ///< the recipe's first
  ListedKernels listed;
};

/// The page. Whatever its texts contain is shown and never taken for markup.
std::string kernelPage(const KernelPage &page);

} // namespace roux
