#pragma once

#include <saltus/export.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <saltus/kernels/loss/losses.h>

namespace saltus {

namespace formula {
class LossFormula;
}

/// What training makes small: one of the list, such as losses::MeanSquaredError{}, a formula, or a
/// function of your own. A small value type.
class SALTUS_API Loss {
 public:
  /// The loss of one sample with outputs y and targets t (class numbers as one-hot rows), both of
  /// the size of the network's output. Writes the derivative of the loss by each y to `gradient`,
  /// which is of that size, too.
  using Function = std::function<double(std::span<const float> y, std::span<const float> t,
                                        std::span<float> gradient)>;

  template <kernels::LossEntry L>
  Loss(const L& loss) : listed_(loss) {}  // NOLINT: a listed loss is a Loss
  explicit Loss(const ListedLoss& loss) : listed_(loss) {}

  /// A loss of your own, on the CPU. The function is called sample after sample, by one thread of a
  /// model at a time; what it throws ends the training and reaches the caller. Throws
  /// InvalidArgument where there is no function, or the name is empty or taken.
  static Loss custom(std::string name, Function function);

  /// A loss typed as a formula of an output y and its target t, in the language of
  /// docs/formulas.md: "where(abs(y - t) < d, 0.5 * (y - t)^2, d * (abs(y - t) - 0.5 * d)); d = 1".
  /// The loss of a sample is the mean over its outputs, in double; the derivative by y is made by
  /// rule. A model's file holds it. Throws InvalidArgument with a mark under what is wrong.
  static Loss formula(std::string_view text);

  [[nodiscard]] bool is_custom() const { return custom_ != nullptr; }
  [[nodiscard]] bool is_formula() const { return formula_ != nullptr; }
  [[nodiscard]] bool is_listed() const { return !is_custom() && !is_formula(); }

  /// The loss of the list that it is; for another one without meaning.
  [[nodiscard]] const ListedLoss& listed() const { return listed_; }

  /// That loss if it is an L, else null.
  template <kernels::LossEntry L>
  [[nodiscard]] const L* as() const {
    return is_listed() ? std::get_if<L>(&listed_) : nullptr;
  }

  /// The function of a custom loss.
  [[nodiscard]] const Function& function() const { return custom_->function; }

  /// The formula of a loss that is one, as the engine has it.
  [[nodiscard]] const formula::LossFormula& definition() const { return *formula_; }

  /// "mean_squared_error", or the name that it was given; of a formula without one the formula.
  [[nodiscard]] std::string_view name() const;

  /// Whether outputs stand for classes, of which each sample has one.
  [[nodiscard]] bool is_categorical() const;

  /// Whether it is computed together with a Softmax that ends the network, which is more exact.
  [[nodiscard]] bool takes_softmax() const;

  /// Custom losses are equal if they are copies of one.
  SALTUS_API friend bool operator==(const Loss& a, const Loss& b);

 private:
  struct Custom {
    std::string name;
    Function function;
  };

  ListedLoss listed_;
  std::shared_ptr<const Custom> custom_;
  std::shared_ptr<const formula::LossFormula> formula_;
};

/// Every loss with its defaults, in the order of the list.
SALTUS_API std::vector<Loss> loss_list();

/// "huber:delta=2": its name and the parameters that are not usual; of a formula all of it.
SALTUS_API std::string to_string(const Loss& loss);

/// The loss that to_string() made such a text of, or a formula. Throws InvalidArgument for what is
/// unknown or not legal.
SALTUS_API Loss parse_loss(std::string_view text);

/// Throws InvalidArgument where a parameter is out of range.
SALTUS_API void validate(const Loss& loss);

}  // namespace saltus
