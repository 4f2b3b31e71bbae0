// Samples as fit() and evaluate() take them: checked against the network, and cut in two.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include <saltus/loss.h>
#include <saltus/samples.h>

#include "plan/plan.h"

namespace saltus::train {

/// Rows of a batch where so many are asked for: there are no more than samples.
std::int64_t batch_of(const Samples& samples, std::int64_t batch_size);

/// Throws InvalidArgument unless there are samples and their inputs have the network's size.
/// `what` names them in the error: "training samples".
void check_inputs(const Samples& samples, const plan::Plan& plan, std::string_view what);

/// Throws InvalidArgument unless the targets have the size and the kind that the loss takes, and
/// class numbers name an output, along its last axis.
void check_targets(const Samples& samples, const plan::Plan& plan, const Loss& loss,
                   std::string_view what);

/// Throws InvalidArgument unless there are no weights, or one for each sample, finite and not
/// negative.
void check_weights(const Samples& samples, std::string_view what);

/// The weight of each sample, times that of its class, which is 1 where none is given. Throws
/// InvalidArgument for a class that there is not, or a weight that is negative or not finite.
std::vector<float> class_weights(const Samples& samples, const std::map<int, double>& by_class,
                                 std::int64_t outputs);

/// Samples for training, and those held back to validate.
struct SplitSamples {
  Samples train;
  Samples validation;
};

/// Of so many samples, those that are trained on where the last share of them is held back.
std::int64_t trained_on(std::int64_t count, double share);

/// Holds back the last share of the samples, rounded up as Keras does. Throws InvalidArgument where
/// nothing would be left to train on.
SplitSamples split_off_last(const Samples& samples, double share);

}  // namespace saltus::train
