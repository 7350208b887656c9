# How every target of the project is compiled.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

# Assertions of libraries follow the build type; ESCROW_ASSERT is always on.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

find_program(ESCROW_CCACHE ccache)
if(ESCROW_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${ESCROW_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ESCROW_CCACHE}")
endif()

# Left out on purpose: -Wnull-dereference and -Wnon-virtual-dtor fire inside Boost, -Wlogical-op on EAGAIN == EWOULDBLOCK.
add_compile_options(
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wcast-align -Woverloaded-virtual
  -Wformat=2 -Wimplicit-fallthrough -Wundef -Wunused)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wextra-semi> -Wduplicated-cond)
  # Asio's coroutine frames have an operator delete of their own, which g++ 12 loses sight of where it inlines half of the pair.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
endif()
if(ESCROW_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()

if(ESCROW_SANITIZE)
  add_compile_options("-fsanitize=${ESCROW_SANITIZE}" -fno-omit-frame-pointer -O1)
  add_link_options("-fsanitize=${ESCROW_SANITIZE}")
  if(ESCROW_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With a sanitizer's code in between GCC 12 takes std::regex, which Catch2's main holds, for uninitialised.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  if(ESCROW_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio uses atomic_thread_fence, which GCC's TSan cannot follow and says so on every file.
    add_compile_options(-Wno-tsan)
  endif()
endif()

if(ESCROW_FUZZ)
  # Inputs per second are what finds: optimised, and without those checks of undefined behaviour that look at every pointer. A null pointer
  # ends the program all the same, and the asan preset, which replays the corpora, has them all.
  add_compile_options(-fsanitize=fuzzer-no-link -O2 -fno-sanitize=vptr,null,alignment,object-size,function,nonnull-attribute,returns-nonnull-attribute)
endif()

if(ESCROW_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
