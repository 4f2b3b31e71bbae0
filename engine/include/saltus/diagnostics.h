#pragma once

#include <saltus/export.h>

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/history.h>

/// What the layers of a network do: which units are dead or saturated, where values lie, how long
/// activations and gradients are. docs/diagnostics.md defines every figure.
namespace saltus {

/// What a layer does with a sample of inputs: f(z) = a, with dropout off and moving statistics in
/// batch normalization. A layer is a convolution or dense layer (another with weights, too) with
/// the activation behind it, behind a normalization where there is one between them; or an
/// activation behind neither, as behind the addition of a residual block. z is what the activation
/// reads; without one, what the layer gives. A unit is a unit of a dense layer, or a channel at all
/// of its positions (the last axis). C is the mean loss. NaN where a layer has no such figure: no
/// activation, no weights.
struct LayerDiagnostics {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::string layer;  ///< "conv2d": the name in the graph

  /// Of the units: those whose f'(z) is 0 for the whole sample, which no gradient passes.
  double dead = kNone;
  /// Of the units: those that are not dead, but |f'(z)| is at most a twentieth of the activation's
  /// largest on at least 99 % of the sample. That largest is the one for z of -5 to 5.
  double saturated = kNone;

  double z_mean = kNone;
  double z_sd = kNone;        ///< of all z: the root of their mean squared distance from z_mean
  double z_positive = kNone;  ///< the share of z > 0
  double a_mean = kNone;
  double a_sd = kNone;
  double a_positive = kNone;
  double a_norm = kNone;   ///< root mean square, over samples, of the length of a sample's a
  double dz_norm = kNone;  ///< likewise of the gradient of a sample's own loss by z

  double weight_norm = kNone;  ///< length of kernel and bias together
  double dw_norm = kNone;      ///< length of dC by kernel and bias
  /// Length of what an epoch changed in kernel and bias over weight_norm. Not known to a model.
  double update_ratio = kNone;
  /// Of the elements of dC by kernel and bias: those that clipvalue cuts. With a clipnorm the share
  /// of kernel and bias that it scales; with a global_clipnorm 1 where it scales, else 0.
  double clipped = kNone;

  /// Of what the network's last layer reads, the activations of the last hidden layer: exp of the
  /// entropy of its singular values over their sum, a row a sample (Roy and Vetterli, "The
  /// effective rank", 2007). That layer alone has it. At least 1, at most samples and units.
  double effective_rank = kNone;
};

/// A figure of LayerDiagnostics.
struct LayerFigure {
  std::string_view name;  ///< as the member
  double LayerDiagnostics::*value;
};

/// All of them, in the order of LayerDiagnostics.
SALTUS_API std::span<const LayerFigure> layer_figures();

/// The diagnostics in the history of a trial of a sweep: of each epoch, those of its layers in the
/// order of the network. Empty where it has none. A history has them as "2:conv2d_1:dead": the
/// layer's number, its name, the figure.
SALTUS_API std::vector<std::vector<LayerDiagnostics>> layer_diagnostics(const History& history);

/// Whether a figure of a history is one of these.
SALTUS_API bool is_layer_figure(std::string_view name);

}  // namespace saltus
