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
