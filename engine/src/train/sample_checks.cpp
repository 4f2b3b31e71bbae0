#include "train/sample_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::train {
namespace {

template <typename Spans>
std::int64_t size_of(const Spans& spans) {
  return std::visit([](auto span) { return static_cast<std::int64_t>(span.size()); }, spans);
}

bool is_binary(const Loss& loss) {
  return loss.as<losses::BinaryCrossentropy>() != nullptr;
}

/// The class of a sample: its number, or the largest of its target values, the first of equals; of
/// one output, the number that its value is rounded to.
int class_of(const Samples& samples, std::size_t sample, std::size_t outputs) {
  return std::visit(
      [&](auto targets) {
        if constexpr (std::is_same_v<decltype(targets), std::span<const float>>) {
          const auto row = targets.subspan(sample * outputs, outputs);
          if (outputs == 1) return static_cast<int>(std::lround(row[0]));
          return static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
        } else {
          return static_cast<int>(targets[sample]);
        }
      },
      samples.targets);
}

template <typename Integer>
void check_classes(std::span<const Integer> classes, const plan::Plan& plan, const Loss& loss,
                   std::string_view what) {
  const std::int64_t outputs = element_count(plan.output);
  if (outputs == 1 && !is_binary(loss)) return;  // a value, not a class
  if (outputs != plan.output.back()) {
    throw InvalidArgument(
        fmt::format("the targets of the {} are class numbers, but the network's output of shape {} "
                    "has more than one axis of classes; put a Flatten before its last Dense",
                    what, to_string(plan.output)));
  }
  const std::int64_t limit = outputs == 1 ? 2 : outputs;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto number = static_cast<std::int64_t>(classes[i]);
    if (number < 0 || number >= limit) {
      throw InvalidArgument(fmt::format(
          "target {} of the {} is class {}, but the network tells classes 0 to {} apart", i, what,
          number, limit - 1));
    }
  }
}

/// Samples `first` to `first + count`; `spans` holds `total` of them.
template <typename... Spans>
std::variant<Spans...> part_of(const std::variant<Spans...>& spans, std::int64_t total,
                               std::int64_t first, std::int64_t count) {
  return std::visit(
      [&](auto span) -> std::variant<Spans...> {
        const std::size_t width = span.size() / static_cast<std::size_t>(total);
        return span.subspan(static_cast<std::size_t>(first) * width,
                            static_cast<std::size_t>(count) * width);
      },
      spans);
}

Samples part_of(const Samples& samples, std::int64_t first, std::int64_t count) {
  return {.count = count,
          .inputs = part_of(samples.inputs, samples.count, first, count),
          .targets = part_of(samples.targets, samples.count, first, count),
          .weights = samples.weights.empty()
                         ? samples.weights
                         : samples.weights.subspan(static_cast<std::size_t>(first),
                                                   static_cast<std::size_t>(count))};
}

}  // namespace

std::int64_t batch_of(const Samples& samples, std::int64_t batch_size) {
  return std::min(samples.count, batch_size);
}

void check_inputs(const Samples& samples, const plan::Plan& plan, std::string_view what) {
  if (samples.count < 1) throw InvalidArgument(fmt::format("there are no {}", what));
  if (samples.count > std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument(
        fmt::format("{} {} are more than 2^32 - 1, which is the most", samples.count, what));
  }
  const std::int64_t width = element_count(plan.input);
  const std::int64_t size = size_of(samples.inputs);
  if (size != samples.count * width) {
    throw InvalidArgument(
        fmt::format("the {} hold {} input values, but {} samples of shape {} take {}", what, size,
                    samples.count, to_string(plan.input), samples.count * width));
  }
}

void check_targets(const Samples& samples, const plan::Plan& plan, const Loss& loss,
                   std::string_view what) {
  const bool values = std::holds_alternative<std::span<const float>>(samples.targets);
  const std::int64_t size = size_of(samples.targets);
  const std::int64_t width = values ? element_count(plan.output) : 1;
  if (size != samples.count * width) {
    throw InvalidArgument(
        fmt::format("the {} hold {} targets, but {} samples take {} ({})", what, size,
                    samples.count, samples.count * width,
                    values ? "one for each output of the network" : "a class number each"));
  }
  if (values && loss.as<losses::SparseCategoricalCrossentropy>() != nullptr) {
    throw InvalidArgument(fmt::format(
        "loss sparse_categorical_crossentropy takes class numbers, but the targets of the {} are "
        "values; use categorical_crossentropy",
        what));
  }
  std::visit(
      [&](auto targets) {
        if constexpr (!std::is_same_v<decltype(targets), std::span<const float>>) {
          check_classes(targets, plan, loss, what);
        }
      },
      samples.targets);
}

void check_weights(const Samples& samples, std::string_view what) {
  if (samples.weights.empty()) return;
  if (std::cmp_not_equal(samples.weights.size(), samples.count)) {
    throw InvalidArgument(fmt::format("the {} hold {} weights, but {} samples take one each", what,
                                      samples.weights.size(), samples.count));
  }
  for (std::size_t i = 0; i < samples.weights.size(); ++i) {
    const float weight = samples.weights[i];
    if (!(weight >= 0) || std::isinf(weight)) {
      throw InvalidArgument(fmt::format(
          "weight {} of the {} is {}, but must be finite and not negative", i, what, weight));
    }
  }
}

std::vector<float> class_weights(const Samples& samples, const std::map<int, double>& by_class,
                                 std::int64_t outputs) {
  for (const auto& [number, weight] : by_class) {
    if (number < 0 || number >= std::max<std::int64_t>(outputs, 2)) {
      throw InvalidArgument(
          fmt::format("class_weight names class {}, but the network tells classes 0 to {} apart",
                      number, std::max<std::int64_t>(outputs, 2) - 1));
    }
    if (!(weight >= 0) || std::isinf(weight)) {
      throw InvalidArgument(fmt::format(
          "class_weight of class {} is {}, but must be finite and not negative", number, weight));
    }
  }
  std::vector<float> weights(samples.weights.begin(), samples.weights.end());
  weights.resize(static_cast<std::size_t>(samples.count), 1);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto found = by_class.find(class_of(samples, i, static_cast<std::size_t>(outputs)));
    if (found != by_class.end()) weights[i] *= static_cast<float>(found->second);
  }
  return weights;
}

std::int64_t trained_on(std::int64_t count, double share) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(count) * (1 - share)));
}

SplitSamples split_off_last(const Samples& samples, double share) {
  if (!(share >= 0 && share < 1)) {
    throw InvalidArgument(
        fmt::format("validation_split is {}, but must be at least 0 and less than 1", share));
  }
  const std::int64_t kept = trained_on(samples.count, share);
  if (kept < 1 || kept == samples.count) {
    throw InvalidArgument(
        fmt::format("validation_split {} of {} samples leaves none to {}; change the share or give "
                    "validation_data",
                    share, samples.count, kept < 1 ? "train on" : "validate with"));
  }
  return {part_of(samples, 0, kept), part_of(samples, kept, samples.count - kept)};
}

}  // namespace saltus::train
