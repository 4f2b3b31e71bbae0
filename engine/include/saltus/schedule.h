// Schedules of the learning rate, in Keras's words. One list: everything else is made from it.
#pragma once

#include <saltus/export.h>

#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <saltus/kernels/entry.h>

namespace saltus {

/// For which step of a training a learning rate is asked.
struct ScheduledStep {
  double initial = 0;  ///< initial_learning_rate: the optimizer's learning_rate
  double number = 0;   ///< steps done before
  double all = 1;      ///< steps of the whole training: those done before fit() and those of it
};

/// Each has its parameters as public members, initialized with their defaults, and what
/// CONTRIBUTING.md lists. Where decay_steps is 0, it is as many steps as the training has.
namespace schedules {

/// The optimizer's learning rate, always.
struct Constant {
  static constexpr std::string_view kName = "constant";
  static constexpr auto parameters() { return std::tuple(); }
  double rate(const ScheduledStep& at) const { return at.initial; }
};

/// values[i] in the steps behind boundaries[i - 1], to boundaries[i] included, where the first step
/// is 0: in place of the optimizer's learning rate. In texts: boundaries=100/200:values=1/0.1/0.01.
struct SALTUS_API PiecewiseConstantDecay {
  std::vector<double> boundaries = {};
  std::vector<double> values = {};

  static constexpr std::string_view kName = "piecewise_constant_decay";
  static constexpr auto parameters() {
    return std::tuple(
        kernels::numbers("boundaries", &PiecewiseConstantDecay::boundaries, kernels::kNotNegative),
        kernels::numbers("values", &PiecewiseConstantDecay::values, kernels::kNotNegative));
  }
  [[nodiscard]] std::string_view conflict() const;
  double rate(const ScheduledStep& at) const;
};

/// initial_learning_rate decay_rate^(step / decay_steps); the exponent rounded down in a staircase.
struct SALTUS_API ExponentialDecay {
  double decay_steps = 0;
  double decay_rate = 0;  ///< to be given
  bool staircase = false;

  static constexpr std::string_view kName = "exponential_decay";
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("decay_steps", &ExponentialDecay::decay_steps, kernels::kNotNegative),
        kernels::number("decay_rate", &ExponentialDecay::decay_rate, kernels::kNotNegative),
        kernels::flag("staircase", &ExponentialDecay::staircase));
  }
  [[nodiscard]] std::string_view conflict() const {
    return decay_rate == 0 ? "exponential_decay needs a decay_rate above 0" : "";
  }
  double rate(const ScheduledStep& at) const;
};

/// (initial_learning_rate - end_learning_rate) (1 - step / decay_steps)^power + end_learning_rate,
/// where step stays at decay_steps; with `cycle`, decay_steps grows to its next multiple instead.
struct SALTUS_API PolynomialDecay {
  double decay_steps = 0;
  double end_learning_rate = 1e-4;
  double power = 1;
  bool cycle = false;

  static constexpr std::string_view kName = "polynomial_decay";
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("decay_steps", &PolynomialDecay::decay_steps, kernels::kNotNegative),
        kernels::number("end_learning_rate", &PolynomialDecay::end_learning_rate,
                        kernels::kNotNegative),
        kernels::number("power", &PolynomialDecay::power, kernels::kPositive),
        kernels::flag("cycle", &PolynomialDecay::cycle));
  }
  double rate(const ScheduledStep& at) const;
};

/// initial_learning_rate / (1 + decay_rate step / decay_steps); the quotient of the steps rounded
/// down in a staircase.
struct SALTUS_API InverseTimeDecay {
  double decay_steps = 0;
  double decay_rate = 0;  ///< to be given
  bool staircase = false;

  static constexpr std::string_view kName = "inverse_time_decay";
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("decay_steps", &InverseTimeDecay::decay_steps, kernels::kNotNegative),
        kernels::number("decay_rate", &InverseTimeDecay::decay_rate, kernels::kNotNegative),
        kernels::flag("staircase", &InverseTimeDecay::staircase));
  }
  [[nodiscard]] std::string_view conflict() const {
    return decay_rate == 0 ? "inverse_time_decay needs a decay_rate above 0" : "";
  }
  double rate(const ScheduledStep& at) const;
};

