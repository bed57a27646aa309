# cmake -DSCRIPT=.../StageHeader.cmake -DWORK=... -P stage_header_test.cmake
# Stages small headers as the build does and looks at what comes out.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${WORK}")
file(WRITE "${WORK}/public.txt" "graph/a.h\ngraph/b.h\n")

# Stages graph/a.h with this text; sets `result`, `message` and `staged`.
function(stage text)
  file(WRITE "${WORK}/graph/a.h" "${text}")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" "-DROOT=${WORK}" -DHEADER=graph/a.h
      "-DPUBLIC_HEADERS=${WORK}/public.txt" "-DOUTPUT=${WORK}/staged.h"
      -P "${SCRIPT}"
    RESULT_VARIABLE result ERROR_VARIABLE message)
  set(staged "")
  if(result EQUAL 0)
    file(READ "${WORK}/staged.h" staged)
  endif()
  return(PROPAGATE result message staged)
endfunction()

stage("// Say [x]; y.\n#include <vector>\n#include \"absl/types/span.h\"\n#include \"graph/b.h\"\n")
set(expected "// Say [x]; y.\n#include <vector>\n#include \"absl/types/span.h\"\n#include <espalier/graph/b.h>\n")
if(NOT staged STREQUAL expected)
  message(FATAL_ERROR "staged as\n${staged}\n${message}")
endif()

foreach(include IN ITEMS "\"graph/private.h\"" "<oneapi/dnnl/dnnl.hpp>"
    "\"google/protobuf/message.h\"" "<zlib.h>" "\"espalier/model.pb.h\"")
  stage("#include ${include}\n")
  string(REGEX REPLACE "[\"<>]" "" path "${include}")
  if(result EQUAL 0 OR NOT message MATCHES "graph/a.h includes +\"${path}\"")
    message(FATAL_ERROR "${include} in a public header: ${result} ${message}")
  endif()
endforeach()
