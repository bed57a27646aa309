# cmake -DROOT=... -DHEADER=graph/shape.h -DPUBLIC_HEADERS=list.txt
#       -DOUTPUT=... -P StageHeader.cmake
# Copies one public header, its includes of other public headers rewritten from
# "graph/x.h" to <espalier/graph/x.h>. A public header includes public headers,
# Abseil and the standard library only: anything else ends the build.
cmake_minimum_required(VERSION 3.25)
file(STRINGS "${PUBLIC_HEADERS}" public)
file(READ "${ROOT}/${HEADER}" text)
string(REGEX MATCHALL "#include +[\"<][^\">]+[\">]" includes "${text}")
foreach(include IN LISTS includes)
  string(REGEX REPLACE "#include +[\"<]([^\">]+)[\">]" "\\1" path "${include}")
  if(path IN_LIST public)
    string(REPLACE "${include}" "#include <espalier/${path}>" text "${text}")
  elseif(NOT path MATCHES "^(absl/.+|[a-z0-9_]+)$")
    message(FATAL_ERROR "public header ${HEADER} includes \"${path}\", which "
      "is not listed under PUBLIC_HEADERS in its folder's CMakeLists.txt")
  endif()
endforeach()
file(WRITE "${OUTPUT}" "${text}")
