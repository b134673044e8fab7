# Debian's MLIR 22 as this project uses it: TableGen, no RTTI, no exceptions; shared libMLIR and libLLVM, or what of
# their archives a program needs.

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
set(MLIR_BINARY_DIR ${PROJECT_BINARY_DIR}) # where mlir-doc writes
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_package(LLD REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/lld)

# Shared libraries keep the many tests small. Their 300 000 relocations are most of a short run, though, so programs
# that people wait for are linked from the archives (roux_start_fast).
file(GLOB archives ${LLVM_LIBRARY_DIR}/libMLIR*.a ${LLVM_LIBRARY_DIR}/libLLVM*.a ${LLVM_LIBRARY_DIR}/libPolly*.a)
add_library(RouxMLIR INTERFACE)
target_link_libraries(RouxMLIR INTERFACE
  $<TARGET_FILE:lldELF> $<TARGET_FILE:lldCommon> ZLIB::ZLIB zstd::libzstd_shared
  "$<IF:$<BOOL:$<TARGET_PROPERTY:ROUX_STARTS_FAST>>,${archives},MLIR;LLVM>")

# roux_start_fast(name): a program without libMLIR and libLLVM.
function(roux_start_fast name)
  set_target_properties(${name} PROPERTIES ROUX_STARTS_FAST ON)
  target_link_options(${name} PRIVATE -no-pie -Wl,--gc-sections,--as-needed)
endfunction()

# roux_mlir_library(name sources… [LIBRARIES …]): a library whose files include MLIR.
function(roux_mlir_library name)
  cmake_parse_arguments(LIB "" "" "LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${LIB_UNPARSED_ARGUMENTS})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE -fno-rtti -fno-exceptions)
  target_link_libraries(${name} PUBLIC ${LIB_LIBRARIES} RouxMLIR)
endfunction()
