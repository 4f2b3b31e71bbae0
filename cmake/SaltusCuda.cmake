# Decides whether CUDA is a language of this build; sets SALTUS_HAS_CUDA.
set(SALTUS_HAS_CUDA OFF)
if(NOT SALTUS_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # 8.6 and 8.9 run 8.0's code, and later ones 9.0's PTX
    endif()
    enable_language(CUDA)
    set(SALTUS_HAS_CUDA ON)
  elseif(SALTUS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SALTUS_CUDA=ON, but no CUDA compiler was found: put nvcc on PATH or set "
                        "CMAKE_CUDA_COMPILER, or configure with -DSALTUS_CUDA=OFF")
  endif()
endif()

# The least compute capability that there is code for, as 80 for 8.0; 0 where the list does not say.
set(SALTUS_OLDEST_ARCHITECTURE 0)
string(REGEX MATCHALL "[0-9]+" architectures "${CMAKE_CUDA_ARCHITECTURES}")
if(architectures)
  list(SORT architectures COMPARE NATURAL)
  list(GET architectures 0 SALTUS_OLDEST_ARCHITECTURE)
endif()
if(SALTUS_HAS_CUDA AND SALTUS_OLDEST_ARCHITECTURE GREATER 0 AND SALTUS_OLDEST_ARCHITECTURE LESS 80)
  message(FATAL_ERROR "CMAKE_CUDA_ARCHITECTURES is ${CMAKE_CUDA_ARCHITECTURES}, but Saltus's kernels need compute "
                      "capability 8.0: leave it unset or set it to 80 or more, or configure with -DSALTUS_CUDA=OFF")
endif()
message(STATUS "CUDA backend: ${SALTUS_HAS_CUDA}")

# Programs that do nothing without a GPU are built where there is one, and elsewhere by name alone.
execute_process(COMMAND nvidia-smi -L OUTPUT_VARIABLE gpus ERROR_QUIET)
set(SALTUS_HAS_GPU OFF)
if(gpus MATCHES "^GPU")
  set(SALTUS_HAS_GPU ON)
endif()
message(STATUS "GPU in this machine: ${SALTUS_HAS_GPU}")

# saltus_program_for_gpu(NAME)
function(saltus_program_for_gpu name)
  saltus_portable_program(${name})
  if(NOT SALTUS_HAS_GPU)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

# saltus_cuda_target(NAME): what every target with kernels has beside saltus_target().
function(saltus_cuda_target name)
  saltus_target(${name})
  find_package(CUDAToolkit REQUIRED)
  target_link_libraries(${name} PUBLIC saltus_kernel_headers CUDA::cudart_static)
  # -std by hand: CMake 3.25 does not know that nvcc has C++20. -fmad=false: as -ffp-contract=off. The host's code only
  # launches.
  target_compile_options(${name} PRIVATE
    $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 -fmad=false --Werror=all-warnings -Xptxas=-v -Xcompiler=-O1>)
  # Before the launcher that the user may have set, such as ccache; without one nothing follows.
  set_target_properties(${name} PROPERTIES CUDA_VISIBILITY_PRESET hidden CUDA_COMPILER_LAUNCHER
    "${PROJECT_SOURCE_DIR}/cmake/keep_ptxas_report")
  if(CMAKE_CUDA_COMPILER_LAUNCHER)
    set_property(TARGET ${name} APPEND PROPERTY CUDA_COMPILER_LAUNCHER ${CMAKE_CUDA_COMPILER_LAUNCHER})
  endif()
endfunction()

# saltus_library_headers(NAME): a target that compiles against the headers of cuDNN, cuBLASLt, NVRTC and nvJitLink,
# where they are installed; SALTUS_HAS_CUDNN, ..._CUBLASLT, ..._NVRTC and ..._NVJITLINK say so.
function(saltus_library_headers name)
  find_package(CUDAToolkit REQUIRED)
  find_path(CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_path(CUBLASLT_INCLUDE_DIR cublasLt.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_path(NVRTC_INCLUDE_DIR nvrtc.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_path(NVJITLINK_INCLUDE_DIR nvJitLink.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  mark_as_advanced(CUDNN_INCLUDE_DIR CUBLASLT_INCLUDE_DIR NVRTC_INCLUDE_DIR NVJITLINK_INCLUDE_DIR)
  foreach(library CUDNN CUBLASLT NVRTC NVJITLINK)
    if(${library}_INCLUDE_DIR)
      target_compile_definitions(${name} PRIVATE SALTUS_HAS_${library})
      target_include_directories(${name} SYSTEM PRIVATE "${${library}_INCLUDE_DIR}")
    endif()
  endforeach()
endfunction()
