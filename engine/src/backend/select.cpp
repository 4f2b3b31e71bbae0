#include "backend/select.h"

#include <string>

#include <saltus/error.h>

#include "core/names.h"

#if defined(SALTUS_CUDA_BACKEND)
#include "backend/cuda/cuda.h"
#endif

namespace saltus {
namespace {

constexpr Named<Device> kNames[] = {
    {Device::automatic, "auto"}, {Device::cpu, "cpu"}, {Device::cuda, "cuda"}};

#if !defined(SALTUS_CUDA_BACKEND)
constexpr const char* kNoCuda = "this build of saltus has no CUDA backend; use device cpu or auto";
#endif

}  // namespace

std::string_view to_string(Device device) {
  return name_in(kNames, device);
}

Device parse_device(std::string_view name) {
  return parse_in(kNames, "device", name);
}

Device usable_device(Device device) {
  return &backend::select(device) == &backend::cpu() ? Device::cpu : Device::cuda;
}

const backend::Backend& backend::select(Device device) {
  if (device == Device::cpu) return cpu();
#if defined(SALTUS_CUDA_BACKEND)
  const std::string obstacle = cuda_obstacle();
  if (obstacle.empty()) return cuda();
#else
  const std::string obstacle = kNoCuda;
#endif
  if (device == Device::cuda) throw DeviceError(obstacle);
  return cpu();
}

std::string backend::describe_cuda() {
#if defined(SALTUS_CUDA_BACKEND)
  return cuda_description();
#else
  throw DeviceError(kNoCuda);
#endif
}

}  // namespace saltus
