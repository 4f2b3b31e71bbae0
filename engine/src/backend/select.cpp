#include "backend/select.h"

#include <saltus/error.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Device> kNames[] = {
    {Device::automatic, "auto"}, {Device::cpu, "cpu"}, {Device::cuda, "cuda"}};

}  // namespace

std::string_view to_string(Device device) {
  return name_in(kNames, device);
}

Device parse_device(std::string_view name) {
  return parse_in(kNames, "device", name);
}

const backend::Backend& backend::select(Device device) {
  if (device == Device::cuda) {
    throw DeviceError("this build of saltus has no CUDA backend; use device cpu or auto");
  }
  return cpu();
}

}  // namespace saltus
