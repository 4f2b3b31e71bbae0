# saltus_dnnl: oneDNN. Debian's dnnl-config.cmake asks for OpenCL, which the CPU engine does not use; the library alone
# is enough. Installed, too: who links Saltus statically needs it.
if(NOT TARGET saltus_dnnl)
  find_path(DNNL_INCLUDE_DIR dnnl.hpp REQUIRED)
  find_library(DNNL_LIBRARY dnnl REQUIRED)
  mark_as_advanced(DNNL_INCLUDE_DIR DNNL_LIBRARY)
  add_library(saltus_dnnl INTERFACE IMPORTED GLOBAL)
  target_include_directories(saltus_dnnl INTERFACE "${DNNL_INCLUDE_DIR}")
  target_link_libraries(saltus_dnnl INTERFACE "${DNNL_LIBRARY}")
endif()
