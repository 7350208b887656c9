include_guard(GLOBAL)

# escrow_library(<name> SOURCES a.cpp ... HEADERS a.hpp ... [BASE_DIR dir]
#                [DEPENDS protocol async ...] [LINK targets ...] [PRIVATE_DEPENDS ...] [PRIVATE_LINK ...])
#
# One room of the house: target escrow_<name>, alias escrow::<name>. DEPENDS names escrow libraries, LINK third-party
# targets, both public. Headers are found from the root of the repository, or from BASE_DIR where they are installed otherwise.
function(escrow_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "BASE_DIR" "SOURCES;HEADERS;DEPENDS;LINK;PRIVATE_DEPENDS;PRIVATE_LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "escrow_library(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  if(NOT arg_BASE_DIR)
    set(arg_BASE_DIR "${PROJECT_SOURCE_DIR}")
  endif()

  set(target "escrow_${name}")
  if(arg_SOURCES)
    set(scope PUBLIC)
    set(private PRIVATE)
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  else()
    set(scope INTERFACE)
    set(private INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(escrow::${name} ALIAS ${target})

  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${arg_BASE_DIR}" FILES ${arg_HEADERS})
  target_compile_features(${target} ${scope} cxx_std_20)

  # A header-only library that only our .cpp files see is no concern of whoever links the installed target.
  set(private_link)
  foreach(dependency IN LISTS arg_PRIVATE_LINK)
    get_target_property(type ${dependency} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY" AND NOT dependency STREQUAL "Threads::Threads")
      set(dependency "$<BUILD_INTERFACE:${dependency}>")
    endif()
    list(APPEND private_link "${dependency}")
  endforeach()

  list(TRANSFORM arg_DEPENDS PREPEND "escrow_")
  list(TRANSFORM arg_PRIVATE_DEPENDS PREPEND "escrow_")
  target_link_libraries(${target} ${scope} ${arg_DEPENDS} ${arg_LINK})
  target_link_libraries(${target} ${private} ${arg_PRIVATE_DEPENDS} ${private_link})
endfunction()
