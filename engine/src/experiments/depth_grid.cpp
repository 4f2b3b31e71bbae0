#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <mutex>
#include <numeric>
#include <type_traits>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include <saltus/depth_grid.h>
#include <saltus/error.h>
#include <saltus/model.h>
#include <saltus/theory.h>

#include "core/boundary.h"
#include "core/ranks.h"
#include "core/workers.h"

namespace saltus {
namespace {

constexpr int kMostDepth = 1000;

void validate(const DepthGridOptions& options) {
  if (options.depths.empty() || options.weight_variances.empty())
    throw InvalidArgument("a grid of depths needs at least one depth and one variance of weights");
  for (std::size_t i = 0; i < options.depths.size(); ++i) {
    const int depth = options.depths[i];
    if (depth < 1 || depth > kMostDepth || (i > 0 && depth <= options.depths[i - 1])) {
      throw InvalidArgument(
          fmt::format("depths are 1 to {} and grow; {} does not belong there", kMostDepth, depth));
    }
  }
  for (const double variance : options.weight_variances) {
    if (!(variance > 0) || !std::isfinite(variance)) {
      throw InvalidArgument(
          fmt::format("the variance of weights is {}, and must be positive", variance));
    }
  }
}

/// All inputs as numbers.
std::vector<float> floats_of(const Samples& samples) {
  return std::visit(
      [](const auto& inputs) {
        std::vector<float> values(inputs.begin(), inputs.end());
        if constexpr (std::is_same_v<std::decay_t<decltype(inputs)>, std::span<const std::uint8_t>>)
          for (float& value : values) value /= 255;
        return values;
      },
      samples.inputs);
}

struct Standard {
  double mean = 0;
  double sd = 1;

  explicit Standard(const std::vector<float>& values) {
    const auto count = static_cast<double>(values.size());
    mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0;
    for (const float value : values) squares += (double{value} - mean) * (double{value} - mean);
    if (squares > 0) sd = std::sqrt(squares / count);
  }
  void apply(std::vector<float>& values) const {
    for (float& value : values) value = static_cast<float>((double{value} - mean) / sd);
  }
};

Graph chain_of(const Activation& activation, const Shape& input, std::int64_t classes, int depth,
               double weight_variance, std::int64_t width) {
  Graph graph(input);
  graph.add(layers::Flatten{});
  for (int i = 0; i < depth; ++i) {
    graph.add(layers::Dense{
        .units = width,
        .activation = activation,
        .kernel_initializer = initializers::VarianceScaling{.scale = weight_variance}});
  }
  graph.add(layers::Dense{.units = classes});
  graph.add(layers::Softmax{});
  return graph;
}

/// Pearson's; NaN where either are all alike.
double correlation_of(const std::vector<double>& a, const std::vector<double>& b) {
  const auto count = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / count;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / count;
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

DepthGrid train_depth_grid(const Activation& activation, const Samples& train, const Samples& test,
                           const Shape& input, std::int64_t classes,
                           const DepthGridOptions& options) try {
  validate(options);
  std::vector<float> train_inputs = floats_of(train);
  std::vector<float> test_inputs = floats_of(test);
  const Standard standard(train_inputs);
  standard.apply(train_inputs);
  standard.apply(test_inputs);
  Samples train_samples = train;
  Samples test_samples = test;
  train_samples.inputs = std::span<const float>(train_inputs);
  test_samples.inputs = std::span<const float>(test_inputs);

  DepthGrid grid;
  grid.activation = activation;
  grid.depths = options.depths;
  grid.weight_variances = options.weight_variances;
  for (const double variance : options.weight_variances)
    grid.expected_depth.push_back(propagate_signals(activation, variance).depth);
  grid.accuracy.resize(options.depths.size() * options.weight_variances.size());

  const auto cells = static_cast<int>(grid.accuracy.size());
  std::mutex telling;
  std::int64_t done = 0;
  Workers(options.threads).run(cells, [&](int cell, int /*worker*/) {
    const std::size_t place = static_cast<std::size_t>(cell);
    Model model =
        chain_of(activation, input, classes, options.depths[place % options.depths.size()],
                 options.weight_variances[place / options.depths.size()], options.width);
    model.compile({.optimizer = options.optimizer,
                   .metrics = {metrics::CategoricalAccuracy{}},
                   .device = Device::cpu,
                   .threads = 1,
                   .seed = options.seed,
                   .terminate_on_nan = true});
    model.fit(train_samples, {.epochs = options.epochs, .batch_size = options.batch_size});
    grid.accuracy[place] = model.divergence()
                               ? std::numeric_limits<double>::quiet_NaN()
                               : model.evaluate(test_samples, 256).at("categorical_accuracy");
    const std::scoped_lock lock(telling);
    ++done;
    if (options.progress) options.progress(done, cells);
  });
  return grid;
} catch (...) {
  throw_as_promised();
}

std::vector<double> trained_depths(const DepthGrid& grid, std::int64_t classes) {
  const double chance = 1 / static_cast<double>(classes);
  double best = chance;
  for (const double accuracy : grid.accuracy)
    if (accuracy > best) best = accuracy;
  const double middle = 0.5 * (chance + best);
  std::vector<double> trained;
  for (std::size_t variance = 0; variance < grid.weight_variances.size(); ++variance) {
    // What diverged counts as chance.
    const auto at = [&](std::size_t i) {
      const double accuracy = grid.at(variance, i);
      return std::isnan(accuracy) ? chance : accuracy;
    };
    std::size_t next = 0;
    while (next < grid.depths.size() && at(next) >= middle) ++next;
    if (next == 0 || next == grid.depths.size()) {
      trained.push_back(next == 0 ? grid.depths.front() : grid.depths.back());
      continue;
    }
    const double share = (at(next - 1) - middle) / (at(next - 1) - at(next));
    const double low = std::log(grid.depths[next - 1]);
    trained.push_back(std::exp(low + share * (std::log(grid.depths[next]) - low)));
  }
  return trained;
}

double depth_correlation(std::span<const DepthGrid> grids, std::int64_t classes) {
  std::vector<double> expected;
  std::vector<double> seen;
  for (const DepthGrid& grid : grids) {
    for (const double depth : grid.expected_depth) {
      expected.push_back(std::clamp(depth, static_cast<double>(grid.depths.front()),
                                    static_cast<double>(grid.depths.back())));
    }
    const std::vector<double> trained = trained_depths(grid, classes);
    seen.insert(seen.end(), trained.begin(), trained.end());
  }
  return correlation_of(mean_ranks(expected), mean_ranks(seen));
}

}  // namespace saltus
