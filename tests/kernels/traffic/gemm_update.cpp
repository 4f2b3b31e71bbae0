#include <saltus/kernels/update/gemm_update.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;
using kernels::Engine;
using kernels::UpdateRule;

/// A quarter of the tutorial's large layer, whose biases lie before its weights in the flat arrays.
constexpr int kRows = 64;
constexpr int kIn = 2304;
constexpr int kOut = 128;
constexpr std::size_t kParameters = std::size_t{kOut} + std::size_t{kIn} * kOut;

template <class T>
void run(Engine engine, const kernels::LaunchContext& context) {
  const auto x = input<T>(std::size_t{kRows} * kIn);
  const auto dy = input<T>(std::size_t{kRows} * kOut);
  const auto w = input(kParameters);
  const DeviceArray<float> gradients(std::vector<float>(kParameters, 0.0f));
  const DeviceArray<float> m(std::vector<float>(kParameters, 0.0f));
  const DeviceArray<float> v(std::vector<float>(kParameters, 0.0f));
  const DeviceArray<Bf16> copy(std::is_same_v<T, Bf16> ? kParameters : 0);
  const UpdateRule rule{Optimizer(Adam{})};
  const DeviceArray<UpdateRule> rules(std::vector<UpdateRule>{rule});
  const kernels::UpdatePieces cut =
      kernels::cut_weights(std::vector<kernels::WeightExtent>{{kOut, 0}, {0, kOut}});
  const DeviceArray<kernels::UpdatePiece> pieces(cut.pieces);
  const DeviceArray<int> first_of_weight(cut.first_of_weight);
  const int checks = kernels::gemm_checks(engine, kIn);
  const DeviceArray<int> first_check(std::vector<int>{0, checks, checks});
  const DeviceArray<kernels::BatchSums> sums(std::vector<kernels::BatchSums>(1));
  const DeviceArray<kernels::NonFinite> non_finite(std::vector<kernels::NonFinite>(1));
  const DeviceArray<double> workspace(
      static_cast<std::size_t>(kernels::update_workspace(1, 2, checks)));
  const kernels::Update update = {.weights = w.per_trial(),
                                  .gradients = gradients.per_trial(),
                                  .moments = {m.per_trial(), v.per_trial()},
                                  .copy = copy.per_trial(),
                                  .rules = rules.data(),
                                  .pieces = pieces.data(),
                                  .first_of_weight = first_of_weight.data(),
                                  .first_check = first_check.data(),
                                  .piece_count = 1,
                                  .weight_count = 2,
                                  .sums = sums.per_trial(),
                                  .non_finite = non_finite.data(),
                                  .workspace = workspace.per_trial(),
                                  .check_finite = true,
                                  .optimizers = rule.bit()};
  const kernels::GemmGradient<T> gradient = {x.per_trial(), dy.per_trial(), 1, kIn, kOut};
  const kernels::PerTrial<float> db = gradients.per_trial();
  const kernels::PerTrial<double> own = {workspace.data() + kernels::update_workspace(1, 2), 0};
  kernels::check_gemm<T>(engine, {gradient, own, db}, context);
  kernels::prepare_update(update, context);
  kernels::gemm_update<T>(engine, {gradient, kOut, {db.data + kOut, db.stride}, update, true},
                          context);
}

template <class T>
Step step(Engine engine) {
  constexpr double kDy = double{kRows} * kOut;
  constexpr double kWeights = kParameters;
  const char* const tensor = engine == Engine::tensor ? "tensor cores, " : "";
  return {std::string("dense1 backward to w, and Adam, ") + tensor + kTypeName<T>,
          "2304 of 9216 to 128",
          kRows,
          {kDy, kSquaresFlops * kOut, 0, 2 * kDy * kIn + kAdamFlops * kWeights},
          [=](const kernels::LaunchContext& context) { run<T>(engine, context); }};
}

std::vector<Step> gemm_update_steps() {
  return {step<float>(Engine::simt), step<float>(Engine::tensor), step<Bf16>(Engine::tensor)};
}

const AddSteps add_gemm_update(gemm_update_steps);

}  // namespace
}  // namespace saltus::test
