# Debian's MLIR 22 as this project uses it: shared libMLIR and libLLVM, TableGen, no RTTI, no exceptions.

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
set(MLIR_BINARY_DIR ${PROJECT_BINARY_DIR}) # where mlir-doc writes
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# roux_mlir_library(name sources… [LIBRARIES …]): a library whose files include MLIR.
function(roux_mlir_library name)
  cmake_parse_arguments(LIB "" "" "LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${LIB_UNPARSED_ARGUMENTS})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE -fno-rtti -fno-exceptions)
  target_link_libraries(${name} PUBLIC ${LIB_LIBRARIES} MLIR LLVM)
endfunction()
