#pragma once

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace saltus::bench {

/// A shared library that need not be there.
class Library {
 public:
  /// Throws std::runtime_error where it cannot be loaded.
  explicit Library(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
  }

  template <class F>
  F* function(const char* name) const {
    void* address = dlsym(handle_, name);
    if (address == nullptr) throw std::runtime_error(dlerror());
    return reinterpret_cast<F*>(address);
  }

 private:
  void* handle_;  // stays loaded: the library has threads and device memory of its own
};

}  // namespace saltus::bench

/// A function of a library, with the type that its header gives it.
#define SALTUS_OF(library, name) ((library).function<decltype(name)>(#name))
