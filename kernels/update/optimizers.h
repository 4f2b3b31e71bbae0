// The list of optimizers. Everything else is made from it: parsing and printing, validation, the
// identity of trials, models' files, the CPU's loops, the CUDA kernels. CONTRIBUTING.md shows how
// to add one.
#pragma once

#include <array>
#include <string_view>
#include <variant>

#include <saltus/kernels/update/formulas.h>
#include <saltus/kernels/update/optimizer_entry.h>

namespace saltus {

/// Adam (Kingma and Ba, 2014) with Keras's "epsilon hat": lr_t = learning_rate sqrt(1 - beta_2^t) /
/// (1 - beta_1^t), weight -= lr_t m / (sqrt(v) + epsilon). An m below 1e-30 becomes zero, and with
/// it such a v.
struct Adam {
  double learning_rate = 1e-3;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  Clipping clipping = {};

  static constexpr std::string_view kName = "adam";
  static constexpr std::array<std::string_view, 2> kMoments = {"moment_1", "moment_2"};
  static constexpr auto parameters() {
    return std::tuple(kernels::number("learning_rate", &Adam::learning_rate, kernels::kNotNegative),
                      kernels::number("beta_1", &Adam::beta_1, kernels::kShare),
                      kernels::number("beta_2", &Adam::beta_2, kernels::kShare),
                      kernels::number("epsilon", &Adam::epsilon, kernels::kPositive));
  }
  SALTUS_HD constexpr std::size_t moments() const { return 2; }

  using Step = kernels::AdamStep;
  SALTUS_HD Step step(std::uint32_t number) const {
    return kernels::adam_step(kernels::adam_rate(learning_rate, beta_1, beta_2, number), beta_1,
                              beta_2, epsilon);
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& moment_1,
                                float& moment_2) {
    kernels::adam_element(step, gradient, weight, moment_1, moment_2);
  }
};

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as Keras has it: first weight -=
/// learning_rate weight_decay weight, of every trained weight, biases too; then Adam's step.
struct AdamW {
  double learning_rate = 1e-3;
  double weight_decay = 4e-3;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  Clipping clipping = {};

  static constexpr std::string_view kName = "adamw";
  static constexpr std::array<std::string_view, 2> kMoments = {"moment_1", "moment_2"};
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("learning_rate", &AdamW::learning_rate, kernels::kNotNegative),
        kernels::number("weight_decay", &AdamW::weight_decay, kernels::kNotNegative),
        kernels::number("beta_1", &AdamW::beta_1, kernels::kShare),
        kernels::number("beta_2", &AdamW::beta_2, kernels::kShare),
        kernels::number("epsilon", &AdamW::epsilon, kernels::kPositive));
  }
  SALTUS_HD constexpr std::size_t moments() const { return 2; }

  struct Step {
    kernels::AdamStep adam;
    float decay;
  };
  SALTUS_HD Step step(std::uint32_t number) const {
    return {kernels::adam_step(kernels::adam_rate(learning_rate, beta_1, beta_2, number), beta_1,
                               beta_2, epsilon),
            static_cast<float>(learning_rate * weight_decay)};
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& moment_1,
                                float& moment_2) {
    weight -= step.decay * weight;
    kernels::adam_element(step.adam, gradient, weight, moment_1, moment_2);
  }
};

/// Stochastic gradient descent: velocity = momentum velocity - learning_rate g; weight += velocity,
/// or with Nesterov weight += momentum velocity - learning_rate g. A velocity below 1e-30 becomes
/// zero. Without momentum there is no velocity.
struct SGD {
  double learning_rate = 1e-2;
  double momentum = 0.0;
  bool nesterov = false;
  Clipping clipping = {};

  static constexpr std::string_view kName = "sgd";
  static constexpr std::array<std::string_view, 1> kMoments = {"moment_1"};
  static constexpr auto parameters() {
    return std::tuple(kernels::number("learning_rate", &SGD::learning_rate, kernels::kNotNegative),
                      kernels::number("momentum", &SGD::momentum, kernels::kShare),
                      kernels::flag("nesterov", &SGD::nesterov));
  }
  [[nodiscard]] constexpr std::string_view conflict() const {
    return nesterov && momentum == 0 ? "nesterov needs a momentum above 0" : "";
  }
  SALTUS_HD constexpr std::size_t moments() const { return momentum != 0 ? 1 : 0; }

  struct Step {
    float rate, momentum;
    std::uint32_t nesterov;  // no bool: a Step goes through memory whole, so nothing may be padding
  };
  SALTUS_HD Step step(std::uint32_t /*number*/) const {
    return {static_cast<float>(learning_rate), static_cast<float>(momentum), nesterov};
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight) {
    weight -= step.rate * gradient;
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& velocity) {
    const float change = step.rate * gradient;
    const float speed = kernels::kept(step.momentum * velocity - change);
    velocity = speed;
    weight += step.nesterov ? step.momentum * speed - change : speed;
  }
};

