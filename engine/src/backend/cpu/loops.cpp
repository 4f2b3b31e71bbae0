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
  // What -march=x86-64-v4 and -march=x86-64-v3 permit the compiler to use.
  if ((name.empty() || name == "avx512") && __builtin_cpu_supports("x86-64-v4"))
    return &avx512::table;
  if ((name.empty() || name == "avx2") && __builtin_cpu_supports("x86-64-v3")) return &avx2::table;
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
