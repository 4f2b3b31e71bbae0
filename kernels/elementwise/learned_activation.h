// Activations with learned parameters. They are compiled at run time, whatever they are, and run in
// kernels that are linked with them (kernels/formula/linked.h).
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// A parameter of an activation.
struct LearnedParameter {
  PerTrial<const float> values = {};  ///< [1] or [channels]; none: it is not learned
  bool by_channel = false;
  float fixed = 0;          ///< its value where it is not learned
  float low = 0, high = 0;  ///< learned ones are used within these

  /// The value that f gets.
  SALTUS_HD float value(int trial, int channel) const {
    if (!values) return fixed;
    const float learned = values[trial][by_channel ? channel : 0];
    return learned < low ? low : learned > high ? high : learned;
  }
};

/// y = f(x)
struct ActivateLearned {
  int number = 0;  ///< by which linked code knows f
  LearnedParameter parameters[kMaxParameters] = {};
  AnyInput x;             ///< [rows][size]
  AnyOutput y;            ///< another array than x
  std::int64_t size = 0;  ///< elements of a row
  int channels = 1;       ///< the last axis of a row; divides size
};

/// dx = dy f'(x), and the gradient of a parameter: the sum of dy df/dp over all elements or those
/// of its channel, 0 where it stands at the end of its interval and a step against it would lead
/// out.
struct ActivateLearnedBackward {
  int number = 0;
  LearnedParameter parameters[kMaxParameters] = {};
  PerTrial<float> gradients[kMaxParameters] = {};  ///< as the values of those that are learned
  AnyInput x, dy;
  AnyOutput dx;  ///< another array than both, or none
  std::int64_t size = 0;
  int channels = 1;
  PerTrial<double> workspace;  ///< learned_workspace() doubles
};

void activate_learned(const ActivateLearned& arguments, const LaunchContext& context);
void activate_learned_backward(const ActivateLearnedBackward& arguments,
                               const LaunchContext& context);

/// Doubles of workspace for each trial, for so many learned parameters, of which each of
/// `channels_apart` channels has its own; 1 where no channel has.
std::int64_t learned_workspace(std::int64_t size, int channels_apart, int learned, int max_rows);

}  // namespace saltus::kernels
