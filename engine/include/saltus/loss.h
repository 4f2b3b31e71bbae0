#pragma once

#include <string_view>

namespace saltus {

/// What training makes small. Each is a mean over the outputs of a sample (for the cross-entropies
/// over classes: a sum), then over the samples.
enum class Loss {
  /// -sum_j t_j log p_j. Fused with a Softmax layer at the end of the network; on other outputs p
  /// is divided by its sum and
  /// clipped to [1e-7, 1 - 1e-7], as Keras does.
  categorical_crossentropy,
  /// The same, for targets that are class numbers.
  sparse_categorical_crossentropy,
  /// The same on logits: the network ends without a Softmax.
  categorical_crossentropy_from_logits,
  /// Keras 2.2's binary cross-entropy on probabilities, behind a Softmax too: p clipped to [1e-7, 1
  /// - 1e-7], z = log(p / (1 - p)),
  /// mean_j max(z, 0) - z t + log(1 + exp(-|z|)). The gradient is zero where p is clipped.
  binary_crossentropy,
  /// The last formula on logits z.
  binary_crossentropy_from_logits,
  /// mean_j (y_j - t_j)^2
  mean_squared_error,
};

/// What is counted beside the loss.
enum class Metric {
  /// Share of outputs on the right side of 0.5, over samples and classes: with ten classes, chance
  /// is 0.9.
  binary_accuracy,
  /// Share of samples whose largest output is the target class (the first of equals).
  categorical_accuracy,
  /// mean |y - t|
  mean_absolute_error,
};

/// "categorical_crossentropy" and so on.
std::string_view to_string(Loss loss);
std::string_view to_string(Metric metric);

/// The loss or metric of that name. Throws InvalidArgument with the known names.
Loss parse_loss(std::string_view name);
Metric parse_metric(std::string_view name);

}  // namespace saltus
