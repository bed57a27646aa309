# The third-party packages (all are Debian's). Those that the libraries link to
# stand in espalierConfig.cmake.in too.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(absl REQUIRED)
find_package(OneDNN REQUIRED)
find_package(Protobuf REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
if(ESPALIER_BUILD_TESTS)
  find_package(GTest REQUIRED)
  # ONNX's own tests. Without them the test that runs them fails.
  find_path(ESPALIER_ONNX_TESTS node/test_abs/model.onnx
    PATHS /usr/share/libonnx-testdata/data
    DOC "Folder of the node, pytorch-converted and pytorch-operator tests")
endif()
if(ESPALIER_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
