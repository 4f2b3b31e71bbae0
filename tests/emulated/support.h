// What the emulation's own tests share.
#pragma once

#include <string>

#include <emulation/control.h>

#include <saltus/kernels/device/launch.h>

#include "tests/kernels/device/device_array.h"

namespace saltus::test {

/// Launches a kernel, on whatever grid, and waits for it. Returns what its fault said, "" where it
/// had none, and leaves the device whole.
template <auto kernel, class... A>
std::string fault_of(dim3 grid, dim3 block, std::size_t shared_bytes, const A&... arguments) {
  emulation::reset_errors();
  try {
    emulation::register_kernel<kernel>();
    kernels::detail::launch(kernel, grid, block, shared_bytes, stream(), arguments...);
    SALTUS_CHECK(cudaStreamSynchronize(stream()));
  } catch (const kernels::CudaError& error) {
    const std::string fault = emulation::last_fault();
    emulation::reset_errors();
    return fault.empty() ? error.what() : fault;
  }
  return {};
}

/// "file.cpp:12"
inline std::string line(const char* file, int number) {
  const std::string path = file;
  return path.substr(path.rfind('/') + 1) + ":" + std::to_string(number);
}

/// The orders in which a test should run.
inline const emulation::Order kOrders[] = {{emulation::Order::Kind::forward, 0},
                                           {emulation::Order::Kind::reverse, 0},
                                           {emulation::Order::Kind::shuffle, 1},
                                           {emulation::Order::Kind::shuffle, 2}};

/// Forward again at the end.
class WithOrder {
 public:
  explicit WithOrder(emulation::Order order) { emulation::set_order(order); }
  ~WithOrder() { emulation::set_order({}); }
  WithOrder(const WithOrder&) = delete;
  WithOrder& operator=(const WithOrder&) = delete;
};

}  // namespace saltus::test
