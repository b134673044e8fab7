// The only file of the tests that is compiled with the checkout's place.
#include "tests/Paths.h"

#include <cstdlib>
#include <filesystem>

std::string roux::referenceData() {
  return ROUX_REFERENCE_DATA;
}
std::string roux::sourceFolder() {
  return ROUX_SOURCE_DIR;
}

namespace {
struct TemporaryFolder {
  TemporaryFolder() {
    std::string wanted = std::filesystem::temp_directory_path() / "roux-kernels-XXXXXX";
    if (const char *made = mkdtemp(wanted.data()))
      path = made;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty())
      std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};
} // namespace

std::string roux::kernelsOfProcess() {
  static const TemporaryFolder folder;
  return folder.path;
}
