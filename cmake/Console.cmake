include_guard(GLOBAL)

# The console is TypeScript and needs Node to be built. Whoever has none still builds a coordinator, which then serves a page that says how
# to get the console.
#
#   AUTO  build it if Node 18 or newer and npm are there; if that fails (no network for npm), say so and take the page
#   ON    build it, or fail
#   OFF   take the page
set(ESCROW_CONSOLE "AUTO" CACHE STRING "Build the web console: AUTO, ON or OFF")
set_property(CACHE ESCROW_CONSOLE PROPERTY STRINGS AUTO ON OFF)
if(NOT ESCROW_CONSOLE MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "ESCROW_CONSOLE is AUTO, ON or OFF, not ${ESCROW_CONSOLE}")
endif()

set(ESCROW_NODE_PROBLEM "")
if(NOT ESCROW_CONSOLE STREQUAL "OFF")
  find_program(ESCROW_NODE NAMES node nodejs)
  find_program(ESCROW_NPM npm)
  if(NOT ESCROW_NODE OR NOT ESCROW_NPM)
    set(ESCROW_NODE_PROBLEM "node or npm is not installed")
  else()
    execute_process(COMMAND "${ESCROW_NODE}" --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REGEX REPLACE "^v" "" version "${version}")
    if(version VERSION_LESS 18)
      set(ESCROW_NODE_PROBLEM "Node ${version} is older than 18")
    endif()
  endif()
  if(ESCROW_NODE_PROBLEM)
    if(ESCROW_CONSOLE STREQUAL "ON")
      message(FATAL_ERROR "ESCROW_CONSOLE=ON: ${ESCROW_NODE_PROBLEM}")
    endif()
    message(STATUS "The web console is left out: ${ESCROW_NODE_PROBLEM}")
  endif()
endif()
if(ESCROW_CONSOLE STREQUAL "OFF" OR ESCROW_NODE_PROBLEM)
  set(ESCROW_HAS_CONSOLE FALSE)
else()
  set(ESCROW_HAS_CONSOLE TRUE)
endif()

# escrow_console_assets(<file.cpp> <page.html>): writes the C++ file that holds the console, or the page where there is none.
function(escrow_console_assets output page)
  set(source "${PROJECT_SOURCE_DIR}/console")
  set(inputs)
  if(ESCROW_HAS_CONSOLE)
    file(GLOB_RECURSE inputs CONFIGURE_DEPENDS "${source}/src/*")
    list(APPEND inputs "${source}/index.html" "${source}/package.json" "${source}/package-lock.json" "${source}/pack.mjs"
      "${source}/tsconfig.json" "${source}/vite.config.ts")
  endif()
  add_custom_command(OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DMODE=${ESCROW_CONSOLE}" "-DHAS_NODE=${ESCROW_HAS_CONSOLE}" "-DNPM=${ESCROW_NPM}" "-DSOURCE=${source}"
      "-DPAGE=${page}" "-DOUTPUT=${output}" -P "${PROJECT_SOURCE_DIR}/cmake/EmbedConsole.cmake"
    DEPENDS ${inputs} "${page}" "${PROJECT_SOURCE_DIR}/cmake/EmbedConsole.cmake" "${PROJECT_SOURCE_DIR}/cmake/InstallPackages.cmake"
    COMMENT "The web console"
    VERBATIM)
endfunction()
