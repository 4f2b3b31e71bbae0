#pragma once

#if defined(__has_builtin)
#if __has_builtin(__builtin_source_location)
#include <source_location>
#define SALTUS_HAS_SOURCE_LOCATION 1
#endif
#endif

namespace saltus::emulation {

/// A place in the source. Where a kernel stands: every operation that can wait or fail takes one.
#if defined(SALTUS_HAS_SOURCE_LOCATION)
using Site = std::source_location;
#else
// clang 14 reads our sources for clang-tidy and lacks std::source_location.
class Site {
 public:
  static constexpr Site current(const char* file = __builtin_FILE(),
                                unsigned line = __builtin_LINE()) {
    Site site;
    site.file_ = file;
    site.line_ = line;
    return site;
  }
  [[nodiscard]] constexpr const char* file_name() const { return file_; }
  [[nodiscard]] constexpr unsigned line() const { return line_; }
  [[nodiscard]] constexpr unsigned column() const { return 0; }

 private:
  const char* file_ = "";
  unsigned line_ = 0;
};
#endif

}  // namespace saltus::emulation
