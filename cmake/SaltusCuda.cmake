# Decides whether CUDA is a language of this build; sets SALTUS_HAS_CUDA.
set(SALTUS_HAS_CUDA OFF)
if(NOT SALTUS_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80-real 86-real 89-real 90)  # the last with PTX, for what comes after
    endif()
    enable_language(CUDA)
    set(SALTUS_HAS_CUDA ON)
  elseif(SALTUS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SALTUS_CUDA=ON, but no CUDA compiler was found: put nvcc on PATH or set "
                        "CMAKE_CUDA_COMPILER, or configure with -DSALTUS_CUDA=OFF")
  endif()
endif()
message(STATUS "CUDA backend: ${SALTUS_HAS_CUDA}")
