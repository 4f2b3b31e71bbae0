#include "backend/cpu/loops.h"

#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::cpu {

namespace baseline {
extern const Loops table;
}
#ifdef SALTUS_X86_LOOPS
namespace avx2 {
extern const Loops table;
}
namespace avx512 {
extern const Loops table;
}
#endif

namespace {

/// The loops named, or the best that this CPU has where the name is empty.
const Loops* find(std::string_view name) {
#ifdef SALTUS_X86_LOOPS
  // For what -march=x86-64-v3 and x86-64-v4 permit; CPUs that have these have the rest of it.
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512cd") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if ((name.empty() || name == "avx512") && has_avx512) return &avx512::table;
  if ((name.empty() || name == "avx2") && has_avx2) return &avx2::table;
#endif
  return name.empty() || name == "baseline" ? &baseline::table : nullptr;
}

const Loops& choose() {
  const char* wanted = std::getenv("SALTUS_CPU");
  if (wanted == nullptr) return *find({});
  if (const Loops* loops = find(wanted); loops != nullptr && *wanted != '\0') return *loops;
  throw InvalidArgument(fmt::format(
      "SALTUS_CPU is \"{}\"; set it to baseline, avx2 or avx512, as far as this CPU goes, or unset "
      "it.",
      wanted));
}

}  // namespace

const Loops& loops() {
  static const Loops& chosen = choose();
  return chosen;
}

const Loops* loops_for(const char* name) {
  return *name == '\0' ? nullptr : find(name);
}

}  // namespace saltus::cpu
