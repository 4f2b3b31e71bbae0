#pragma once

#include <saltus/export.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace saltus {

/// What training makes small: Loss::mean_squared_error, or a function of your own. Each is a mean
/// over the outputs of a sample (for the cross-entropies over classes: a sum), then over the
/// samples. A small value type.
class SALTUS_API Loss {
 public:
  enum class Kind {
    categorical_crossentropy,
    sparse_categorical_crossentropy,
    categorical_crossentropy_from_logits,
    binary_crossentropy,
    binary_crossentropy_from_logits,
    mean_squared_error,
    custom,
  };

  /// -sum_j t_j log p_j. Fused with a Softmax layer at the end of the network; on other outputs p
  /// is divided by its sum and clipped to [1e-7, 1 - 1e-7], as Keras does.
  static const Loss categorical_crossentropy;

  /// The same, for targets that are class numbers.
  static const Loss sparse_categorical_crossentropy;

  /// The same on logits: the network ends without a Softmax.
  static const Loss categorical_crossentropy_from_logits;

  /// Keras 2.2's binary cross-entropy on probabilities, behind a Softmax too: p clipped to [1e-7, 1
  /// - 1e-7], z = log(p / (1 - p)), mean_j max(z, 0) - z t + log(1 + exp(-|z|)). The gradient is
  /// zero where p is clipped.
  static const Loss binary_crossentropy;

  /// The last formula on logits z.
  static const Loss binary_crossentropy_from_logits;

  /// mean_j (y_j - t_j)^2
  static const Loss mean_squared_error;

  /// The loss of one sample with outputs y and targets t (class numbers as one-hot rows), both of
  /// the size of the network's output. Writes the derivative of the loss by each y to `gradient`,
  /// which is of that size, too.
  using Function = std::function<double(std::span<const float> y, std::span<const float> t,
                                        std::span<float> gradient)>;

  /// A loss of your own, on the CPU. The function is called sample after sample, by one thread of a
  /// model at a time; what it throws ends the training and reaches the caller. Throws
  /// InvalidArgument where there is no function, or the name is empty or taken.
  static Loss custom(std::string name, Function function);

  constexpr Loss(Kind kind) : kind_(kind) {}  // NOLINT: a Kind is a Loss

  [[nodiscard]] Kind kind() const { return kind_; }

  /// "mean_squared_error", or the name that it was given.
  [[nodiscard]] std::string_view name() const;

  /// Of a custom loss.
  [[nodiscard]] const Function& function() const { return custom_->function; }

  /// Custom losses are equal where they are copies of one.
  friend bool operator==(const Loss&, const Loss&) = default;

 private:
  struct Custom {
    std::string name;
    Function function;
  };

  Kind kind_;
  std::shared_ptr<const Custom> custom_;
};

/// What is counted beside the loss: Metric::binary_accuracy, or a function of your own. A small
/// value type.
class SALTUS_API Metric {
 public:
  enum class Kind { binary_accuracy, categorical_accuracy, mean_absolute_error, custom };

  /// Share of outputs on the right side of 0.5, over samples and classes: with ten classes, chance
  /// is 0.9.
  static const Metric binary_accuracy;

  /// Share of samples whose largest output is the target class (the first of equals).
  static const Metric categorical_accuracy;

  /// mean |y - t|
  static const Metric mean_absolute_error;

  /// The metric of one sample; see Loss::Function.
  using Function = std::function<double(std::span<const float> y, std::span<const float> t)>;

  /// The mean of a function over the samples, on the CPU; see Loss::custom().
  static Metric custom(std::string name, Function function);

  constexpr Metric(Kind kind) : kind_(kind) {}  // NOLINT: a Kind is a Metric

  [[nodiscard]] Kind kind() const { return kind_; }

  /// "binary_accuracy", or the name that it was given, under which logs hold it.
  [[nodiscard]] std::string_view name() const;

  /// Of a custom metric.
  [[nodiscard]] const Function& function() const { return custom_->function; }

  /// Custom metrics are equal where they are copies of one.
  friend bool operator==(const Metric&, const Metric&) = default;

 private:
  struct Custom {
    std::string name;
    Function function;
  };

  Kind kind_;
  std::shared_ptr<const Custom> custom_;
};

/// name()
SALTUS_API std::string_view to_string(const Loss& loss);
SALTUS_API std::string_view to_string(const Metric& metric);

/// The loss or metric of that name. Throws InvalidArgument with the known names.
SALTUS_API Loss parse_loss(std::string_view name);
SALTUS_API Metric parse_metric(std::string_view name);

}  // namespace saltus
