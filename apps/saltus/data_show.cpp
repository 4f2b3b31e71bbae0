#include "data_show.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/progress.h>

#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

/// Most rows and columns of an image that are drawn in letters.
constexpr std::int64_t kMostPixels = 64;

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

void add_set(TextTable& table, std::string_view name, const ImageSet& set) {
  const std::size_t count = image_size(set) * static_cast<std::size_t>(set.count);
  double low = value_at(set, 0);
  double high = low;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = value_at(set, i);
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i)
    squares += (value_at(set, i) - mean) * (value_at(set, i) - mean);
  table.add_row({std::string(name), grouped(set.count),
                 fmt::format("{} x {} x {}", set.height, set.width, set.channels),
                 holds_bytes(set) ? "bytes / 255" : "as they are",
                 fmt::format("{:.4g} to {:.4g}", low, high), fmt::format("{:.4f}", mean),
                 fmt::format("{:.4f}", std::sqrt(squares / static_cast<double>(count)))});
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

std::string one_hot(std::int32_t label, int classes) {
  std::string text;
  for (int i = 0; i < classes; ++i) text += i == label ? " 1" : " 0";
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
  TextTable sets;
  sets.add_column("");
  for (const char* title : {"images", "shape", "values", "range", "mean", "sd"})
    sets.add_column(title, Align::right);
  add_set(sets, "train", train);
  add_set(sets, "test", data.test);
  std::string text =
      fmt::format("{}\n\n{}\n{}", data.title.empty() ? data.name : data.title,
                  sets.str(static_cast<std::size_t>(output_columns())), classes_table(data));
  const std::int32_t label = train.labels[number];
  const std::string class_text = class_name(data, static_cast<std::size_t>(label));
  text += fmt::format("\ntraining image {}, class {}", image, class_text);
  if (data.classes <= kMostPixels) text += fmt::format(", one-hot{}", one_hot(label, data.classes));
  text += "\n";
  const bool is_picture = train.height > 1 && train.height <= kMostPixels;
  if (is_picture && train.width <= kMostPixels) text += drawn(train, number);
  return text;
}

}  // namespace saltus::app
