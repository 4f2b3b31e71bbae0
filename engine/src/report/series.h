// The settings of a sweep as lines of pictures.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/sweep.h>

#include "report/axis.h"
#include "report/figure.h"

namespace saltus {

/// A line of a picture: a setting, and how it is drawn.
struct Series {
  const SettingResult* result;
  std::string label;
  LineStyle style;
};

/// Mean, lowest and highest over the trials that came as far as an epoch and have a number there.
struct Point {
  double mean = 0;
  Range range;
};

/// Places of a sweep's settings in the order of the ranking, the unranked last.
std::vector<std::size_t> by_rank(const SweepResult& result);

/// These settings, in the same order. Colours go by the order of the sweep, so that an activation
/// keeps its own; its settings differ in dashes, and each line has a marker of its own.
std::vector<Series> make_series(const SweepResult& result, std::span<const std::size_t> settings);

/// A figure of a setting, epoch by epoch, up to the last one that any trial has a number for. A
/// trial that stopped early counts in later ones with what it ended with.
std::vector<Point> points_of(const SettingResult& result, const std::string& metric);

/// So many epochs an axis has room for: all that were asked for, or fewer where early stopping
/// ended every trial before.
int epochs_shown(const SettingResult& result);

/// Characters of UTF-8.
std::size_t characters_in(std::string_view text);

/// A text of at most so many characters, of a longer one the beginning and the end.
std::string shortened(std::string_view text, std::size_t characters);

/// The title of a known data set, otherwise the name of the folder.
std::string title_of(const ImageDataset& data);

/// Those that are looked at after each epoch, and that rank: "test images".
std::string evaluated_images(const SweepPlan& plan);

/// An accuracy of a network that knows nothing, if classes have equally many images: that of
/// classes guesses; the binary accuracy of more classes than two, in which each output counts,
/// always says no. None where there are no classes.
std::optional<double> chance_level(const ImageDataset& data, std::string_view metric);

/// A formula has a name where it is too long.
std::string label_of(const Loss& loss);

}  // namespace saltus
