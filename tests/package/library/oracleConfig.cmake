include(CMakeFindDependencyMacro)
find_dependency(saltus)
include("${CMAKE_CURRENT_LIST_DIR}/oracleTargets.cmake")
