#include "report/outputs.h"

#include "core/boundary.h"
#include "report/figure.h"

namespace saltus {

std::vector<std::string> derived_files() {
  std::vector<std::string> files;
  for (const SweepTable& table : kTables) files.emplace_back(table.file);
  for (const SweepPicture& picture : kPictures) {
    for (std::string& file : figure_files(picture.name)) files.push_back(std::move(file));
  }
  return files;
}

std::vector<std::string> sweep_files() try {
  std::vector<std::string> files = {std::string(kSweepFile), std::string(kHistoryFile)};
  for (std::string& file : derived_files()) files.push_back(std::move(file));
  return files;
} catch (...) {
  throw_as_promised();
}

void draw_sweep(const std::filesystem::path& folder, const SweepPlan& plan,
                const SweepResult& result) try {
  for (const SweepPicture& picture : kPictures) picture.draw(folder, picture.name, plan, result);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
