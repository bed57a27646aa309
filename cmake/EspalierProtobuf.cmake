# espalier_protobuf(serialization PROTOS model.proto report.proto)
# makes the static library espalier_serialization_proto of the schemas of the
# current folder. Each is compiled under the virtual path espalier/, so that it
# registers as "espalier/model.proto" and clashes with no other model.proto in
# the same program; schemas import each other, and code includes the generated
# headers ("espalier/model.pb.h"), under that name. Generated code is compiled
# without warnings and its headers are not installed.
function(espalier_protobuf name)
  cmake_parse_arguments(ARG "" "" "PROTOS" ${ARGN})
  set(root "${PROJECT_BINARY_DIR}/generated")
  set(sources)
  set(generated)
  foreach(proto IN LISTS ARG_PROTOS)
    list(APPEND sources "${CMAKE_CURRENT_SOURCE_DIR}/${proto}")
  endforeach()
  foreach(proto IN LISTS ARG_PROTOS)
    cmake_path(REMOVE_EXTENSION proto LAST_ONLY OUTPUT_VARIABLE stem)
    set(outputs
      "${root}/espalier/${stem}.pb.cc" "${root}/espalier/${stem}.pb.h")
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND ${CMAKE_COMMAND} -E make_directory "${root}/espalier"
      COMMAND protobuf::protoc
        "--proto_path=espalier=${CMAKE_CURRENT_SOURCE_DIR}"
        "--cpp_out=${root}" "espalier/${proto}"
      DEPENDS ${sources}
      COMMENT "protoc espalier/${proto}"
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_custom_target(espalier_${name}_generated DEPENDS ${generated})
  add_dependencies(espalier_generated espalier_${name}_generated)
  add_library(espalier_${name}_proto STATIC ${generated})
  add_dependencies(espalier_${name}_proto espalier_${name}_generated)
  target_compile_features(espalier_${name}_proto PUBLIC cxx_std_17)
  target_compile_options(espalier_${name}_proto PRIVATE -w)
  target_include_directories(espalier_${name}_proto SYSTEM PUBLIC
    $<BUILD_INTERFACE:${root}>)
  target_link_libraries(espalier_${name}_proto PUBLIC protobuf::libprotobuf)
  espalier_export(espalier_${name}_proto ${name}_proto)
endfunction()
