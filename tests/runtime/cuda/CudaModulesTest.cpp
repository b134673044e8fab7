//===- CudaModulesTest.cpp - a program's code in the driver ---------------===//
//
// As cubins where they are made and taken, else as PTX: the same launches, and the
// reason is said. A library stands in for the driver.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaModules.h"

#include "runtime/Seal.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace roux;
using namespace roux::cuda;

namespace {

const std::string head = ".version 9.0\n.target sm_90a\n.address_size 64\n";
const std::string add = ".visible .entry add(.param .u64 a)\n{\n}\n";
const std::string multiply = ".visible .entry multiply(.param .u64 a)\n{\n}\n";

/// Leaves modules as they are, which the stand-in takes; or makes what looks like a cubin.
struct StandIn : PTXAssembler {
  std::string name() const override { return "ptxas 13.0.88"; }
  std::string assemble(const std::string &ptx, const std::string &) override {
    if (refuses)
      throw CudaError("exit status 255\nline 3; error");
    bool isOne = !asCubin.empty() && ptx.find(asCubin) != ptx.npos;
    return (isOne ? "\177ELF" : "") + ptx;
  }
  bool refuses = false;
  std::string asCubin; ///< what is in those that are made to look like cubins
};

struct CudaModulesTest : testing::Test {
  CudaModulesTest() {
    program.kind = CodeKind::PTX;
    program.target.name = "sm_90a";
    program.kernels = {"add", "multiply"};
    program.code = sealed(head + add + multiply);
  }
  /// What is said of who made the code, when both functions are there.
  std::string noteOf(const char *wrong = "", bool assembles = true) {
    setenv("ROUX_STAND_IN", wrong, 1);
    auto device = std::make_shared<CudaDevice>(ROUX_STAND_IN_DRIVER);
    device->setLibraries({.assembles = assembles});
    auto given = std::make_unique<StandIn>(assembler);
    device->useLibrary(std::move(given));
    CudaModules modules(program, device);
    EXPECT_NE(modules.function("add"), modules.function("multiply"));
    EXPECT_THROW(modules.function("divide"), CudaError);
    return modules.note();
  }

  Program program;
  StandIn assembler;
};

TEST_F(CudaModulesTest, AreCubins) {
  EXPECT_EQ(noteOf(), "code by ptxas 13.0.88: 2 functions assembled, 0 kept from before");
}

TEST_F(CudaModulesTest, ArePTXWhereNobodyElseIsAsked) {
  EXPECT_EQ(noteOf("", false), "");
}

TEST_F(CudaModulesTest, ArePTXWhereNoneAreMade) {
  assembler.refuses = true;
  EXPECT_EQ(noteOf(), "code by the driver, a function at a time: ptxas 13.0.88 does not take "
                      "'multiply' for sm_90a: exit status 255\nline 3; error");
}

TEST_F(CudaModulesTest, ArePTXWhereTheDriverDoesNotTakeEachCubin) {
  for (std::string function : {"add", "multiply"}) {
    assembler.asCubin = function;
    std::string note = noteOf("cubin");
    EXPECT_TRUE(note.starts_with("code by the driver, a function at a time: the driver does not "
                                 "take what ptxas 13.0.88 made of '" +
                                 function + "' for sm_90a: CUDA_ERROR_NO_BINARY_FOR_GPU"))
        << note;
  }
}

TEST_F(CudaModulesTest, ArePTXWhereFunctionsShare) {
  program.code = sealed(head + ".global .b8 table[8];\n" + add + multiply);
  EXPECT_EQ(noteOf(), "code by the driver, a function at a time: its PTX has more than functions "
                      "that are launched");
}

} // namespace
