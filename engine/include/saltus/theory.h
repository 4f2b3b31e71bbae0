// What an activation does to signals in a deep network, computed from the function alone: the
// theory of wide networks (mean field), in which the inputs of a layer's activations are normal.
//
// Weights are drawn with variance weight_variance / fan_in, biases with variance bias_variance. If
// the inputs of one layer's activations have the mean square q (the length), those of the next have
//     weight_variance * V(q) + bias_variance,    V(q) = E f(sqrt(q) z)^2,    z ~ N(0, 1),
// and a small change of them, like a gradient on its way back, has its square multiplied by
//     chi = weight_variance * D(q),              D(q) = E f'(sqrt(q) z)^2.
// A deep network can be trained where chi is 1. Poole et al. (2016), Schoenholz et al. (2017);
// the classes are those of Roberts, Yaida and Hanin, The Principles of Deep Learning Theory (2022).
#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <saltus/activation.h>
#include <saltus/initializer.h>

namespace saltus {

/// Means over z ~ N(0, 1), with x = mean + sqrt(variance) z.
struct GaussianMoments {
  double mean = 0;          ///< E f(x)
  double square = 0;        ///< V = E f(x)^2
  double slope_square = 0;  ///< D = E f'(x)^2
  double mean_rate = 0;     ///< of E f(x) by the variance
  double square_rate = 0;   ///< of V by the variance
};

/// Computed in double, to about ten digits, f as written and f' as it is trained with: by
/// Gauss-Legendre quadrature over ten standard deviations on either side, in panels that end at
/// kinks. A C++ function (Activation::custom) is only known in float32, which leaves six digits.
/// Throws InvalidArgument unless 0 < variance, and both are finite.
SALTUS_API GaussianMoments gaussian_moments(const Activation& activation, double mean,
                                            double variance);

/// Where both the length and chi can be kept through any number of layers.
enum class Criticality : std::uint8_t {
  scale_invariant,  ///< at every length alike, without biases
  half_stable,      ///< at one length above 0, where chi is 1 for lengths, too
  at_zero,          ///< as the length goes to 0, without biases
  line,             ///< at no such place, but chi = 1 can be had for some lengths
  never             ///< nowhere: chi = 1 would take biases of negative variance
};

/// "scale-invariant", "half-stable", "K* = 0", "line only", "never".
SALTUS_API std::string_view to_string(Criticality criticality);

/// A length that is kept, with chi = 1, by these variances.
struct CriticalPoint {
  double length = 0;  ///< K*, the mean square of an activation's inputs
  double weight_variance = 0;
  double bias_variance = 0;
};

/// A variance of the inputs that the outputs have, too (Klambauer et al., 2017: self-normalising
/// where the mean is 0 and both slopes are below 1), for weights of variance 1 / fan_in.
struct FixedVariance {
  double variance = 0;
  double mean = 0;            ///< of the outputs
  double mean_slope = 0;      ///< of the outputs' mean by the inputs' variance
  double variance_slope = 0;  ///< of the outputs' variance by the inputs' variance
};

/// What becomes of signals with the initializer that the list gives an activation, in layers that
/// are all as wide, without biases.
struct Propagation {
  double weight_variance = 0;
  /// Where the mean square of the activation's inputs goes from 1: 0 and infinity are ends, too.
  double length = 0;
  double chi = 0;  ///< there, of two inputs that are almost the same
  /// Where the correlation of two inputs goes: 1, or less where chi is above 1 at a finite length.
  double correlation = 1;
  /// About how many layers can be trained: six times the number of layers in which gradients
  /// change, or correlations get closer to that place, by a factor of e, whichever is smaller.
  /// Infinite where neither does.
  double depth = 0;
};

/// The same for other weights: `weight_variance` is their variance times the fan-in. Throws
/// InvalidArgument where it is negative or not finite.
SALTUS_API Propagation propagate_signals(const Activation& activation, double weight_variance);

/// Most likely that so many dense layers of so many units are born dead: weights of symmetric
/// distributions, without biases, make a layer in which no unit passes a gradient on. That is
/// 1 - (1 - 2^-width)^layers where the activation is flat on one side, at most to 0, as any one
/// sample is on that side of a unit with probability 1/2 (Lu et al., arXiv 1903.06733),
/// 0 where it is flat nowhere, and unknown where it is flat on both sides or beyond 0. Of one
/// sample it is the exact probability, if f is flat up to 0. Throws InvalidArgument unless both are
/// at least 1.
SALTUS_API std::optional<double> born_dead_bound(const Activation& activation, int layers,
                                                 std::int64_t width);

/// That number of an initializer, in a dense layer with as many units as inputs.
SALTUS_API double weight_variance_of(const Initializer& initializer, std::int64_t width);

/// All of it for one activation.
struct SignalMap {
  Activation activation;
  GaussianMoments standard;  ///< at mean 0 and variance 1
  double gain = 0;           ///< 1 / sqrt(V(1)): keeps a length of 1
  /// Var f(z) / E f'(z)^2, at most 1 for any f whose derivative is f' (Gauss and Poincare).
  double poincare = 0;
  Criticality criticality = Criticality::never;
  /// The place that its class names; of a line its shortest length, if that is not as short as the
  /// function lets one look. None if there is none.
  std::optional<CriticalPoint> critical;
  /// The critical line by growing length: where chi is 1 and the biases' variance is not negative.
  std::vector<CriticalPoint> line;
  std::optional<FixedVariance> fixed;  ///< the stable one that is nearest to 1
  Propagation initialized;
};

/// Computes it, for lengths from 1e-4 to 316; 10 to 20 ms. What is infinite or NaN there is left
/// out. Of an activation whose slope stands in for a derivative (binary_step) the slope is taken.
SALTUS_API SignalMap map_signals(const Activation& activation);

/// map.csv: a row for each activation, with what SignalMap has but for the line; empty where there
/// is none. Throws DataError if it cannot be written.
SALTUS_API void write_map_csv(const std::filesystem::path& file, std::span<const SignalMap> maps);

/// critical_lines.csv: activation,length,weight_variance,bias_variance.
SALTUS_API void write_critical_lines_csv(const std::filesystem::path& file,
                                         std::span<const SignalMap> maps);

/// map.svg and map.png: for each activation the variances that make chi 1, its critical point, and
/// its initializer. Throws Error if gnuplot is missing or fails.
SALTUS_API void draw_map(const std::filesystem::path& folder, std::span<const SignalMap> maps);

}  // namespace saltus
