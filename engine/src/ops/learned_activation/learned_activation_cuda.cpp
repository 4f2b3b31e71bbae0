#include <algorithm>
#include <cstddef>

#include <saltus/kernels/elementwise/learned_activation.h>

#include "backend/cuda/formulas.h"
#include "backend/cuda/launch_builder.h"
#include "ops/learned_activation/learned_activation.h"

namespace saltus::ops {

using namespace cuda;

namespace {

/// Writes what both directions have.
template <class Step, class Arguments>
void take_parameters(const Step& step, const Tensors& t, const StepContext& at,
                     Arguments& arguments) {
  const auto& listed = step.activation.info().parameters;
  for (std::size_t i = 0; i < step.parameters.size(); ++i) {
    kernels::LearnedParameter& parameter = arguments.parameters[i];
    parameter.fixed = step.activation.ref().parameters[i];
    if (step.parameters[i] == plan::kNone) continue;
    parameter.values = t.floats(at, step.parameters[i]);
    parameter.by_channel = step.activation.learned(i) == Learned::channel;
    parameter.low = listed[i].low;
    parameter.high = listed[i].high;
  }
}

/// How many channels have parameters of their own.
int channels_apart(const ActivateLearnedBackward& step) {
  for (std::size_t i = 0; i < step.parameters.size(); ++i)
    if (step.activation.learned(i) == Learned::channel) return extent(step.channels);
  return 1;
}

}  // namespace

Launch ActivateLearned::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, number = builder.formulas().number_of(activation),
           size = t.tensor(x).elements, count = extent(channels)](const StepContext& at) {
    kernels::ActivateLearned arguments{
        .number = number, .x = t.in(at, s.x), .y = t.out(at, s.y), .size = size, .channels = count};
    take_parameters(s, t, at, arguments);
    kernels::activate_learned(arguments, at.context);
  }};
}

Launch ActivateLearnedBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  const std::int64_t size = t.tensor(x).elements;
  const auto learned = static_cast<int>(std::ranges::count_if(
      gradients, [](const TensorId& gradient) { return gradient != plan::kNone; }));
  return {[s = *this, t, number = builder.formulas().number_of(activation), size,
           count = extent(channels)](const StepContext& at) {
            kernels::ActivateLearnedBackward arguments{.number = number,
                                                       .x = t.in(at, s.x),
                                                       .dy = t.in(at, s.dy),
                                                       .dx = t.out(at, s.dx),
                                                       .size = size,
                                                       .channels = count,
                                                       .workspace = workspace<double>(at)};
            take_parameters(s, t, at, arguments);
            for (std::size_t i = 0; i < s.gradients.size(); ++i)
              arguments.gradients[i] = t.floats(at, s.gradients[i]);
            kernels::activate_learned_backward(arguments, at.context);
          },
          kernels::learned_workspace(size, channels_apart(*this), learned, builder.max_rows()) *
              std::int64_t{sizeof(double)}};
}

}  // namespace saltus::ops
