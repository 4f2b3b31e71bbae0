// What happens to signals in deep networks, seen in one that has just been initialized: the other
// side of theory.h.
#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include <saltus/activation.h>
#include <saltus/initializer.h>

namespace saltus {

/// A chain of dense layers, all as wide as the input, each with the activation behind it.
struct DepthOptions {
  int layers = 30;                              ///< 1 to 1000
  std::int64_t width = 256;                     ///< 2 to 4096
  std::optional<Initializer> initializer = {};  ///< none: the activation's own
  std::uint64_t seed = 0;                       ///< of weights, inputs and classes
  int threads = 0;                              ///< as CompileOptions::threads
};

/// A layer's outputs, behind the activation, over 256 samples; and the derivatives of a loss by the
/// inputs of the activation, root mean square over 16 samples. Not finite where numbers overflow.
struct LayerSignals {
  double mean = 0;
  double sd = 0;
  double gradient = 0;
  /// Share of the outputs above 0. Where it is 1, the weights of any unit behind have gradients of
  /// one sign for each sample, so that they can only grow or shrink together.
  double positive = 0;
};

struct DepthSignals {
  Activation activation;
  Initializer initializer;
  std::vector<LayerSignals> layers;
  /// What theory (theory.h) says of them in a network of infinite width, where the gradient of the
  /// last layer is 1.
  std::vector<LayerSignals> expected;

  /// What is left of the gradient, or what it has become, on its way to the first layer.
  double gradient_ratio() const { return layers.front().gradient / layers.back().gradient; }
};

/// Feeds standard normal numbers and random classes of ten into such a chain with a softmax behind
/// it, forward and once back. Throws InvalidArgument for options that are not legal.
SALTUS_API DepthSignals probe_depth(const Activation& activation, const DepthOptions& options = {});

/// depth.csv: activation,initializer,layer,mean,sd,gradient,positive, then the four that are
/// expected; gradients as parts of the last layer's; layers from 1.
SALTUS_API void write_depth_csv(const std::filesystem::path& file,
                                std::span<const DepthSignals> signals);

/// depth.svg and depth.png, by layer: the outputs' standard deviation; their mean as a part of
/// their root mean square, 0 where they are centred; the gradients as parts of the last layer's;
/// with thin lines where theory expects them. Throws Error if gnuplot is missing or fails.
SALTUS_API void draw_depth(const std::filesystem::path& folder,
                           std::span<const DepthSignals> signals);

}  // namespace saltus