/// From initial_learning_rate down to its share alpha, along half a cosine (Loshchilov and Hutter,
/// 2016): initial_learning_rate ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha). Before
/// that the rate rises in a line from initial_learning_rate to warmup_target, which then stands in
/// its place, for warmup_steps; decay_steps, if not given, are those left. Keras's warmup_target
/// None is 0: no warmup.
struct SALTUS_API CosineDecay {
  double decay_steps = 0;
  double alpha = 0;
  double warmup_target = 0;
  double warmup_steps = 0;

  static constexpr std::string_view kName = "cosine_decay";
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("decay_steps", &CosineDecay::decay_steps, kernels::kNotNegative),
        kernels::number("alpha", &CosineDecay::alpha, kernels::kNotNegative),
        kernels::number("warmup_target", &CosineDecay::warmup_target, kernels::kNotNegative),
        kernels::number("warmup_steps", &CosineDecay::warmup_steps, kernels::kNotNegative));
  }
  [[nodiscard]] std::string_view conflict() const {
    return warmup_target == 0 && warmup_steps != 0 ? "warmup_steps need a warmup_target above 0"
                                                   : "";
  }
  double rate(const ScheduledStep& at) const;
};

/// Cosines one behind another: the first takes first_decay_steps, each further one t_mul times as
/// many as that before, and begins m_mul times as high. first_decay_steps is as decay_steps.
struct SALTUS_API CosineDecayRestarts {
  double first_decay_steps = 0;
  double t_mul = 2;
  double m_mul = 1;
  double alpha = 0;

  static constexpr std::string_view kName = "cosine_decay_restarts";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("first_decay_steps", &CosineDecayRestarts::first_decay_steps,
                                      kernels::kNotNegative),
                      kernels::number("t_mul", &CosineDecayRestarts::t_mul,
                                      {"finite and at least 1", 1, true, kernels::kNoLimit}),
                      kernels::number("m_mul", &CosineDecayRestarts::m_mul, kernels::kNotNegative),
                      kernels::number("alpha", &CosineDecayRestarts::alpha, kernels::kNotNegative));
  }
  double rate(const ScheduledStep& at) const;
};

/// PyTorch's OneCycleLR with cosines (Smith and Topin, 2017), of the learning rate alone: the
/// optimizer's learning_rate is max_lr. The rate rises from max_lr / div_factor to it in the share
/// pct_start of total_steps, and then falls to max_lr / div_factor / final_div_factor, where it
/// stays. total_steps is as decay_steps.
struct SALTUS_API OneCycle {
  double total_steps = 0;
  double pct_start = 0.3;
  double div_factor = 25;
  double final_div_factor = 1e4;

  static constexpr std::string_view kName = "one_cycle";
  static constexpr auto parameters() {
    return std::tuple(
        kernels::number("total_steps", &OneCycle::total_steps, kernels::kNotNegative),
        kernels::number("pct_start", &OneCycle::pct_start, kernels::kShare),
        kernels::number("div_factor", &OneCycle::div_factor, kernels::kPositive),
        kernels::number("final_div_factor", &OneCycle::final_div_factor, kernels::kPositive));
  }
  double rate(const ScheduledStep& at) const;
};

}  // namespace schedules

/// Any schedule: the whole list.
using LearningRateSchedule = std::variant<schedules::Constant, schedules::PiecewiseConstantDecay,
                                          schedules::ExponentialDecay, schedules::PolynomialDecay,
                                          schedules::InverseTimeDecay, schedules::CosineDecay,
                                          schedules::CosineDecayRestarts, schedules::OneCycle>;

/// Every schedule with its defaults, in the order of the list. Some need values that have none.
SALTUS_API const std::vector<LearningRateSchedule>& schedule_list();

/// "cosine_decay"
SALTUS_API std::string_view name_of(const LearningRateSchedule& schedule);

/// "constant", "cosine_decay:decay_steps=1000:alpha=0.1": a name of the list, then values; what is
/// not given has its default. Throws InvalidArgument for what is unknown or not legal.
SALTUS_API LearningRateSchedule parse_schedule(std::string_view text);

/// The text that parse_schedule() makes such a schedule of.
SALTUS_API std::string text_of(const LearningRateSchedule& schedule);

/// Throws InvalidArgument where a value is out of range or missing.
SALTUS_API void validate(const LearningRateSchedule& schedule);

/// Whether it is schedules::Constant.
inline bool is_constant(const LearningRateSchedule& schedule) {
  return std::holds_alternative<schedules::Constant>(schedule);
}

/// The learning rate of a step.
SALTUS_API double rate_of(const LearningRateSchedule& schedule, const ScheduledStep& at);

}  // namespace saltus
