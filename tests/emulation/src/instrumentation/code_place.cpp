#include <cstdio>
#include <cstring>
#include <vector>

#include <emulation/code_place.h>
#include <emulation/hooks.h>
#include <link.h>
#include <unistd.h>

namespace saltus::emulation {
namespace {

int note_base(dl_phdr_info* object, std::size_t, void* base) {
  *static_cast<std::uintptr_t*>(base) = object->dlpi_addr;
  return 1;  // the program itself comes first
}

std::uintptr_t find_base() {
  std::uintptr_t base = 0;
  dl_iterate_phdr(&note_base, &base);
  return base;
}

const std::uintptr_t program_base = find_base();

/// A code is an offset into the program, or this bit and the number of a site.
constexpr std::uint32_t kSite = 0x8000'0000;
std::vector<Site> sites;

}  // namespace

std::uint32_t code_of(const void* return_address) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(return_address) -
                                    program_base - 1);
}

std::uint32_t code_of(Site site) {
  std::uint32_t number = 0;
  while (number < sites.size() &&
         !(sites[number].file_name() == site.file_name() && sites[number].line() == site.line()))
    ++number;
  if (number == sites.size()) sites.push_back(site);
  return kSite | number;
}

std::array<char, 96> place_of_code(std::uint32_t code) {
  std::array<char, 96> text{};
  if ((code & kSite) != 0) {
    const Site site = sites[code & ~kSite];
    std::snprintf(text.data(), text.size(), "%.80s:%u", file_of(site), site.line());
    return text;
  }
  std::snprintf(text.data(), text.size(), "program+0x%x", code);
  std::array<char, 512> program{};
  if (readlink("/proc/self/exe", program.data(), program.size() - 1) < 0) return text;
  std::array<char, 600> command{};
  std::snprintf(command.data(), command.size(), "addr2line -i -e '%s' 0x%x 2>/dev/null",
                program.data(), code);
  FILE* const pipe = popen(command.data(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 512> line{};  // "/some/where/file.cu:12 (discriminator 3)"
  bool answered = false;
  do {  // from the innermost inlined function outwards, past the emulation's own
    answered = std::fgets(line.data(), line.size(), pipe) != nullptr;
  } while (answered && std::strstr(line.data(), "/emulation/device/") != nullptr);
  pclose(pipe);
  if (!answered || line[0] == '?') return text;
  line[std::strcspn(line.data(), " \n")] = '\0';
  const char* slash = std::strrchr(line.data(), '/');
  std::snprintf(text.data(), text.size(), "%.90s", slash == nullptr ? line.data() : slash + 1);
  return text;
}

}  // namespace saltus::emulation
