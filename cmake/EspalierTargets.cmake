# How every target of the tree is made: one static library per folder, one
# executable per test file, all with the same warnings.

# What our own code is compiled with. Never reaches a user of the library: only
# in-tree targets see the root of the tree, where includes read "graph/shape.h".
add_library(espalier_options INTERFACE)
target_compile_features(espalier_options INTERFACE cxx_std_17)
target_include_directories(espalier_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(espalier_options INTERFACE
  -Wall -Wextra -Wpedantic $<$<BOOL:${ESPALIER_WERROR}>:-Werror>
  # GCC 12 sees uninitialized bytes in any std::string inside a StatusOr.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)

# The bugs of graph/planted_bug.h, for tools/fuzz_planted.sh.
if(ESPALIER_PLANTED_BUGS)
  target_compile_definitions(espalier_options INTERFACE ESPALIER_PLANTED_BUGS)
endif()

# Builds the headers that are made and not written: what tools that only read
# the code need.
add_custom_target(espalier_generated)

# espalier_library(graph SOURCES a.cc b.cc DEPENDS absl::y
#                  [PRIVATE_DEPENDS ZLIB::ZLIB] [PUBLIC_HEADERS a.h b.h]
#                  [INTERNAL])
# makes the static library espalier_graph out of sources of the current folder.
# PUBLIC_HEADERS are those that users may include, as <espalier/graph/a.h>; the
# staging step (EspalierInstall.cmake) refuses a public header that includes a
# private one. INTERNAL: not part of what is installed.
function(espalier_library name)
  cmake_parse_arguments(ARG "INTERNAL" ""
    "SOURCES;DEPENDS;PRIVATE_DEPENDS;PUBLIC_HEADERS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR
      "espalier_library(${name}): unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_library(espalier_${name} STATIC ${ARG_SOURCES})
  target_compile_features(espalier_${name} PUBLIC cxx_std_17)
  target_link_libraries(espalier_${name}
    PUBLIC ${ARG_DEPENDS}
    PRIVATE ${ARG_PRIVATE_DEPENDS} $<BUILD_INTERFACE:espalier_options>)
  if(NOT ARG_INTERNAL)
    espalier_export(espalier_${name} ${name})
  endif()
  foreach(header IN LISTS ARG_PUBLIC_HEADERS)
    cmake_path(ABSOLUTE_PATH header BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_property(GLOBAL APPEND PROPERTY ESPALIER_PUBLIC_HEADERS "${header}")
  endforeach()
endfunction()

# espalier_test(graph/shape_test [SOURCES helper.cc] DEPENDS espalier_graph)
# makes one executable of graph/shape_test.cc, and the test of that name.
function(espalier_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  add_executable(${target} ${name}.cc ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE
    ${ARG_DEPENDS} GTest::gtest_main GTest::gmock espalier_options)
  # GoogleTest's macros take long to optimise, and that speeds up nothing: what
  # tests spend time on is in libraries.
  separate_arguments(flags NATIVE_COMMAND "${ESPALIER_TEST_CXX_FLAGS}")
  target_compile_options(${target} PRIVATE ${flags})
  add_test(NAME ${name} COMMAND ${target})
  espalier_test_environment(${name})
endfunction()

# Tests share the machine: two threads each, and idle ones sleep; under a
# sanitizer, on a busy one, the longest take minutes. More variables
# (NAME=value) may follow.
function(espalier_test_environment name)
  set_tests_properties(${name} PROPERTIES TIMEOUT 1200 ENVIRONMENT
    "OMP_NUM_THREADS=2;OMP_WAIT_POLICY=passive;${ESPALIER_TEST_ENVIRONMENT};${ARGN}")
endfunction()

# espalier_test_instruction_sets(ops/registry_test) runs the test again with
# each of the instruction sets that oneDNN, and our own kernels with it
# (runtime/onednn/isa.h), can be told to keep to. The variable is an upper limit:
# on a machine that lacks one it has no effect, and the run is a repetition.
function(espalier_test_instruction_sets name)
  string(REPLACE "/" "_" target ${name})
  foreach(isa IN ITEMS SSE41 AVX2 AVX512_CORE)
    add_test(NAME ${name}/${isa} COMMAND ${target})
    espalier_test_environment(${name}/${isa} "ONEDNN_MAX_CPU_ISA=${isa}")
  endforeach()
endfunction()

# espalier_example(cosine) makes the program cosine of cosine.cc as a user would:
# it sees the headers as they are installed, and nothing else of the tree.
function(espalier_example name)
  add_executable(${name} ${name}.cc)
  target_compile_options(${name} PRIVATE
    -Wall -Wextra -Wpedantic $<$<BOOL:${ESPALIER_WERROR}>:-Werror>)
  target_link_libraries(${name} PRIVATE espalier::espalier)
endfunction()

# espalier_benchmark(session_overhead DEPENDS espalier_runtime)
function(espalier_benchmark name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${name}.cc ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    ${ARG_DEPENDS} benchmark::benchmark espalier_options)
endfunction()
