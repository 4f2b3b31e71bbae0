#include "tests/emulation/execution/registry.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

#include <cxxabi.h>

#include "tests/emulation/control.h"
#include "tests/emulation/device/launch.h"

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

std::string demangled(const char* name) {
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(name, nullptr, nullptr, nullptr), &std::free);
  return readable == nullptr ? name : readable.get();
}

/// The function of "Registration<&(FUNCTION)>", or of "Registration<&NAME>" and "void (*)(TYPES)".
std::string function_in(const char* instance, const char* type) {
  std::string name = demangled(instance);
  name = name.substr(name.find("<&") + 2);
  name.pop_back();
  if (name.front() == '(') return name.substr(1, name.size() - 2);
  const std::string types = demangled(type);
  return name + types.substr(types.find(")(") + 1);
}

}  // namespace

KernelRecord* find_kernel(const void* kernel) {
  const auto found = records().find(kernel);
  return found == records().end() ? nullptr : &found->second;
}

bool add_kernel(const void* kernel, const char* signature, const char* instance, const char* type) {
  records()[kernel].name = name_in(signature);
  records()[kernel].function = function_in(instance, type);
  return true;
}

std::vector<Kernel> kernels() {
  std::vector<Kernel> all;
  for (const auto& [kernel, record] : records()) all.push_back({record.name, record.launches});
  return all;
}

}  // namespace saltus::emulation
