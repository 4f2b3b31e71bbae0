# saltus_target(NAME): the language level, warnings and numeric flags that every target of ours has.
#
# -ffp-contract=off: a*b+c must not become an fma behind our back, or results would differ between
# instruction sets and between host and device; where an fma is wanted the source says fma.
# -fno-math-errno, -fno-trapping-math: permit vectorisation; neither changes a result.
function(saltus_target name)
  target_compile_features(${name} PUBLIC cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${name} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
      -Woverloaded-virtual -Wcast-qual -ffp-contract=off -fno-math-errno -fno-trapping-math>)
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
