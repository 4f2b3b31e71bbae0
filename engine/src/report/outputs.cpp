#include "report/outputs.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/nearest.h>

#include "core/boundary.h"
#include "report/figure.h"

namespace saltus {
namespace {

void check_figures(const std::vector<std::string>& figures) {
  const std::vector<std::string> names = sweep_figures();
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& figure : figures) {
    if (std::ranges::count(names, figure) > 0) continue;
    std::string advice = suggestion(figure, known);
    if (advice.empty()) advice = fmt::format(": there are {}", fmt::join(names, ", "));
    throw InvalidArgument(fmt::format("there is no picture '{}'{}", figure, advice));
  }
}

/// Keeps the settings of these activations, of all if there are none.
void choose_activations(const std::vector<Activation>& activations, SweepResult& result) {
  const auto is_of = [](const Activation& activation) {
    return [&](const SettingResult& setting) { return setting.setting.activation == activation; };
  };
  std::vector<std::string> known;
  for (const SettingResult& setting : result.settings) {
    const std::string label = setting.setting.activation.label();
    if (std::ranges::count(known, label) == 0) known.push_back(label);
  }
  for (const Activation& activation : activations) {
    if (std::ranges::any_of(result.settings, is_of(activation))) continue;
    throw InvalidArgument(fmt::format("{} is not in the sweep, which has {}", activation.label(),
                                      fmt::join(known, ", ")));
  }
  if (activations.empty()) return;
  std::erase_if(result.settings, [&](const SettingResult& setting) {
    return std::ranges::count(activations, setting.setting.activation) == 0;
  });
}

/// Or nothing is left without the first.
void require_two_epochs(const SweepResult& result) {
  const auto has_two = [](const SettingResult& setting) { return setting.setting.epochs > 1; };
  if (std::ranges::any_of(result.settings, has_two)) return;
  throw InvalidArgument("without the first epoch nothing is left: the sweep has one epoch");
}

}  // namespace

std::vector<std::string> derived_files() {
  std::vector<std::string> files;
  for (const SweepTable& table : kTables) files.emplace_back(table.file);
  for (const SweepPicture& picture : kPictures) {
    for (std::string& file : figure_files(picture.name)) files.push_back(std::move(file));
  }
  files.emplace_back(kReportFile);
  return files;
}

std::vector<std::string> sweep_files() try {
  std::vector<std::string> files = {std::string(kSweepFile), std::string(kHistoryFile)};
  for (std::string& file : derived_files()) files.push_back(std::move(file));
  return files;
} catch (...) {
  throw_as_promised();
}

std::vector<std::string> sweep_figures() try {
  std::vector<std::string> names;
  for (const SweepPicture& picture : kPictures) names.emplace_back(picture.name);
  return names;
} catch (...) {
  throw_as_promised();
}

std::vector<std::string> draw_sweep(const std::filesystem::path& folder, const SweepPlan& plan,
                                    const SweepResult& result, const DrawOptions& options) try {
  check_figures(options.figures);
  SweepResult chosen = result;
  choose_activations(options.activations, chosen);
  const Drawing drawing = {.folder = folder,
                           .plan = plan,
                           .result = chosen,
                           .first_epoch = options.drop_first_epoch ? std::size_t{1} : 0,
                           .formats = {.svg_and_png = options.svg_and_png, .pdf = options.pdf}};
  if (options.drop_first_epoch) require_two_epochs(chosen);
  std::vector<std::string> files;
  for (const SweepPicture& picture : kPictures) {
    if (!options.figures.empty() && std::ranges::count(options.figures, picture.name) == 0)
      continue;
    const std::vector<std::string> drawn = picture.draw(picture.name, drawing);
    files.insert(files.end(), drawn.begin(), drawn.end());
  }
  if (files.empty()) {
    throw InvalidArgument(
        "there is nothing to draw: of a regression the errors are in the picture loss, and no "
        "activation that was chosen has learned parameters, or no layer was diagnosed");
  }
  return files;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
