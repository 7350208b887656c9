# Run at build time by escrow_console_assets: builds the console if it has changed, and writes its files as C++.
#
# npm installs and writes beside the sources, so every build folder shares one result; a stamp with the hash of all inputs says whether it
# is current, and a lock keeps two builds apart.

include("${CMAKE_CURRENT_LIST_DIR}/InstallPackages.cmake")

function(hash_of result)
  set(hashes)
  foreach(file IN LISTS ARGN)
    file(SHA256 "${file}" hash)
    string(APPEND hashes "${file} ${hash}\n")
  endforeach()
  string(SHA256 hash "${hashes}")
  set(${result} "${hash}" PARENT_SCOPE)
endfunction()

macro(build_console)
  file(LOCK "${SOURCE}/.building" RESULT_VARIABLE locked TIMEOUT 600)
  if(locked EQUAL 0)
    install_packages()
  else()
    set(failure "${SOURCE} can't be written: ${locked}")
  endif()
  if(NOT failure)
    file(GLOB_RECURSE inputs "${SOURCE}/src/*")
    list(SORT inputs)
    hash_of(sources ${inputs} "${SOURCE}/package-lock.json" "${SOURCE}/index.html" "${SOURCE}/pack.mjs" "${SOURCE}/vite.config.ts"
      "${SOURCE}/tsconfig.json")
    set(built "")
    if(EXISTS "${SOURCE}/dist/.built")
      file(READ "${SOURCE}/dist/.built" built)
    endif()
    if(NOT built STREQUAL sources)
      execute_process(COMMAND "${NPM}" run --silent build WORKING_DIRECTORY "${SOURCE}"
        RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
      if(status EQUAL 0)
        file(WRITE "${SOURCE}/dist/.built" "${sources}")
      else()
        set(failure "npm run build failed:\n${output}")
      endif()
    endif()
  endif()
endmacro()

# The bytes of a file as the inside of a C++ string literal.
function(literal result file)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" escaped "${hex}")
  # In lines, for the sake of whoever opens the file.
  string(REGEX REPLACE "((\\\\x..\\\\x..\\\\x..\\\\x..)(\\\\x..\\\\x..\\\\x..\\\\x..)(\\\\x..\\\\x..\\\\x..\\\\x..)(\\\\x..\\\\x..\\\\x..\\\\x..)(\\\\x..\\\\x..\\\\x..\\\\x..))"
    "\\1\"\n    \"" escaped "${escaped}")
  set(${result} "\"${escaped}\"sv" PARENT_SCOPE)
endfunction()

function(type_of result name)
  set(types ".html=text/html\\; charset=utf-8" ".js=text/javascript\\; charset=utf-8" ".css=text/css\\; charset=utf-8" ".svg=image/svg+xml")
  foreach(pair IN LISTS types)
    string(REGEX MATCH "^([^=]+)=(.*)$" matched "${pair}")
    set(ending "${CMAKE_MATCH_1}")
    set(type "${CMAKE_MATCH_2}")
    if(name MATCHES "\\${ending}$")
      set(${result} "${type}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "The console has a file of a type that is not known here: ${name}")
endfunction()

set(failure "")
if(HAS_NODE)
  build_console()
  if(failure)
    if(MODE STREQUAL "ON")
      message(FATAL_ERROR "The web console: ${failure}")
    endif()
    message(WARNING "The web console is left out; -DESCROW_CONSOLE=ON tries again and fails instead. ${failure}")
  endif()
endif()

set(files "${PAGE}")
if(HAS_NODE AND NOT failure)
  file(GLOB others "${SOURCE}/dist/console/*")
  list(FILTER others EXCLUDE REGEX "\\.gz$")
  list(SORT others)
  set(files "${SOURCE}/dist/index.html" ${others})
endif()

set(entries "")
list(LENGTH files count)
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  if(file STREQUAL PAGE)
    set(name "index.html")
  endif()
  type_of(type "${name}")
  file(SHA256 "${file}" hash)
  string(SUBSTRING "${hash}" 0 32 tag)
  literal(bytes "${file}")
  set(gzip "\"\"sv")
  if(EXISTS "${file}.gz")
    literal(gzip "${file}.gz")
  endif()
  string(APPEND entries "    ConsoleAsset{\"${name}\", \"${type}\", \"\\\"${tag}\\\"\",\n    ${bytes},\n    ${gzip}},\n")
endforeach()

file(WRITE "${OUTPUT}" "// Written by cmake/EmbedConsole.cmake.
#include \"coordinator/server/console.hpp\"

#include <array>

namespace escrow::server {
namespace {

using namespace std::string_view_literals;

constexpr std::array<ConsoleAsset, ${count}> assets{{
${entries}}};

}  // namespace

std::span<const ConsoleAsset> console_assets() { return assets; }

}  // namespace escrow::server
")
