#include "api/call.h"

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include <emulation/api/api.h>
#include <emulation/control.h>

namespace saltus::emulation {
namespace {

struct Errors {
  cudaError_t last = cudaSuccess;
  cudaError_t sticky = cudaSuccess;
  std::string fault;
};
Errors errors;

std::map<std::string, std::uint64_t> counts;
std::uint64_t calls_until_failure = 0;  ///< 0: none will
cudaError_t failure = cudaSuccess;

}  // namespace

cudaError_t begin_call(const char* name) {
  ++counts[name];
  if (const cudaError_t missing = platform_error(); missing != cudaSuccess) return missing;
  if (errors.sticky != cudaSuccess) return errors.sticky;
  return calls_until_failure != 0 && --calls_until_failure == 0 ? failure : cudaSuccess;
}

void fail_call(std::uint64_t number, cudaError_t error) {
  calls_until_failure = number;
  failure = error;
}

std::map<std::string, std::uint64_t> calls() {
  return counts;
}

void reset_calls() {
  counts.clear();
  calls_until_failure = 0;
}

cudaError_t end_call(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) errors.last = error;
  return error;
}

void set_sticky_error(cudaError_t error, const std::string& message) {
  std::fprintf(stderr, "emulated CUDA: %s\n", message.c_str());
  errors.sticky = error;
  errors.fault = message;
}

cudaError_t sticky_error() {
  return errors.sticky;
}

std::string last_fault() {
  return errors.fault;
}

void reset_errors() {
  errors = {};
}

}  // namespace saltus::emulation

using saltus::emulation::errors;

cudaError_t cudaGetLastError() {
  return errors.sticky != cudaSuccess ? errors.sticky : std::exchange(errors.last, cudaSuccess);
}

cudaError_t cudaPeekAtLastError() {
  return errors.sticky != cudaSuccess ? errors.sticky : errors.last;
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define SALTUS_EMULATED_ERROR(name, number, text) \
  case name:                                      \
    return #name;
    SALTUS_EMULATED_ERRORS(SALTUS_EMULATED_ERROR)
#undef SALTUS_EMULATED_ERROR
  }
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define SALTUS_EMULATED_ERROR(name, number, text) \
  case name:                                      \
    return text;
    SALTUS_EMULATED_ERRORS(SALTUS_EMULATED_ERROR)
#undef SALTUS_EMULATED_ERROR
  }
  return "unrecognized error code";
}
