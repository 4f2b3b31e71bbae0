#include <saltus/kernels/update/average.h>

#include "backend/cuda/launch_builder.h"
#include "ops/update/update.h"

namespace saltus::ops {

using namespace cuda;

Launch Update::launch(LaunchBuilder& builder) const {
  std::vector<kernels::WeightExtent> extents;
  for (const int weight : trained_weights(builder.program())) {
    const plan::Tensor& tensor = builder.program().tensor(weight);
    extents.push_back({tensor.offset, tensor.elements});
  }
  const kernels::UpdatePieces cut = kernels::cut_weights(extents);
  const int piece_count = extent(static_cast<std::int64_t>(cut.pieces.size()));
  const int weight_count = extent(static_cast<std::int64_t>(extents.size()));
  const std::size_t pieces = builder.constants().add(cut.pieces);
  const std::size_t first_of_weight = builder.constants().add(cut.first_of_weight);
  return {[=, choices = builder.update(), moving = builder.moving_count(),
           next = builder.next_statistics(),
           parameters = builder.parameter_count()](const StepContext& at) {
            const Layout& layout = *at.memory.layout;
            kernels::Update update;
            update.weights = at.memory.in_state<float>(layout.parameters);
            update.gradients = at.memory.in_scratch<float>(layout.gradients);
            for (std::size_t i = 0; i < layout.moments.size(); ++i)
              update.moments[i] = at.memory.in_state<float>(layout.moments[i]);
            update.copy = at.memory.in_state<kernels::Bf16>(layout.halves);
            update.statistics = at.memory.in_state<float>(layout.statistics);
            update.next_statistics = at.memory.in_state<float>(layout.statistics, next);
            update.rules = at.rules;
            update.pieces = at.constants->at<kernels::UpdatePiece>(pieces);
            update.first_of_weight = at.constants->at<int>(first_of_weight);
            update.piece_count = piece_count;
            update.weight_count = weight_count;
            update.statistic_count = moving;
            update.sums = at.sums;
            update.non_finite = at.non_finite;
            update.workspace = workspace<double>(at);
            update.check_finite = choices.check_finite;
            update.any_norms = choices.clips_by_norm;
            update.optimizers = choices.optimizers;
            kernels::update(update, at.context);
            if (!choices.averages) return;
            kernels::average({.weights = update.weights,
                              .averages = at.memory.in_state<float>(layout.averages),
                              .copy = at.memory.in_state<kernels::Bf16>(layout.average_halves),
                              .rates = at.average_rates,
                              .size = parameters},
                             at.context);
          },
          kernels::update_workspace(piece_count, weight_count) * std::int64_t{sizeof(double)}};
}

}  // namespace saltus::ops
