# Third-party libraries, all from Debian 12 (CONTRIBUTING.md lists the packages).

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 3.37 REQUIRED)  # 3.37: STRICT tables
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
if(ESCROW_BUILD_TESTS)
  find_package(Catch2 2.13 REQUIRED)
  include(Catch)
  find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
endif()

# yaml-cpp 0.7 on Debian says no include directory of its own beyond /usr/include; newer ones rename the target.
if(NOT TARGET yaml-cpp AND TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp ALIAS yaml-cpp::yaml-cpp)
endif()

add_subdirectory("${PROJECT_SOURCE_DIR}/cmake/boost")
