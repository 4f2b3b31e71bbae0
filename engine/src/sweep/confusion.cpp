#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <saltus/confusion.h>
#include <saltus/error.h>

#include "core/boundary.h"

namespace saltus {

double Confusion::images(std::size_t label) const {
  double sum = 0;
  for (std::size_t predicted = 0; predicted < classes; ++predicted) sum += at(label, predicted);
  return sum;
}

double Confusion::accuracy(std::size_t label) const {
  const double all = images(label);
  return all > 0 ? at(label, label) / all : std::numeric_limits<double>::quiet_NaN();
}

Confusion confusion_of(std::span<const std::int32_t> labels,
                       std::span<const std::int32_t> predicted, std::size_t classes) try {
  if (labels.size() != predicted.size()) {
    throw InvalidArgument(fmt::format("there are {} labels, but {} images were put into classes",
                                      labels.size(), predicted.size()));
  }
  Confusion confusion{.classes = classes, .counts = std::vector<double>(classes * classes)};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (const std::int32_t one : {labels[i], predicted[i]}) {
      if (one >= 0 && std::cmp_less(one, classes)) continue;
      throw InvalidArgument(
          fmt::format("{} is none of {} classes, which count from 0", one, classes));
    }
    const auto row = static_cast<std::size_t>(labels[i]);
    confusion.counts[row * classes + static_cast<std::size_t>(predicted[i])] += 1;
  }
  return confusion;
} catch (...) {
  throw_as_promised();
}

Confusion mean_of(std::span<const Confusion> all) try {
  Confusion mean;
  double known = 0;
  for (const Confusion& one : all) {
    if (one.empty()) continue;
    if (mean.empty())
      mean = {.classes = one.classes, .counts = std::vector<double>(one.counts.size())};
    if (one.classes != mean.classes) {
      throw InvalidArgument(
          fmt::format("confusion matrices have {} and {} classes", mean.classes, one.classes));
    }
    for (std::size_t i = 0; i < one.counts.size(); ++i) mean.counts[i] += one.counts[i];
    known += 1;
  }
  for (double& count : mean.counts) count /= known;
  return mean;
} catch (...) {
  throw_as_promised();
}

std::vector<Mistake> largest_mistakes(const Confusion& confusion, std::size_t most) {
  std::vector<Mistake> mistakes;
  for (std::size_t label = 0; label < confusion.classes; ++label) {
    const double images = confusion.images(label);
    for (std::size_t predicted = 0; predicted < confusion.classes; ++predicted) {
      const double count = confusion.at(label, predicted);
      if (label == predicted || count == 0) continue;
      mistakes.push_back(
          {.label = label, .predicted = predicted, .count = count, .images = images});
    }
  }
  std::ranges::stable_sort(mistakes, std::greater(), &Mistake::count);
  if (mistakes.size() > most) mistakes.resize(most);
  return mistakes;
}

std::string text_of(const Mistake& mistake) {
  const auto number = [](double value) {
    const double tenths = std::round(10 * value) / 10;  // a mean may be off by rounding
    return fmt::format("{:.{}f}", tenths, tenths == std::round(tenths) ? 0 : 1);
  };
  return fmt::format("{} as {}, {} of {}", mistake.label, mistake.predicted, number(mistake.count),
                     number(mistake.images));
}

}  // namespace saltus
