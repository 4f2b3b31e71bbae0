#pragma once

namespace saltus::cuda {

/// A shared library that need not be there.
class Library {
 public:
  /// Throws std::runtime_error, which says why, where it cannot be loaded.
  explicit Library(const char* name);

  /// Throws std::runtime_error where it has no such function.
  template <class F>
  F* function(const char* name) const {
    return reinterpret_cast<F*>(address(name));
  }

 private:
  void* address(const char* name) const;

  void* handle_;  // stays loaded: the library has threads and device memory of its own
};

}  // namespace saltus::cuda

/// A function of a library, with the type that its header gives it.
#define SALTUS_OF(library, name) ((library).function<decltype(name)>(#name))