/// Divides by the root of a fading mean of squares (Hinton, 2012): velocity = rho velocity +
/// (1 - rho) g^2, increment = learning_rate g / sqrt(velocity + epsilon); weight -= increment, or
/// with momentum weight -= m for m = momentum m + increment. Centered, it subtracts the square of
/// the mean gradient from the velocity first. What is remembered below 1e-30 becomes zero.
struct RMSprop {
  double learning_rate = 1e-3;
  double rho = 0.9;
  double momentum = 0.0;
  double epsilon = 1e-7;
  bool centered = false;
  Clipping clipping = {};

  static constexpr std::string_view kName = "rmsprop";
  static constexpr std::array<std::string_view, 3> kMoments = {"moment_1", "moment_2", "moment_3"};
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("learning_rate", &RMSprop::learning_rate, kernels::kNotNegative),
        kernels::number("rho", &RMSprop::rho, kernels::kShare),
        kernels::number("momentum", &RMSprop::momentum, kernels::kShare),
        kernels::number("epsilon", &RMSprop::epsilon, kernels::kPositive),
        kernels::flag("centered", &RMSprop::centered));
  }
  /// The velocity, the mean gradient where centered, and the momentum where there is one.
  SALTUS_HD constexpr std::size_t moments() const {
    return std::size_t{1} + (centered ? 1 : 0) + (momentum != 0 ? 1 : 0);
  }

  struct Step {
    float rate, rate_of_means, momentum, epsilon;
    std::uint32_t centered;  // as SGD's
  };
  SALTUS_HD Step step(std::uint32_t /*number*/) const {
    return {static_cast<float>(learning_rate), static_cast<float>(1 - rho),
            static_cast<float>(momentum), static_cast<float>(epsilon), centered};
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& velocity) {
    move(step, velocity, gradient * gradient);
    weight -= increment(step, gradient, velocity);
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& velocity,
                                float& other) {
    move(step, velocity, gradient * gradient);
    if (step.centered) {
      move(step, other, gradient);
      weight -= increment(step, gradient, variance(velocity, other));
    } else {
      other = kernels::kept(step.momentum * other + increment(step, gradient, velocity));
      weight -= other;
    }
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& velocity,
                                float& mean, float& speed) {
    move(step, velocity, gradient * gradient);
    move(step, mean, gradient);
    const float change = increment(step, gradient, variance(velocity, mean));
    speed = kernels::kept(step.momentum * speed + change);
    weight -= speed;
  }

 private:
  SALTUS_HD static void move(const Step& step, float& mean, float value) {
    mean = kernels::kept(mean + (value - mean) * step.rate_of_means);
  }
  /// Not negative, though roundings may make it so.
  SALTUS_HD static float variance(float velocity, float mean) {
    const float difference = velocity - mean * mean;
    return difference < 0 ? 0.0f : difference;
  }
  SALTUS_HD static float increment(const Step& step, float gradient, float squares) {
    return step.rate * gradient / kernels::math::sqrt(squares + step.epsilon);
  }
};

/// Adam with Nesterov's momentum (Dozat, 2015), as Keras has it: with u_t = beta_1 (1 - 0.96^t / 2)
/// and U_t = u_1 ... u_t, weight -= learning_rate sqrt(1 - beta_2^t) (u_{t+1} m / (1 - U_{t+1}) +
/// (1 - u_t) g / (1 - U_t)) / (sqrt(v) + epsilon sqrt(1 - beta_2^t)). Moments as Adam's.
struct Nadam {
  double learning_rate = 1e-3;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  Clipping clipping = {};

  static constexpr std::string_view kName = "nadam";
  static constexpr std::array<std::string_view, 2> kMoments = {"moment_1", "moment_2"};
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("learning_rate", &Nadam::learning_rate, kernels::kNotNegative),
        kernels::number("beta_1", &Nadam::beta_1, kernels::kShare),
        kernels::number("beta_2", &Nadam::beta_2, kernels::kShare),
        kernels::number("epsilon", &Nadam::epsilon, kernels::kPositive));
  }
  SALTUS_HD constexpr std::size_t moments() const { return 2; }

  struct Step {
    kernels::AdamStep adam;
    float gradient_rate;
  };
  SALTUS_HD Step step(std::uint32_t number) const {
    const double momentum = kernels::nadam_momentum(beta_1, number);
    const double next = kernels::nadam_momentum(beta_1, number + 1);
    const double all = kernels::nadam_momenta(beta_1, number);
    const double root = kernels::math::sqrt(1 - kernels::power(beta_2, number));
    const double rate = learning_rate * root;
    return {kernels::adam_step(rate * next / (1 - all * next), beta_1, beta_2, epsilon * root),
            static_cast<float>(rate * (1 - momentum) / (1 - all))};
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& moment_1,
                                float& moment_2) {
    kernels::adam_moments(step.adam, gradient, moment_1, moment_2);
    weight -= (step.adam.rate * moment_1 + step.gradient_rate * gradient) /
              (kernels::math::sqrt(moment_2) + step.adam.epsilon);
  }
};

