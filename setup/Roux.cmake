# What every folder's CMakeLists uses: ccache, the sanitizer presets, and one way to add a test.

option(ROUX_WITH_MLIR "build the compiler; off in the sanitizer presets, which cover runtime/ and frontend/" ON)
set(ROUX_SANITIZE "" CACHE STRING "value of -fsanitize= for everything, as the asan and tsan presets set it")

find_program(ROUX_CCACHE ccache)
if(ROUX_CCACHE)
  # Relative paths make one cache serve every checkout; PCH needs the sloppiness.
  set(cache ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${ROUX_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${cache})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${cache})
endif()

if(ROUX_SANITIZE)
  add_compile_options(-fsanitize=${ROUX_SANITIZE} -fno-omit-frame-pointer)
  if(ROUX_SANITIZE MATCHES address) # fuzz harnesses run what is built there
    add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
  endif()
  add_link_options(-fsanitize=${ROUX_SANITIZE})
endif()

# What is kept between runs is kept under the build that made it (compiler/codegen/BuildIdentity.h).
add_link_options(-Wl,--build-id)

# roux_test(name SOURCES … LIBRARIES …): one GoogleTest program, one ctest entry.
function(roux_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES} RouxTestPaths GTest::gtest GTest::gtest_main fmt::fmt)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# libFuzzer needs what it runs compiled with its own instrumentation, as the asan preset has all: harnesses are there.
# roux_fuzz(name RUNS n LENGTH bytes [TIMEOUT seconds] [CORPUS folder] [DICT file]): bounded here; bench/fuzz runs the same
# commands for as long as it is told.
function(roux_fuzz name)
  if(NOT ROUX_SANITIZE MATCHES address)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "RUNS;LENGTH;TIMEOUT;CORPUS;DICT" "" ${ARGN})
  add_executable(${name} ${name}.cpp)
  target_link_libraries(${name} PRIVATE RouxBatch RouxEndpoint RouxEval RouxExpression RouxFrontend RouxModel
    RouxModelShape RouxPipeline RouxPlan RouxProgram RouxRecords RouxScoreFile RouxTemplate RouxTestPaths RouxTokenStore
    RouxTokenizer RouxTrain)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
  file(MAKE_DIRECTORY ${found})
  set(given ${found})
  if(FUZZ_CORPUS)
    list(APPEND given ${CMAKE_CURRENT_SOURCE_DIR}/${FUZZ_CORPUS})
  endif()
  if(FUZZ_DICT)
    list(PREPEND given -dict=${CMAKE_CURRENT_SOURCE_DIR}/${FUZZ_DICT})
  endif()
  if(NOT FUZZ_TIMEOUT)
    set(FUZZ_TIMEOUT 10)
  endif()
  add_test(NAME ${name} COMMAND ${name} -runs=${FUZZ_RUNS} -seed=1 -max_len=${FUZZ_LENGTH} -timeout=${FUZZ_TIMEOUT}
    -rss_limit_mb=1024 -verbosity=0 ${given})
endfunction()
