#include "data_show.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/progress.h>

#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

/// Most rows and columns of an image that are drawn in letters, and most classes of a one-hot row.
constexpr std::int64_t kMostPixels = 64;

/// Of numbers that are asked for one by one.
struct Spread {
  double low, high, mean, sd;
};

template <class Value>
Spread spread_of(std::size_t count, Value value) {
  Spread spread{value(0), value(0), 0, 0};
  const auto n = static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    spread.low = std::min(spread.low, value(i));
    spread.high = std::max(spread.high, value(i));
    spread.mean += value(i);
  }
  spread.mean /= n;
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i)
    squares += (value(i) - spread.mean) * (value(i) - spread.mean);
  spread.sd = std::sqrt(squares / n);
  return spread;
}

std::string range_text(const Spread& spread) {
  return fmt::format("{:.4g} to {:.4g}", spread.low, spread.high);
}

bool holds_bytes(const ImageSet& set) {
  return std::holds_alternative<std::vector<std::uint8_t>>(set.pixels);
}

/// A value as a network sees it.
double value_at(const ImageSet& set, std::size_t i) {
  if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&set.pixels))
    return (*bytes)[i] / 255.0;
  return double{std::get<std::vector<float>>(set.pixels)[i]};
}

std::size_t image_size(const ImageSet& set) {
  return static_cast<std::size_t>(set.height * set.width * set.channels);
}

std::string sets_table(const ImageDataset& data) {
  TextTable table;
  table.add_column("");
  for (const char* title : {"images", "shape", "values", "range", "mean", "sd"})
    table.add_column(title, Align::right);
  const auto add = [&](std::string_view name, const ImageSet& set) {
    const Spread spread = spread_of(image_size(set) * static_cast<std::size_t>(set.count),
                                    [&](std::size_t i) { return value_at(set, i); });
    table.add_row({std::string(name), grouped(set.count),
                   fmt::format("{} x {} x {}", set.height, set.width, set.channels),
                   holds_bytes(set) ? "bytes / 255" : "as they are", range_text(spread),
                   fmt::format("{:.4f}", spread.mean), fmt::format("{:.4f}", spread.sd)});
  };
  add("train", data.train);
  add("test", data.test);
  return table.str(static_cast<std::size_t>(output_columns()));
}

std::string class_name(const ImageDataset& data, std::size_t number) {
  return data.class_names.empty() ? fmt::format("{}", number) : data.class_names[number];
}

std::string classes_table(const ImageDataset& data) {
  const auto counts = [&](const ImageSet& set) {
    std::vector<std::int64_t> result(static_cast<std::size_t>(data.classes), 0);
    for (const std::int32_t label : set.labels) ++result[static_cast<std::size_t>(label)];
    return result;
  };
  const std::vector<std::int64_t> train = counts(data.train);
  const std::vector<std::int64_t> test = counts(data.test);
  TextTable table;
  table.add_column("class");
  table.add_column("train", Align::right);
  table.add_column("test", Align::right);
  for (std::size_t i = 0; i < train.size(); ++i)
    table.add_row({class_name(data, i), grouped(train[i]), grouped(test[i])});
  return table.str(static_cast<std::size_t>(output_columns()));
}

/// The targets of the training samples, of labels and of a regression.
std::string targets_table(const ImageDataset& data) {
  TextTable table;
  table.add_column("target");
  for (const char* title : {"range", "mean", "sd"}) table.add_column(title, Align::right);
  const std::size_t targets = data.target_names.size();
  for (std::size_t column = 0; column < targets; ++column) {
    const Spread spread = spread_of(data.train.targets.size() / targets, [&](std::size_t i) {
      return double{data.train.targets[i * targets + column]};
    });
    table.add_row({data.target_names[column], range_text(spread),
                   fmt::format("{:.4g}", spread.mean), fmt::format("{:.4g}", spread.sd)});
  }
  return table.str(static_cast<std::size_t>(output_columns()));
}

/// What the network is to say of a training sample.
std::string target_text(const ImageDataset& data, std::size_t number) {
  if (data.classes == 0) {
    const std::size_t targets = data.target_names.size();
    return fmt::format(
        "target {:g}",
        fmt::join(std::span(data.train.targets).subspan(number * targets, targets), " "));
  }
  const std::int32_t label = data.train.labels[number];
  std::string text = "class " + class_name(data, static_cast<std::size_t>(label));
  if (data.task == Task::binary) return text + fmt::format(", target {}", label);
  if (data.classes > kMostPixels) return text;
  text += ", one-hot";
  for (int i = 0; i < data.classes; ++i) text += i == label ? " 1" : " 0";
  return text;
}

/// Its rows in letters, dark where the mean of its channels is large.
std::string drawn(const ImageSet& set, std::size_t number) {
  constexpr std::string_view kShades = " .:-=+*#%@";
  const std::size_t size = image_size(set);
  const auto channels = static_cast<std::size_t>(set.channels);
  std::vector<double> grey;
  grey.reserve(size / channels);
  for (std::size_t i = number * size; i < (number + 1) * size; i += channels) {
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) sum += value_at(set, i + c);
    grey.push_back(sum);
  }
  const auto [low, high] = std::ranges::minmax(grey);
  std::string text;
  for (std::int64_t row = 0; row < set.height; ++row) {
    std::string line = "  ";
    for (std::int64_t column = 0; column < set.width; ++column) {
      const double value = grey[static_cast<std::size_t>(row * set.width + column)];
      const double share = high > low ? (value - low) / (high - low) : 0;
      line += kShades[static_cast<std::size_t>(
          std::lround(share * static_cast<double>(kShades.size() - 1)))];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string text_of_data(const ImageDataset& data, std::int64_t image) {
  const ImageSet& train = data.train;
  if (image < 0 || image >= train.count) {
    throw InvalidArgument(fmt::format("there is no training image {}: --image takes 0 to {}", image,
                                      train.count - 1));
  }
  const auto number = static_cast<std::size_t>(image);
  std::string text =
      fmt::format("{}, {}\n\n{}\n{}\ntraining image {}, {}\n",
                  data.title.empty() ? data.name : data.title, to_string(data.task),
                  sets_table(data), data.classes > 0 ? classes_table(data) : targets_table(data),
                  image, target_text(data, number));
  const bool is_picture = train.height > 1 && train.height <= kMostPixels;
  if (is_picture && train.width <= kMostPixels) text += drawn(train, number);
  return text;
}

}  // namespace saltus::app
