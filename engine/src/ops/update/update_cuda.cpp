#include <algorithm>
#include <utility>

#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/update/average.h>
#include <saltus/kernels/update/gemm_update.h>

#include "backend/cuda/launch_builder.h"
#include "ops/update/update.h"

namespace saltus::ops {

using namespace cuda;

namespace {

/// A dense layer whose gradients the update makes.
struct DenseLayer {
  TensorId x, dy, dw, db;
  int rows, in, out;
  std::int64_t first;  ///< of its weights in the flat arrays
  int first_check;

  template <class T>
  kernels::GemmGradient<T> gradient(const Tensors& t, const StepContext& at) const {
    return {t.of<T>(at, x), t.of<T>(at, dy), rows, in, out};
  }
};

/// Those of an update, in the order of the weights.
class DenseLayers {
 public:
  DenseLayers(const Update& update, const LaunchBuilder& builder)
      : tensors_(builder.tensors()),
        bf16_(builder.precision() == Precision::bf16),
        engine_(engine_of(builder.precision())) {
    int checks = 0;
    const plan::Program& program = builder.program();
    for (const int weight : trained_weights(program)) {
      const TensorId gradient = program.gradient_of_weight[static_cast<std::size_t>(weight)];
      const auto found = std::find(update.dw.begin(), update.dw.end(), gradient);
      if (found == update.dw.end()) continue;
      const auto i = static_cast<std::size_t>(found - update.dw.begin());
      const plan::Tensor& dw = tensors_.tensor(gradient);
      const int in = extent(dw.shape[0]);
      layers_.push_back({update.x[i], update.dy[i], update.dw[i], update.db[i],
                         extent(tensors_.elements(update.x[i]) / in), in, extent(dw.shape[1]),
                         dw.offset, checks});
      checks += kernels::gemm_checks(engine_, in);
    }
  }

  bool empty() const { return layers_.empty(); }
  /// How many checks the gradient of a weight takes; 0 where it is stored.
  int checks_of(TensorId gradient) const {
    const auto has = [&](const DenseLayer& layer) { return layer.dw == gradient; };
    const auto found = std::find_if(layers_.begin(), layers_.end(), has);
    return found == layers_.end() ? 0 : kernels::gemm_checks(engine_, found->in);
  }

  /// `checks`: of all layers; or none.
  void check(const StepContext& at, const kernels::PerTrial<double>& checks) const {
    for_layers(at, [&]<class T>(const DenseLayer& layer, kernels::GemmGradient<T> gradient) {
      kernels::PerTrial<double> own = checks;
      if (own) own.data += layer.first_check;
      kernels::check_gemm<T>(engine_, {gradient, own, tensors_.floats(at, layer.db)}, at.context);
    });
  }
  /// Of all weights, the others with those of the first layer.
  void update(const StepContext& at, const kernels::Update& update) const {
    for_layers(at, [&]<class T>(const DenseLayer& layer, kernels::GemmGradient<T> gradient) {
      kernels::gemm_update<T>(
          engine_,
          {gradient, layer.first, tensors_.floats(at, layer.dw), update, &layer == layers_.data()},
          at.context);
    });
  }
  /// As the step that makes a gradient alone would.
  void store_gradients(const StepContext& at) const {
    for_layers(at, [&]<class T>(const DenseLayer& layer, kernels::GemmGradient<T> gradient) {
      const kernels::Window window = kernels::product_window(layer.rows, layer.in, layer.out);
      kernels::convolution_backward_filter<T>(
          engine_, {window, gradient.x, gradient.dy, tensors_.floats(at, layer.dw), {}, {}},
          at.context);
    });
  }

 private:
  /// Calls visit(layer, gradient).
  template <class Visit>
  void for_layers(const StepContext& at, const Visit& visit) const {
    for (const DenseLayer& layer : layers_) {
      if (bf16_)
        visit(layer, layer.gradient<kernels::Bf16>(tensors_, at));
      else
        visit(layer, layer.gradient<float>(tensors_, at));
    }
  }

  Tensors tensors_;
  bool bf16_;
  kernels::Engine engine_;
  std::vector<DenseLayer> layers_;
};

/// The flat arrays as the update goes through them, in the device's constants.
struct Cut {
  int piece_count, weight_count, check_count = 0;
  std::size_t pieces, first_of_weight, first_check;

  Cut(LaunchBuilder& builder, const DenseLayers& layers) {
    const plan::Program& program = builder.program();
    std::vector<kernels::WeightExtent> extents;
    std::vector<int> checks = {0};
    for (const int weight : trained_weights(program)) {
      const plan::Tensor& tensor = program.tensor(weight);
      const int own =
          layers.checks_of(program.gradient_of_weight[static_cast<std::size_t>(weight)]);
      extents.push_back({tensor.offset, own == 0 ? tensor.elements : 0, builder.decays(weight)});
      checks.push_back(check_count += own);
    }
    const kernels::UpdatePieces cut = kernels::cut_weights(extents);
    piece_count = extent(static_cast<std::int64_t>(cut.pieces.size()));
    weight_count = extent(static_cast<std::int64_t>(extents.size()));
    pieces = builder.constants().add(cut.pieces);
    first_of_weight = builder.constants().add(cut.first_of_weight);
    first_check = builder.constants().add(checks);
  }
};

}  // namespace

Launch Update::launch(LaunchBuilder& builder) const {
  const DenseLayers layers(*this, builder);
  const Cut cut(builder, layers);
  const std::int64_t checks_place = kernels::update_workspace(cut.piece_count, cut.weight_count);
  auto run = [=, choices = builder.update(), moving = builder.moving_count(),
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
    update.pieces = at.constants->at<kernels::UpdatePiece>(cut.pieces);
    update.first_of_weight = at.constants->at<int>(cut.first_of_weight);
    update.piece_count = cut.piece_count;
    update.weight_count = cut.weight_count;
    update.statistic_count = moving;
    update.sums = at.sums;
    update.non_finite = at.non_finite;
    update.workspace = workspace<double>(at);
    update.check_finite = choices.check_finite;
    update.any_norms = choices.clips_by_norm;
    update.optimizers = choices.optimizers;
    kernels::PerTrial<double> checks;
    if (choices.check_finite && !layers.empty()) {
      update.first_check = at.constants->at<int>(cut.first_check);
      checks = workspace<double>(at, checks_place * std::int64_t{sizeof(double)});
    }
    layers.check(at, checks);
    kernels::prepare_update(update, at.context);
    if (layers.empty()) kernels::update_pieces(update, at.context);
    layers.update(at, update);
    if (!choices.averages) return;
    kernels::average({.weights = update.weights,
                      .averages = at.memory.in_state<float>(layout.averages),
                      .copy = at.memory.in_state<kernels::Bf16>(layout.average_halves),
                      .rates = at.average_rates,
                      .size = parameters},
                     at.context);
  };
  Launch launch = {
      .run = std::move(run),
      .workspace = kernels::update_workspace(cut.piece_count, cut.weight_count, cut.check_count) *
                   std::int64_t{sizeof(double)}};
  if (!layers.empty())
    launch.finish = [layers](const StepContext& at) { layers.store_gradients(at); };
  return launch;
}

}  // namespace saltus::ops
