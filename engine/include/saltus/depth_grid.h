// How deep a network of each scale of weights can be trained, beside how deep theory lets it be.
#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include <saltus/activation.h>
#include <saltus/optimizer.h>
#include <saltus/samples.h>
#include <saltus/shape.h>

namespace saltus {

/// Chains of dense layers with an activation behind each and a softmax of the classes at the end,
/// one for each depth and each variance of weights (times the fan-in).
struct DepthGridOptions {
  std::vector<int> depths = {2, 4, 8, 16, 32, 64};
  std::vector<double> weight_variances = {0.5, 1, 1.5, 2, 2.5, 3, 4};
  std::int64_t width = 64;
  int epochs = 3;
  std::int64_t batch_size = 32;
  Optimizer optimizer = SGD{.learning_rate = 0.01, .momentum = 0.9};
  std::uint64_t seed = 0;
  int threads = 0;  ///< networks that train at the same time; results do not depend on it
  /// Called by one thread at a time after each training. What it throws ends the grid and is passed
  /// on.
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};
};

struct DepthGrid {
  Activation activation;
  std::vector<int> depths;
  std::vector<double> weight_variances;
  /// Of the test samples, [weight_variances][depths]; NaN where training met a number that was not
  /// finite.
  std::vector<double> accuracy;
  std::vector<double> expected_depth;  ///< Propagation::depth, of each variance

  double at(std::size_t variance, std::size_t depth) const {
    return accuracy[variance * depths.size() + depth];
  }
};

/// Trains the grid. Inputs are standardised, by the mean and the deviation of all of `train`.
/// Throws InvalidArgument where there is no depth or variance, one is not legal, or samples have no
/// integers as targets.
SALTUS_API DepthGrid train_depth_grid(const Activation& activation, const Samples& train,
                                      const Samples& test, const Shape& input, std::int64_t classes,
                                      const DepthGridOptions& options = {});

/// How deep each variance's networks were trained: the depth, between those of the grid by its
/// logarithm, at which the accuracy falls below the middle between chance and the best of the grid;
/// the least depth where none is above, the largest where all are.
SALTUS_API std::vector<double> trained_depths(const DepthGrid& grid, std::int64_t classes);

/// Spearman's rank correlation of theory's depths, cut to those of the grids, with trained depths,
/// over all variances of all grids; NaN where either are all alike.
SALTUS_API double depth_correlation(std::span<const DepthGrid> grids, std::int64_t classes);

/// depth_grid.csv: activation,weight_variance,depth,accuracy,expected_depth.
SALTUS_API void write_depth_grid_csv(const std::filesystem::path& file,
                                     std::span<const DepthGrid> grids);

/// depth_grid.svg and .png: a map of the accuracies for each activation, with theory's depth over
/// it. Throws Error if gnuplot is missing or fails.
SALTUS_API void draw_depth_grid(const std::filesystem::path& folder,
                                std::span<const DepthGrid> grids);

}  // namespace saltus
