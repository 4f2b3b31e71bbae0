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
