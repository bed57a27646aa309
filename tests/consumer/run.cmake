# cmake -DBUILD=... "-DPROJECTS=DIR;DIR..." -DWORK=... -DGENERATOR=...
#       -DCOMPILER=... -DFLAGS=... -P run.cmake
# Installs the build under WORK, then configures, builds and runs each project
# against what was installed. A project makes the program of its folder's name.
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
