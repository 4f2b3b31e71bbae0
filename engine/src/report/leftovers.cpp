#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

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
  remove_files(folder, is_leftover);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
