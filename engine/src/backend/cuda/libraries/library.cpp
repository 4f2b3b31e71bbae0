#include "backend/cuda/libraries/library.h"

#include <stdexcept>

#include <dlfcn.h>

namespace saltus::cuda {

Library::Library(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) throw std::runtime_error(dlerror());
}

void* Library::address(const char* name) const {
  void* const address = dlsym(handle_, name);
  if (address == nullptr) throw std::runtime_error(dlerror());
  return address;
}

}  // namespace saltus::cuda
