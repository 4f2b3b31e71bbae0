#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

/// Whatever the functions of <saltus/report.h> write.
constexpr std::string_view kFiles[] = {
    "sweep.json", "history.jsonl", "history.csv", "results.json", "accuracy.svg", "accuracy.png",
    "loss.svg",   "loss.png",      "curves.csv",  "curves.svg",   "curves.png"};

}  // namespace

bool is_leftover(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  std::error_code error;
  return std::ranges::find(kFiles, target_of_pending(name)) != std::end(kFiles) &&
         entry.symlink_status(error).type() == fs::file_type::regular;
}

void remove_leftovers(const fs::path& folder) try {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (is_leftover(*entry)) leftovers.push_back(entry->path());
  }
  for (const fs::path& path : leftovers) remove_file(path);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
