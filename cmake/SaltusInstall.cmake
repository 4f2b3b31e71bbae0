# cmake --install: the libraries, their headers and what finds them again (find_package, pkg-config). The program
# installs itself.
include(CMakePackageConfigHelpers)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/saltus")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/engine/include/saltus" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN *.h PATTERN kernels EXCLUDE)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/kernels" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/saltus"
  FILES_MATCHING PATTERN *.h PATTERN *.cuh PATTERN *.cu)

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# Sets apart, as each asks for other libraries: saltusConfig.cmake takes in those whose libraries are there.
set(headers_targets saltus_kernel_headers saltus_engine_headers)
set(kernels_targets saltus_kernels)
if(SALTUS_HAS_CUDA)
  list(APPEND kernels_targets saltus_cuda_kernels)
endif()
set(engine_targets saltus_engine)
set(datasets_targets saltus_datasets)
if(BUILD_SHARED_LIBS)
  set(engine_targets saltus_engine_shared)
  set(datasets_targets saltus_datasets_shared)
endif()
foreach(set headers kernels engine datasets)
  install(TARGETS ${${set}_targets} EXPORT saltus_${set})
  install(EXPORT saltus_${set} DESTINATION "${package}" NAMESPACE saltus:: FILE saltus_${set}.cmake)
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/saltusConfig.cmake.in" saltusConfig.cmake
  INSTALL_DESTINATION "${package}")
write_basic_package_version_file(saltusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/saltusConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/saltusConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/SaltusDnnl.cmake" DESTINATION "${package}")

# For pkg-config. A static library's users link what it needs themselves.
file(RELATIVE_PATH SALTUS_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
if(NOT BUILD_SHARED_LIBS)
  set(SALTUS_PC_REQUIRES "fmt, zlib")
  set(SALTUS_PC_DATASETS_REQUIRES ", libcurl, libcrypto, libpng, libjpeg")
  list(TRANSFORM OpenMP_CXX_LIB_NAMES PREPEND -l OUTPUT_VARIABLE libraries)
  list(APPEND libraries -ldnnl)
  if(SALTUS_HAS_CUDA)
    find_package(CUDAToolkit REQUIRED)
    list(PREPEND libraries -lsaltus_cuda_kernels "-L${CUDAToolkit_LIBRARY_DIR}" -lcudart_static)
    list(APPEND libraries -ldl -lrt)
  endif()
  list(JOIN libraries " " SALTUS_PC_LIBRARIES)
endif()
foreach(library saltus saltus-datasets)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${library}.pc.in" ${library}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${library}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
