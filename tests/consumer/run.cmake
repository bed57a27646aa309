# cmake -DBUILD=... "-DPROJECTS=DIR;DIR..." -DWORK=... -DGENERATOR=...
#       -DCOMPILER=... -DFLAGS=... -DSCHEMAS=share/espalier -DPROTOC=...
#       -P run.cmake
# Installs the build under WORK, then configures, builds and runs each project
# against what was installed. A project makes the program of its folder's name.
# Then reads a model that one of them saved, by the schema that was installed.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${WORK}")
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
foreach(project IN LISTS PROJECTS)
  cmake_path(GET project FILENAME name)
  run("${CMAKE_COMMAND}" -S "${project}" -B "${WORK}/${name}" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}"
    "-DCMAKE_PREFIX_PATH=${WORK}/prefix")
  run("${CMAKE_COMMAND}" --build "${WORK}/${name}")
  execute_process(COMMAND "${WORK}/${name}/${name}"
    WORKING_DIRECTORY "${WORK}/${name}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# As docs/model_format.md says.
set(model "${WORK}/consumer/cosine.pb")
execute_process(
  COMMAND "${PROTOC}" "--proto_path=${WORK}/prefix/${SCHEMAS}"
    --decode=espalier.v1.Model model.proto
  INPUT_FILE "${model}" OUTPUT_VARIABLE decoded COMMAND_ERROR_IS_FATAL ANY)
foreach(line IN ITEMS "magic: \"ESPALIER\"" "name: \"cosine\"" "kind: \"dense\"")
  if(NOT decoded MATCHES "${line}")
    message(FATAL_ERROR "no ${line} in ${model}, decoded:\n${decoded}")
  endif()
endforeach()
execute_process(
  COMMAND "${PROTOC}" "--proto_path=${WORK}/prefix/${SCHEMAS}"
    --descriptor_set_out=/dev/null report.proto
  COMMAND_ERROR_IS_FATAL ANY)
