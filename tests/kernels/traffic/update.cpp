#include <saltus/kernels/update/average.h>
#include <saltus/kernels/update/update.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::UpdateRule;

/// The weights of both convolutions, as they lie in the flat arrays.
const std::vector<kernels::WeightExtent> kExtents = {
    {0, 288}, {288, 32}, {320, 18432}, {18752, 64}};
constexpr std::size_t kParameters = 18816;

/// `statistics`: how many of them move with the weights.
void run(const UpdateRule& rule, bool with_copy, std::size_t statistics,
         const kernels::LaunchContext& context) {
  const kernels::UpdatePieces cut = kernels::cut_weights(kExtents);
  const int pieces = static_cast<int>(cut.pieces.size());
  const int weights = static_cast<int>(kExtents.size());
  const auto w = input(kParameters);
  const auto g = input(kParameters);
  const DeviceArray<float> m(std::vector<float>(kParameters, 0.0f));
  const DeviceArray<float> v(std::vector<float>(kParameters, 0.0f));
  const DeviceArray<kernels::Bf16> copy(with_copy ? kParameters : 0);
  const DeviceArray<float> moving(statistics);
  const auto next = input(statistics);
  const DeviceArray<UpdateRule> rules(std::vector<UpdateRule>{rule});
  const DeviceArray<kernels::UpdatePiece> device_pieces(cut.pieces);
  const DeviceArray<int> first_of_weight(cut.first_of_weight);
  const DeviceArray<kernels::BatchSums> sums(std::vector<kernels::BatchSums>(1));
  const DeviceArray<kernels::NonFinite> non_finite(std::vector<kernels::NonFinite>(1));
  const DeviceArray<double> workspace(
      static_cast<std::size_t>(kernels::update_workspace(pieces, weights)));
  kernels::update({.weights = w.per_trial(),
                   .gradients = g.per_trial(),
                   .moments = {m.per_trial(), v.per_trial()},
                   .copy = copy.per_trial(),
                   .statistics = moving.per_trial(),
                   .next_statistics = next.per_trial(),
                   .rules = rules.data(),
                   .pieces = device_pieces.data(),
                   .first_of_weight = first_of_weight.data(),
                   .piece_count = pieces,
                   .weight_count = weights,
                   .statistic_count = static_cast<int>(statistics),
                   .sums = sums.per_trial(),
                   .non_finite = non_finite.data(),
                   .workspace = workspace.per_trial(),
                   .check_finite = true,
                   .any_norms = rule.clips_by_norm(),
                   .optimizers = rule.bit()},
                  context);
}

/// `flops` for each weight.
Step step(const char* name, const UpdateRule& rule, bool with_copy, double flops,
          std::size_t statistics = 0) {
  constexpr double kWeights = kParameters;
  std::vector<double> of_launches = {kSquaresFlops * kWeights, 0};
  if (statistics != 0) of_launches.push_back(0);
  of_launches.push_back(flops * kWeights);
  return {
      name, statistics == 0 ? "18816 weights" : "18816 weights and 256 statistics", 1, of_launches,
      [=](const kernels::LaunchContext& context) { run(rule, with_copy, statistics, context); }};
}

void run_average(bool with_copy, const kernels::LaunchContext& context) {
  const auto w = input(kParameters);
  const DeviceArray<float> averages(std::vector<float>(kParameters, 0.0f));
  const DeviceArray<kernels::Bf16> copy(with_copy ? kParameters : 0);
  const DeviceArray<float> rates(std::vector<float>{0.01f});
  kernels::average({.weights = w.per_trial(),
                    .averages = averages.per_trial(),
                    .copy = copy.per_trial(),
                    .rates = rates.data(),
                    .size = static_cast<std::int64_t>(kParameters)},
                   context);
}

Step average_step(const char* name, bool with_copy) {
  constexpr double kFlops = 3;  // a difference, its share and the sum
  return {
      name, "18816 weights", 1, {kFlops * kParameters}, [=](const kernels::LaunchContext& context) {
        run_average(with_copy, context);
      }};
}

/// The optimizer, and the averages of what it makes.
std::vector<Step> update_steps() {
  static constexpr Optimizer kAdam = Adam{.clipping = {.clipvalue = 0.5}};
  static constexpr Optimizer kSgd = SGD{.momentum = 0.9, .clipping = {.global_clipnorm = 1}};
  const UpdateRule adam(kAdam);
  const UpdateRule sgd(kSgd);
  return {step("Adam", adam, false, kAdamFlops),
          step("Adam with a copy in bf16", adam, true, kAdamFlops),
          step("SGD with momentum", sgd, false, 5, 256), average_step("average", false),
          average_step("average with a copy in bf16", true)};
}

const AddSteps add_update(update_steps);

}  // namespace
}  // namespace saltus::test
