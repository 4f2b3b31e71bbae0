#pragma once

#include <saltus/export.h>

#include <optional>
#include <string>
#include <variant>

namespace saltus {

/// Gradient clipping, in Keras's words; at most one may be set.
struct Clipping {
  std::optional<double> clipvalue =
      {};                               ///< each element of the gradient to [-clipvalue, clipvalue]
  std::optional<double> clipnorm = {};  ///< each weight tensor's gradient to at most this L2 norm
  std::optional<double> global_clipnorm = {};  ///< all gradients together to at most this L2 norm
};

/// Adam (Kingma and Ba, 2014) with Keras's "epsilon hat": lr_t = learning_rate sqrt(1 - beta_2^t) /
/// (1 - beta_1^t), weight -= lr_t m / (sqrt(v) + epsilon). An m below 1e-30 becomes zero, and with
/// it such a v.
struct Adam {
  double learning_rate = 1e-3;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  Clipping clipping = {};
};

/// Stochastic gradient descent: velocity = momentum velocity - learning_rate g; weight += velocity,
/// or with Nesterov weight += momentum velocity - learning_rate g. A velocity below 1e-30 becomes
/// zero.
struct SGD {
  double learning_rate = 1e-2;
  double momentum = 0.0;
  bool nesterov = false;
  Clipping clipping = {};
};

/// Any optimizer.
using Optimizer = std::variant<Adam, SGD>;

/// Throws InvalidArgument where a value is out of range or two kinds of clipping are set.
SALTUS_API void validate(const Optimizer& optimizer);

/// The clipping of either kind, and its learning rate.
SALTUS_API const Clipping& clipping_of(const Optimizer& optimizer);
SALTUS_API double learning_rate_of(const Optimizer& optimizer);
SALTUS_API Optimizer with_learning_rate(Optimizer optimizer, double learning_rate);

/// "adam(learning_rate=0.001, clipvalue=0.5)"
SALTUS_API std::string to_string(const Optimizer& optimizer);

}  // namespace saltus
