include_guard(GLOBAL)

# escrow_test(<name> LABEL unit|contract|simulation|integration|fault|console SOURCES ... [DEPENDS ...] [LINK ...]
#             [TIMEOUT seconds] [PROGRAMS targets ...])
#
# A Catch2 program whose test cases are registered with ctest one by one, as "<name>/<sentence>". DEPENDS names escrow
# libraries; PROGRAMS are executables the tests start, built before.
function(escrow_test name)
  if(NOT ESCROW_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "SOURCES;DEPENDS;LINK;PROGRAMS")
  set(known unit contract simulation integration fault console)
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_LABEL IN_LIST known)
    message(FATAL_ERROR "escrow_test(${name}): LABEL is one of ${known}; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    if(arg_LABEL STREQUAL "unit")
      set(arg_TIMEOUT 30)
    elseif(arg_LABEL STREQUAL "contract")
      set(arg_TIMEOUT 120)
    else()
      set(arg_TIMEOUT 600)
    endif()
  endif()
  if(ESCROW_SANITIZE OR ESCROW_COVERAGE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")
  endif()

  set(target "test_${name}")
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  list(TRANSFORM arg_DEPENDS PREPEND "escrow_")
  escrow_wants(${target} ${arg_DEPENDS})
  target_link_libraries(${target} PRIVATE ${arg_DEPENDS} ${arg_LINK} escrow_catch_main Catch2::Catch2)
  if(arg_PROGRAMS)
    add_dependencies(${target} ${arg_PROGRAMS})
  endif()
  set_property(GLOBAL APPEND PROPERTY ESCROW_TEST_PROGRAMS ${target})
  # All that ./dev runs of the simulation, by one name.
  if(arg_LABEL STREQUAL "simulation")
    if(NOT TARGET escrow-simulation)
      add_custom_target(escrow-simulation)
    endif()
    add_dependencies(escrow-simulation ${target})
  endif()

  # -w NoTests: a name that discovery mangles selects nothing, and must fail rather than pass.
  catch_discover_tests(${target}
    TEST_PREFIX "${name}/"
    EXTRA_ARGS -w NoTests
    PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
endfunction()
