# What a user gets: headers under include/espalier/, static libraries, the
# command, the schemas of files under share/espalier/, and a package configuration for find_package(espalier).
#
# In the tree an include reads "graph/shape.h". A user's program may have a
# graph/ of its own, so installed headers include each other as
# <espalier/graph/shape.h>. Public headers are rewritten so into
# ${PROJECT_BINARY_DIR}/include, which in-tree examples compile against and
# which is installed as it stands.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# espalier_export(espalier_graph graph): users link it as espalier::graph.
function(espalier_export target name)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${target} EXPORT espalierTargets)
  set_property(GLOBAL APPEND PROPERTY ESPALIER_LIBRARIES ${target})
endfunction()

# Stages the public headers and installs everything. Called once, after the
# folders of the library and before the programs that use it.
function(espalier_install)
  get_property(headers GLOBAL PROPERTY ESPALIER_PUBLIC_HEADERS)
  get_property(libraries GLOBAL PROPERTY ESPALIER_LIBRARIES)
  set(stage "${PROJECT_BINARY_DIR}/include/espalier")
  set(list "${PROJECT_BINARY_DIR}/public_headers.txt")
  string(REPLACE ";" "\n" lines "${headers}")
  file(CONFIGURE OUTPUT "${list}" CONTENT "${lines}\n")

  # The two headers above the folders: all of them at once, and the macros,
  # which a program asks for by name because they are not prefixed.
  set(umbrella "${headers}")
  list(REMOVE_ITEM umbrella graph/status_macros.h)
  list(TRANSFORM umbrella
    REPLACE "(.+)" "#include <espalier/\\1>  // IWYU pragma: export\n")
  list(JOIN umbrella "" umbrella)
  file(CONFIGURE OUTPUT "${stage}/espalier.h" CONTENT
"// All of Espalier but <espalier/status_macros.h>.
#ifndef ESPALIER_ESPALIER_H_
#define ESPALIER_ESPALIER_H_

${umbrella}
#endif  // ESPALIER_ESPALIER_H_
")
  file(CONFIGURE OUTPUT "${stage}/status_macros.h" CONTENT
"// RETURN_IF_ERROR and ASSIGN_OR_RETURN.
#include <espalier/graph/status_macros.h>  // IWYU pragma: export
")

  set(staged "${stage}/espalier.h" "${stage}/status_macros.h")
  install(FILES ${staged} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/espalier")
  foreach(header IN LISTS headers)
    add_custom_command(
      OUTPUT "${stage}/${header}"
      COMMAND ${CMAKE_COMMAND} "-DROOT=${PROJECT_SOURCE_DIR}"
        "-DHEADER=${header}" "-DPUBLIC_HEADERS=${list}"
        "-DOUTPUT=${stage}/${header}"
        -P "${PROJECT_SOURCE_DIR}/cmake/StageHeader.cmake"
      DEPENDS "${PROJECT_SOURCE_DIR}/${header}" "${list}"
        "${PROJECT_SOURCE_DIR}/cmake/StageHeader.cmake"
      COMMENT "Staging <espalier/${header}>"
      VERBATIM)
    list(APPEND staged "${stage}/${header}")
    cmake_path(GET header PARENT_PATH folder)
    install(FILES "${stage}/${header}"
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/espalier/${folder}")
  endforeach()
  # A header that is public no more must not be found by an example.
  file(GLOB_RECURSE present "${stage}/*")
  list(REMOVE_ITEM present ${staged})
  if(present)
    file(REMOVE ${present})
  endif()
  add_custom_target(espalier_headers ALL DEPENDS ${staged})
  add_dependencies(espalier_generated espalier_headers)

  add_library(espalier_api INTERFACE)
  set_target_properties(espalier_api PROPERTIES EXPORT_NAME espalier)
  add_dependencies(espalier_api espalier_headers)
  target_link_libraries(espalier_api INTERFACE ${libraries})
  target_include_directories(espalier_api INTERFACE
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  add_library(espalier::espalier ALIAS espalier_api)
  install(TARGETS espalier_api EXPORT espalierTargets)

  # Other programs read model files and reports by them.
  install(FILES
    "${PROJECT_SOURCE_DIR}/serialization/model.proto"
    "${PROJECT_SOURCE_DIR}/serialization/report.proto"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/espalier")

  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/espalier")
  install(EXPORT espalierTargets NAMESPACE espalier::
    DESTINATION "${package_dir}")
  configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/espalierConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/espalierConfig.cmake"
    INSTALL_DESTINATION "${package_dir}")
  write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/espalierConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  install(FILES
    "${PROJECT_BINARY_DIR}/espalierConfig.cmake"
    "${PROJECT_BINARY_DIR}/espalierConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake"
    DESTINATION "${package_dir}")
endfunction()
