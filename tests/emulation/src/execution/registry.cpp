#include "execution/registry.h"

#include <map>
#include <string_view>

#include <emulation/control.h>
#include <emulation/device/launch.h>

namespace saltus::emulation {
namespace {

std::map<const void*, KernelRecord>& records() {
  static std::map<const void*, KernelRecord> all;
  return all;
}

/// NAME of "... [with auto kernel = NAME]" (g++) or "... [kernel = &NAME]" (clang).
std::string name_in(std::string_view signature) {
  const std::size_t start = signature.find("kernel = ") + 9;
  std::string_view name = signature.substr(start, signature.size() - start - 1);
  if (name.front() == '&') name.remove_prefix(1);
  return std::string(name);
}

}  // namespace

KernelRecord* find_kernel(const void* kernel) {
  const auto found = records().find(kernel);
  return found == records().end() ? nullptr : &found->second;
}

bool add_kernel(const void* kernel, const char* signature) {
  records()[kernel].name = name_in(signature);
  return true;
}

std::vector<Kernel> kernels() {
  std::vector<Kernel> all;
  for (const auto& [kernel, record] : records()) all.push_back({record.name, record.launches});
  return all;
}

}  // namespace saltus::emulation
