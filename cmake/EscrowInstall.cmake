include_guard(GLOBAL)
include(CMakePackageConfigHelpers)

# What is installed, in two components:
#   sdk          headers, static libraries, the CMake package `escrow` and escrow.pc, for teams that write services
#   coordinator  the programs that are there, with licence and notices

# escrow_install_library(<name> HEADERS_DIR <dir below the prefix>)
# Exports escrow_<name> as escrow::<name>; its header set goes below HEADERS_DIR. Once per library, from the root.
function(escrow_install_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADERS_DIR" "")
  set_target_properties(escrow_${name} PROPERTIES EXPORT_NAME ${name})
  if(arg_HEADERS_DIR)
    install(TARGETS escrow_${name} EXPORT escrow
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk
      FILE_SET HEADERS DESTINATION ${arg_HEADERS_DIR} COMPONENT sdk)
  else()
    install(TARGETS escrow_${name} EXPORT escrow ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
  endif()
endfunction()

# escrow_install_package(): the package files of the libraries above.
function(escrow_install_package)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/escrow)
  install(EXPORT escrow NAMESPACE escrow:: FILE escrow-targets.cmake DESTINATION ${package_dir} COMPONENT sdk)
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/escrow-config.cmake.in" "${PROJECT_BINARY_DIR}/escrow-config.cmake"
    INSTALL_DESTINATION ${package_dir})
  # Before 1.0 a minor version may break the API of the SDK.
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/escrow-config-version.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/escrow-config.cmake" "${PROJECT_BINARY_DIR}/escrow-config-version.cmake"
    DESTINATION ${package_dir} COMPONENT sdk)
  # Relative to itself, so that the tree can be moved.
  file(RELATIVE_PATH ESCROW_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/escrow.pc.in" "${PROJECT_BINARY_DIR}/escrow.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/escrow.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT sdk)
endfunction()

# escrow_install_program(<target> ...)
function(escrow_install_program)
  install(TARGETS ${ARGN} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT coordinator)
endfunction()

# A coordinator that tests can end at will is none for anybody else.
if(FAULT_POINTS)
  install(CODE "message(FATAL_ERROR \"built with FAULT_POINTS: for tests only\")" COMPONENT coordinator)
endif()
