#include "core/cores.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sched.h>

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

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::vector<std::string> words_in(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istream_iterator<std::string>(stream), {}};
}

/// Whether "cpu" is one of the words between commas.
bool names_cpu(std::string_view list) {
  std::istringstream stream{std::string(list)};
  for (std::string word; std::getline(stream, word, ',');) {
    if (word == "cpu") return true;
  }
  return false;
}

/// The share of a core that `quota` microseconds in a period of `period` are; none for words that
/// are no number ("max") and for -1.
std::optional<double> share(const std::string& quota, const std::string& period) {
  const auto number = [](const std::string& text) {
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
  std::vector<std::string> words;
  if (hierarchy.version_2) {
    words = words_in(group / "cpu.max");
  } else {
    words = words_in(group / "cpu.cfs_quota_us");
    for (std::string& word : words_in(group / "cpu.cfs_period_us"))
      words.push_back(std::move(word));
  }
  return words.size() == 2 ? share(words[0], words[1]) : std::nullopt;
}

/// Lines of /proc/self/mountinfo: number, parent, device, top, mount, options, any number of tags,
/// "-", type, source, options of the hierarchy.
std::vector<Hierarchy> hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  std::ifstream mounts(root / "proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const std::vector<std::string> words = words_of(line);
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 6 || words.end() - dash < 4) continue;
    const bool version_2 = dash[1] == "cgroup2";
    if (version_2 || (dash[1] == "cgroup" && names_cpu(dash[3]))) {
      found.push_back({version_2, root / fs::path(words[4]).relative_path(), words[3]});
    }
  }
  return found;
}

/// The process's group in a hierarchy, by /proc/self/cgroup: lines of "number:controllers:group".
std::string group_in(const Hierarchy& hierarchy, const fs::path& root) {
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
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
    const fs::path below = fs::path(group_in(hierarchy, root)).lexically_relative(hierarchy.top);
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
