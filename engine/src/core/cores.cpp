#include "core/cores.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sched.h>

#include <saltus/error.h>

#include "core/file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

int scheduled_cores() {
  for (std::size_t sets = 1; sets <= 64; sets *= 2) {  // 1024 cores each
    std::vector<cpu_set_t> cores(sets);
    const std::size_t bytes = sets * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, cores.data()) == 0) return CPU_COUNT_S(bytes, cores.data());
    if (errno != EINVAL) break;  // else the system has more cores than that
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

/// The text of a file; none where it cannot be read.
std::string text_of(const fs::path& file) {
  constexpr std::int64_t kMaxBytes = 1 << 24;
  try {
    return read_file(file, kMaxBytes);
  } catch (const DataError&) {
    return {};
  }
}

/// What stands between those characters, nothing left out but what is empty.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// Whether "cpu" is one of the words between commas.
bool names_cpu(std::string_view list) {
  const std::vector<std::string_view> words = split(list, ",");
  return std::find(words.begin(), words.end(), "cpu") != words.end();
}

/// The share of a core that `quota` microseconds in a period of `period` are; none for words that
/// are no number ("max") and for -1.
std::optional<double> share(std::string_view quota, std::string_view period) {
  const auto number = [](std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return static_cast<double>(value);
  };
  if (number(quota) <= 0 || number(period) <= 0) return std::nullopt;
  return number(quota) / number(period);
}

/// A mounted hierarchy of control groups that may limit CPU time.
struct Hierarchy {
  bool version_2;
  fs::path mount;   ///< where it is seen
  std::string top;  ///< which of its groups is seen there
};

std::optional<double> limit_of(const Hierarchy& hierarchy, const fs::path& group) {
  const std::string text = hierarchy.version_2 ? text_of(group / "cpu.max")
                                               : text_of(group / "cpu.cfs_quota_us") + " " +
                                                     text_of(group / "cpu.cfs_period_us");
  const std::vector<std::string_view> words = split(text, " \n");
  return words.size() == 2 ? share(words[0], words[1]) : std::nullopt;
}

/// Lines of /proc/self/mountinfo: number, parent, device, top, mount, options, any number of tags,
/// "-", type, source, options of the hierarchy.
std::vector<Hierarchy> hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  const std::string mounts = text_of(root / "proc/self/mountinfo");
  for (const std::string_view line : split(mounts, "\n")) {
    const std::vector<std::string_view> words = split(line, " ");
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 6 || words.end() - dash < 4) continue;
    const bool version_2 = dash[1] == "cgroup2";
    if (version_2 || (dash[1] == "cgroup" && names_cpu(dash[3]))) {
      found.push_back({version_2, root / fs::path(words[4]).relative_path(), fs::path(words[3])});
    }
  }
  return found;
}

/// The process's group in a hierarchy, by /proc/self/cgroup: lines of "number:controllers:group".
fs::path group_in(const Hierarchy& hierarchy, const fs::path& root) {
  const std::string groups = text_of(root / "proc/self/cgroup");
  for (const std::string_view line : split(groups, "\n")) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (hierarchy.version_2 ? controllers.empty() : names_cpu(controllers)) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

}  // namespace

int quota_cores(const fs::path& root) {
  std::optional<double> least;
  for (const Hierarchy& hierarchy : hierarchies(root)) {
    // A group is held to the limits of all groups above it. One that is not below the top that is
    // seen here (in a container, often) is that top.
    const fs::path below = group_in(hierarchy, root).lexically_relative(hierarchy.top);
    const bool seen = !below.empty() && *below.begin() != "..";
    fs::path group = hierarchy.mount;
    const auto take = [&] {
      const std::optional<double> limit = limit_of(hierarchy, group);
      if (limit) least = std::min(*limit, least.value_or(*limit));
    };
    take();
    for (const fs::path& name : seen ? below : fs::path()) {
      group /= name;
      take();
    }
  }
  return least ? static_cast<int>(std::ceil(std::min(*least, 1e6))) : 0;
}

int usable_cores() {
  const int cores = std::max(scheduled_cores(), 1);
  const int quota = quota_cores();
  return quota > 0 ? std::min(cores, quota) : cores;
}

}  // namespace saltus
