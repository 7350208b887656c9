# escrow_sbom(): the target escrow-sbom writes escrowd.cdx.json, what is in the coordinator (cmake/sbom.py). Not part of `all`, since it asks
# Debian's package database; ./dev sbom and ./dev package build it.
function(escrow_sbom)
  find_package(Python3 3.11 COMPONENTS Interpreter)
  if(NOT TARGET escrowd OR NOT Python3_FOUND OR NOT CMAKE_GENERATOR STREQUAL "Ninja")
    return()
  endif()
  set(console)
  if(ESCROW_HAS_CONSOLE)
    set(console --console "${PROJECT_SOURCE_DIR}/console")
  endif()
  # Always anew: an update of a package changes it without changing the program.
  add_custom_target(escrow-sbom
    COMMAND Python3::Interpreter -B "${PROJECT_SOURCE_DIR}/cmake/sbom.py" --program $<TARGET_FILE:escrowd> --build "${PROJECT_BINARY_DIR}"
      --version "${PROJECT_VERSION}" ${console} --out "${PROJECT_BINARY_DIR}/escrowd.cdx.json"
    DEPENDS escrowd
    COMMENT "What is in escrowd: escrowd.cdx.json"
    VERBATIM)
  install(FILES "${PROJECT_BINARY_DIR}/escrowd.cdx.json" DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/escrow COMPONENT coordinator OPTIONAL)
endfunction()
