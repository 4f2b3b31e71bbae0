// What every function of the API does around its work: errors that stay, the last error.
#pragma once

#include <string>

#include <emulation/api/types.h>

namespace saltus::emulation {

/// Before a call's work: the error that keeps it from starting, if any.
cudaError_t begin_call(const char* name);

/// After it: what cudaGetLastError will say.
cudaError_t end_call(cudaError_t error);

/// A kernel went wrong: every later call gives this error.
void set_sticky_error(cudaError_t error, const std::string& message);
cudaError_t sticky_error();

/// What keeps every call from doing anything: no driver, no device.
cudaError_t platform_error();

/// A function of the API with its name and its work, which returns an error.
template <class Function>
cudaError_t api_call(const char* name, Function work) {
  const cudaError_t refused = begin_call(name);
  return end_call(refused == cudaSuccess ? work() : refused);
}

/// The same for one that gives something back: it does so whatever it returns. CUDA says that it
/// may return an earlier call's error; whoever gets it can do nothing about it.
template <class Function>
cudaError_t release_call(const char* name, Function work) {
  const cudaError_t refused = begin_call(name);
  const cudaError_t result = work();
  return end_call(refused == cudaSuccess ? result : refused);
}

}  // namespace saltus::emulation
