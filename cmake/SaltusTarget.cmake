# saltus_target(NAME): the language level, warnings and numeric flags that every target of ours has.
#
# -ffp-contract=off: a*b+c must not become an fma behind our back, or results would differ between
# instruction sets and between host and device; where an fma is wanted the source says fma.
# -fno-math-errno, -fno-trapping-math: permit vectorisation; neither changes a result.
# ggc-min-heapsize: GCC collects garbage from 256 MB on, and is done before that with most sources.
function(saltus_target name)
  target_compile_features(${name} PUBLIC cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${name} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
      -Woverloaded-virtual -Wcast-qual -ffp-contract=off -fno-math-errno -fno-trapping-math>
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:--param=ggc-min-heapsize=262144>)
  if(SALTUS_WARNINGS_AS_ERRORS)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
  endif()
endfunction()

# saltus_portable_program(NAME): it may be carried to another machine, with the shared libraries that are missing
# there in lib/ beside it (scripts/gpu_verify --collect). DT_RPATH, as it holds for what libraries need, too.
function(saltus_portable_program name)
  target_link_options(${name} PRIVATE -Wl,--as-needed -Wl,--disable-new-dtags)
  set_target_properties(${name} PROPERTIES BUILD_RPATH "$ORIGIN/lib")
endfunction()

# saltus_precompile(NAME [HEADER...]): headers that most of the target's sources include are parsed once, and not by each
# of them: a third less time to compile. A source still includes what it uses; with CMAKE_DISABLE_PRECOMPILE_HEADERS the
# compiler says where one does not.
function(saltus_precompile name)
  target_precompile_headers(${name} PRIVATE <algorithm> <array> <cmath> <cstddef> <cstdint> <filesystem> <functional>
    <map> <memory> <numeric> <optional> <set> <span> <string> <string_view> <utility> <variant> <vector>
    <fmt/format.h> <fmt/ranges.h> ${ARGN})
endfunction()

# GCC 12 sees faults in the library's strings that are none, and where headers are precompiled or sources compiled
# together, it no longer keeps that to itself.
set(SALTUS_FALSE_ALARMS -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread
  -Wno-maybe-uninitialized)
set(SALTUS_FALSE_ALARMS "$<$<CXX_COMPILER_ID:GNU>:${SALTUS_FALSE_ALARMS}>")

# saltus_unity(NAME): sources of a room are compiled eight at a time, as headers and templates take most of the time.
# What two of them keep in anonymous namespaces needs different names, and their names may hide each other's.
function(saltus_unity name)
  if(NOT SALTUS_UNITY_BUILD)
    return()
  endif()
  get_target_property(sources ${name} SOURCES)
  foreach(source IN LISTS sources)
    if(NOT source MATCHES "^[^$].*\\.cpp$")
      continue()
    endif()
    get_filename_component(path "${source}" ABSOLUTE)
    file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}" "${path}")
    string(REGEX MATCH "^engine/src/[^/]+|^[^/]+/[^/]+" room "${path}")
    string(MAKE_C_IDENTIFIER "${room}" room)
    list(APPEND ${room} "${source}")
    list(LENGTH ${room} count)
    math(EXPR group "(${count} - 1) / 8")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${room}_${group}")
  endforeach()
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  target_compile_options(${name} PRIVATE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>
    "${SALTUS_FALSE_ALARMS}")
endfunction()
