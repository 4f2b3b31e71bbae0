#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "report/figure.h"
#include "report/outputs.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

/// All files that the functions of <saltus/report.h> write.
std::vector<std::string> known_files() {
  std::vector<std::string> files = sweep_files();
  for (const char* file : {"curves.csv", "report.html", "report.md", "report.tex", "accuracy.pdf",
                           "loss.pdf", "parameters.pdf"})
    files.emplace_back(file);
  for (std::string& file : figure_files("curves")) files.push_back(std::move(file));
  return files;
}

}  // namespace

bool is_leftover(const fs::directory_entry& entry) {
  static const std::vector<std::string> known = known_files();
  const std::string name = entry.path().filename().string();
  const std::string_view target = target_of_pending(name);
  std::error_code error;
  return (std::ranges::find(known, target) != known.end() || target.ends_with(kTrialEnding)) &&
         entry.symlink_status(error).type() == fs::file_type::regular;
}

void remove_leftovers(const fs::path& folder) try {
  remove_files(folder, is_leftover);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
