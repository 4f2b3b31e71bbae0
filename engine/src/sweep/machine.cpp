#include <dnnl.hpp>

#include <fmt/format.h>
#include <sys/utsname.h>

#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/version.h>

#include "backend/cpu/loops.h"
#include "backend/select.h"
#include "core/cores.h"
#include "core/file.h"

namespace saltus {
namespace {

/// The name that Linux gives the processor; empty if it gives none.
std::string cpu_model() {
  constexpr std::int64_t kMaxBytes = 1 << 26;
  constexpr std::string_view kKey = "\nmodel name\t: ";
  try {
    const std::string text = read_file("/proc/cpuinfo", kMaxBytes);
    const std::size_t key = text.find(kKey);
    if (key == std::string::npos) return {};
    const std::size_t begin = key + kKey.size();
    return text.substr(begin, text.find('\n', begin) - begin);
  } catch (const DataError&) {
    return {};
  }
}

/// Those that decide which code runs.
std::string cpu_features() {
  std::string features;
#if defined(__x86_64__)
  const auto add = [&](bool present, const char* name) {
    if (present) features += fmt::format("{}{}", features.empty() ? "" : " ", name);
  };
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("fma"), "fma");
  add(__builtin_cpu_supports("avx512f"), "avx512f");
  add(__builtin_cpu_supports("avx512bw"), "avx512bw");
  add(__builtin_cpu_supports("avx512bf16"), "avx512bf16");
  add(dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_amx, "amx");
#endif
  return features;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

std::string cuda_state() {
  try {
    return backend::describe_cuda();
  } catch (const DeviceError& error) {
    return error.what();
  }
}

}  // namespace

std::string version() {
  return SALTUS_VERSION;
}

MachineInfo machine_info() {
  MachineInfo info;
  info.version = version();
  info.compiler = compiler();
  utsname system{};
  if (uname(&system) == 0) {
    info.system = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  }
  info.cpu = cpu_model();
  info.cpu_features = cpu_features();
  info.cores = usable_cores();
  info.loops = cpu::loops().name;
  const dnnl_version_t* onednn = dnnl_version();
  info.onednn = fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch);
  info.cuda = cuda_state();
  return info;
}

}  // namespace saltus
