# How every target of the tree is made: one static library per folder, one
# executable per test file, all with the same warnings.
add_library(espalier_options INTERFACE)
target_compile_features(espalier_options INTERFACE cxx_std_17)
target_compile_options(espalier_options INTERFACE
  -Wall -Wextra -Wpedantic $<$<BOOL:${ESPALIER_WERROR}>:-Werror>)

# espalier_library(graph SOURCES a.cc b.cc DEPENDS espalier_x absl::y)
function(espalier_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(espalier_${folder} STATIC ${ARG_SOURCES})
  target_include_directories(espalier_${folder} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_compile_features(espalier_${folder} PUBLIC cxx_std_17)
  target_link_libraries(espalier_${folder}
    PUBLIC ${ARG_DEPENDS}
    PRIVATE ${ARG_PRIVATE_DEPENDS} $<BUILD_INTERFACE:espalier_options>)
endfunction()

# espalier_test(graph/shape_test DEPENDS espalier_graph)
function(espalier_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  add_executable(${target} ${name}.cc ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE
    ${ARG_DEPENDS} GTest::gtest_main GTest::gmock espalier_options)
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "OMP_NUM_THREADS=2")
endfunction()
