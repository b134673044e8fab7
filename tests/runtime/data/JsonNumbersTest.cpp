//===- JsonNumbersTest.cpp - numbers of any size in files of others -------===//

#include "runtime/data/JsonNumbers.h"

#include <gtest/gtest.h>

using roux::data::withReadableNumbers;

namespace {

TEST(JsonNumbers, QuotesOnlyWhatNoParserHolds) {
  EXPECT_EQ(withReadableNumbers(R"({"a": 1000000000000000019884624838656, "b": -1e400})"),
            R"({"a": "1000000000000000019884624838656", "b": "-1e400"})");
  EXPECT_EQ(withReadableNumbers("[NaN, Infinity,-Infinity]"), R"(["NaN", "Infinity","-Infinity"])");
  EXPECT_EQ(withReadableNumbers("\xEF\xBB\xBF{}"), "{}");
  for (const char *same :
       {R"({"a": 18446744073709551615, "b": -9223372036854775808, "c": 1e-999, "d": 0.1})",
        R"({"NaN": "1e999, \"NaN", "x": [true, null, 1]})", "[1 2", "\"open", "[nope]", ""})
    EXPECT_EQ(withReadableNumbers(same), same);
}

} // namespace
