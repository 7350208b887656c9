include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
