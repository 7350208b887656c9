# Installs the npm packages of a folder (SOURCE) with NPM, unless what its lock file names is there already. Sets `failure` to what went wrong;
# run as a script, it fails.

macro(install_packages)
  file(SHA256 "${SOURCE}/package.json" packages)
  file(SHA256 "${SOURCE}/package-lock.json" locked)
  string(APPEND packages " ${locked}")
  set(installed "")
  if(EXISTS "${SOURCE}/node_modules/.installed")
    file(READ "${SOURCE}/node_modules/.installed" installed)
  endif()
  if(NOT installed STREQUAL packages)
    message(STATUS "npm installs the packages of ${SOURCE}")
    # Nothing of what is installed may run a program of its own.
    execute_process(COMMAND "${NPM}" ci --ignore-scripts --no-audit --no-fund --prefer-offline WORKING_DIRECTORY "${SOURCE}"
      RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(status EQUAL 0)
      file(WRITE "${SOURCE}/node_modules/.installed" "${packages}")
    else()
      set(failure "npm ci failed:\n${output}")
    endif()
  endif()
endmacro()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  set(failure "")
  install_packages()
  if(failure)
    message(FATAL_ERROR "${failure}")
  endif()
endif()
