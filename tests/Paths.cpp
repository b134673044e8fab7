// The only file of the tests that is compiled with the checkout's place.
#include "tests/Paths.h"

std::string roux::referenceData() {
  return ROUX_REFERENCE_DATA;
}
std::string roux::sourceFolder() {
  return ROUX_SOURCE_DIR;
}