/// Divides by the root of the sum of all squares (Duchi et al., 2011): accumulator += g^2, weight
/// -= learning_rate g / sqrt(accumulator + epsilon). What is remembered is the accumulator without
/// its initial value, as zero while below 1e-30.
struct Adagrad {
  double learning_rate = 1e-3;
  double initial_accumulator_value = 0.1;
  double epsilon = 1e-7;
  Clipping clipping = {};

  static constexpr std::string_view kName = "adagrad";
  static constexpr std::array<std::string_view, 1> kMoments = {"moment_1"};
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("learning_rate", &Adagrad::learning_rate, kernels::kNotNegative),
        kernels::number("initial_accumulator_value", &Adagrad::initial_accumulator_value,
                        kernels::kNotNegative),
        kernels::number("epsilon", &Adagrad::epsilon, kernels::kPositive));
  }
  SALTUS_HD constexpr std::size_t moments() const { return 1; }

  struct Step {
    float rate, least;
  };
  SALTUS_HD Step step(std::uint32_t /*number*/) const {
    return {static_cast<float>(learning_rate),
            static_cast<float>(initial_accumulator_value + epsilon)};
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& squares) {
    squares = kernels::kept(squares + gradient * gradient);
    weight -= step.rate * gradient / kernels::math::sqrt(squares + step.least);
  }
};

/// Adam with the largest gradient in place of the root (Kingma and Ba, 2014, section 7.1): u =
/// max(beta_2 u, |g|), weight -= learning_rate / (1 - beta_1^t) m / (u + epsilon). What is
/// remembered below 1e-30 becomes zero.
struct Adamax {
  double learning_rate = 1e-3;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  Clipping clipping = {};

  static constexpr std::string_view kName = "adamax";
  static constexpr std::array<std::string_view, 2> kMoments = {"moment_1", "moment_2"};
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("learning_rate", &Adamax::learning_rate, kernels::kNotNegative),
        kernels::number("beta_1", &Adamax::beta_1, kernels::kShare),
        kernels::number("beta_2", &Adamax::beta_2, kernels::kShare),
        kernels::number("epsilon", &Adamax::epsilon, kernels::kPositive));
  }
  SALTUS_HD constexpr std::size_t moments() const { return 2; }

  struct Step {
    float rate, rate_1, beta_2, epsilon;
  };
  SALTUS_HD Step step(std::uint32_t number) const {
    return {static_cast<float>(learning_rate / (1 - kernels::power(beta_1, number))),
            static_cast<float>(1 - beta_1), static_cast<float>(beta_2),
            static_cast<float>(epsilon)};
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& moment,
                                float& largest) {
    moment = kernels::kept(moment + (gradient - moment) * step.rate_1);
    const float faded = step.beta_2 * largest;
    const float size = kernels::math::abs(gradient);
    largest = kernels::kept(faded > size ? faded : size);
    weight -= step.rate * moment / (largest + step.epsilon);
  }
};

/// Steps of one size, by the sign alone (Chen et al., 2023): weight -= learning_rate sign(beta_1 m
/// + (1 - beta_1) g), then m = beta_2 m + (1 - beta_2) g. An m below 1e-30 becomes zero.
struct Lion {
  double learning_rate = 1e-3;
  double beta_1 = 0.9;
  double beta_2 = 0.99;
  Clipping clipping = {};

  static constexpr std::string_view kName = "lion";
  static constexpr std::array<std::string_view, 1> kMoments = {"moment_1"};
  static constexpr auto parameters() {
    return std::tuple(kernels::number("learning_rate", &Lion::learning_rate, kernels::kNotNegative),
                      kernels::number("beta_1", &Lion::beta_1, kernels::kShare),
                      kernels::number("beta_2", &Lion::beta_2, kernels::kShare));
  }
  SALTUS_HD constexpr std::size_t moments() const { return 1; }

  struct Step {
    float rate, rate_1, rate_2;
  };
  SALTUS_HD Step step(std::uint32_t /*number*/) const {
    return {static_cast<float>(learning_rate), static_cast<float>(1 - beta_1),
            static_cast<float>(1 - beta_2)};
  }
  SALTUS_HD static void element(const Step& step, float gradient, float& weight, float& moment) {
    const float direction = moment + (gradient - moment) * step.rate_1;
    // NaN stays NaN.
    const float sign = direction > 0 ? 1.0f : direction < 0 ? -1.0f : direction;
    weight -= step.rate * sign;
    moment = kernels::kept(moment + (gradient - moment) * step.rate_2);
  }
};

namespace kernels {

/// A list of entries, as a type.
template <OptimizerEntry... O>
using OptimizerList = std::variant<O...>;

}  // namespace kernels

/// Any optimizer: the whole list. A place in it never leaves memory.
using Optimizer = kernels::OptimizerList<Adam, AdamW, SGD, RMSprop, Nadam, Adagrad, Adamax, Lion>;

}  // namespace saltus
