#include "backend/cuda/lowering.h"

#include <algorithm>
#include <utility>

#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/elementwise/parametric_relu.h>
#include <saltus/kernels/elementwise/sum.h>
#include <saltus/kernels/input/load.h>
#include <saltus/kernels/loss/loss.h>
#include <saltus/kernels/normalization/normalize.h>
#include <saltus/kernels/pooling/pooling.h>
#include <saltus/kernels/softmax/softmax.h>

#include "backend/backend.h"
#include "backend/cuda/libraries/library_products.h"
#include "backend/cuda/products.h"
#include "backend/cuda/tensors.h"
#include "backend/loss_function.h"

namespace saltus::cuda {
namespace {

using kernels::Bf16;
using plan::kNone;
using plan::TensorId;

constexpr auto kFloat = std::int64_t{sizeof(float)};
constexpr auto kDouble = std::int64_t{sizeof(double)};

std::unique_ptr<Products> products_of(const Schedule& program, Precision precision, int max_rows,
                                      const std::shared_ptr<Multiplier>& multiplier) {
  if (multiplier == nullptr) return own_products(program, precision, max_rows);
  return library_products(program, precision, max_rows, multiplier);
}

/// Lowers steps. A step without an overload here does not compile.
class Lowering {
 public:
  Lowering(const plan::Plan& plan, const Schedule& program, std::int64_t max_rows,
           const UpdateChoices& update, Constants& constants, const Multipliers& multipliers)
      : program_(program),
        tensors_(program),
        convolutions_(
            products_of(program, plan.precision, extent(max_rows), multipliers.convolutions)),
        dense_(products_of(program, plan.precision, extent(max_rows), multipliers.dense)),
        bf16_(plan.precision == Precision::bf16),
        weights_(plan.weights.size()),
        moving_(extent(plan.moving_count)),
        max_rows_(extent(max_rows)),
        update_(update),
        constants_(constants) {}

  Launch lower(const Job& job) {
    activation_ = job.activation;
    return std::visit(*this, job.step);
  }

  Launch operator()(const plan::LoadInput& s) const {
    return {[s, t = tensors_, size = extent(tensors_.elements(s.x))](const Site& at) {
      const auto count = static_cast<std::uint32_t>(at.data.count);
      kernels::load_input(
          {at.data.bytes, at.data.floats, {count, at.shuffled}, t.out(at, s.x), size}, at.stage);
    }};
  }
  Launch operator()(const plan::Convolution& s) const {
    return forward(*convolutions_, s, window_of(s.window));
  }
  Launch operator()(const plan::ConvolutionBackward& s) const {
    return backward(*convolutions_, s, window_of(s.window));
  }
  Launch operator()(const plan::PooledConvolutionBackward& s) const {
    return bf16_ ? pooled_backward<Bf16>(s) : pooled_backward<float>(s);
  }
  Launch operator()(const plan::Product& s) const { return forward(*dense_, s, product_window(s)); }
  Launch operator()(const plan::ProductBackward& s) const {
    return backward(*dense_, s, product_window(s));
  }
  Launch operator()(const plan::Activate& s) const {
    return {[s, t = tensors_, size = tensors_.elements(s.x)](const Site& at) {
      kernels::activate({t.in(at, s.x), {}, t.out(at, s.y), t.floats(at, s.slope), size, 1, s.slot},
                        at.stage);
    }};
  }
  Launch operator()(const plan::ActivateBackward& s) const {
    return {[s, t = tensors_, size = tensors_.elements(s.dx)](const Site& at) {
      kernels::activate_backward({t.in(at, s.dy), t.floats(at, s.slope), t.out(at, s.dx), size},
                                 at.stage);
    }};
  }
  Launch operator()(const plan::ActivatePool& s) const {
    return {[s, t = tensors_, window = pool_window(s.window)](const Site& at) {
      kernels::activate_pool({window, t.in(at, s.x), s.slot, t.out(at, s.y), t.floats(at, s.slope),
                              t.bytes(at, s.index)},
                             at.stage);
    }};
  }
  Launch operator()(const plan::MaxPool& s) const {
    return {[s, t = tensors_, window = pool_window(s.window)](const Site& at) {
      kernels::max_pool({window, t.in(at, s.x), t.out(at, s.y), t.bytes(at, s.index)}, at.stage);
    }};
  }
  Launch operator()(const plan::MaxPoolBackward& s) const {
    return {[s, t = tensors_, window = pool_window(s.window)](const Site& at) {
      kernels::max_pool_backward({window, t.in(at, s.dy), t.bytes(at, s.index), t.out(at, s.dx)},
                                 at.stage);
    }};
  }
  Launch operator()(const plan::AveragePool& s) const {
    return {[s, t = tensors_, window = pool_window(s.window)](const Site& at) {
      kernels::average_pool({window, t.in(at, s.x), t.out(at, s.y)}, at.stage);
    }};
  }
  Launch operator()(const plan::AveragePoolBackward& s) const {
    return {[s, t = tensors_, window = pool_window(s.window)](const Site& at) {
      kernels::average_pool_backward({window, t.in(at, s.dy), t.out(at, s.dx)}, at.stage);
    }};
  }
  Launch operator()(const plan::Drop& s) const {
    return {[s, t = tensors_, size = tensors_.elements(s.x)](const Site& at) {
      kernels::drop({t.in(at, s.x), t.out(at, s.y), size, s.slot}, at.stage);
    }};
  }
  Launch operator()(const plan::DropBackward& s) const {
    return {[s, t = tensors_, size = tensors_.elements(s.dx)](const Site& at) {
      kernels::drop_backward({t.in(at, s.dy), t.out(at, s.dx), size, s.slot}, at.stage);
    }};
  }
  Launch operator()(const plan::ParametricRelu& s) const {
    return {[s, t = tensors_, map = alpha_map(s.sample, s.alpha)](const Site& at) {
      kernels::parametric_relu(
          {map.on(*at.constants), t.in(at, s.x), t.floats(at, s.alpha), t.out(at, s.y)}, at.stage);
    }};
  }
  Launch operator()(const plan::ParametricReluBackward& s) const {
    return {[s, t = tensors_, map = alpha_map(s.sample, s.alpha)](const Site& at) {
      kernels::parametric_relu_backward(
          {map.on(*at.constants), t.in(at, s.x), t.in(at, s.dy), t.floats(at, s.alpha),
           t.out(at, s.dx), t.floats(at, s.dalpha)},
          at.stage);
    }};
  }
  Launch operator()(const plan::SoftmaxRows& s) const {
    return {[s, t = tensors_, channels = extent(s.channels)](const Site& at) {
      kernels::softmax({t.in(at, s.x), t.out(at, s.y), s.rows, channels, s.log}, at.stage);
    }};
  }
  Launch operator()(const plan::SoftmaxRowsBackward& s) const {
    return {[s, t = tensors_, channels = extent(s.channels)](const Site& at) {
      kernels::softmax_backward(
          {t.in(at, s.y), t.in(at, s.dy), t.out(at, s.dx), s.rows, channels, s.log}, at.stage);
    }};
  }
  Launch operator()(const plan::Normalize& s) const {
    const kernels::NormalizeShape shape = {s.rows, extent(s.channels)};
    const std::int64_t bytes = kernels::normalize_workspace(shape, max_rows_) * kFloat;
    if (s.mean == kNone) {
      return {[s, t = tensors_, shape](const Site& at) {
                kernels::normalize_inference(
                    {shape, t.in(at, s.x), t.floats(at, s.gamma), t.floats(at, s.beta),
                     t.floats(at, s.moving_mean), t.floats(at, s.moving_variance), t.out(at, s.y),
                     workspace<float>(at), s.epsilon},
                    at.stage);
              },
              bytes};
    }
    return {[s, t = tensors_, shape](const Site& at) {
              kernels::normalize_training(
                  {shape, t.in(at, s.x), t.floats(at, s.gamma), t.floats(at, s.beta),
                   t.floats(at, s.moving_mean), t.floats(at, s.moving_variance),
                   t.floats(at, s.next_mean), t.floats(at, s.next_variance), t.floats(at, s.mean),
                   t.floats(at, s.inverse_deviation), t.out(at, s.y), workspace<float>(at),
                   s.momentum, s.epsilon},
                  at.stage);
            },
            bytes};
  }
  Launch operator()(const plan::NormalizeBackward& s) const {
    const kernels::NormalizeShape shape = {s.rows, extent(s.channels)};
    return {[s, t = tensors_, shape](const Site& at) {
              kernels::normalize_backward(
                  {shape, t.in(at, s.x), t.in(at, s.dy), t.floats(at, s.gamma),
                   t.floats(at, s.mean), t.floats(at, s.inverse_deviation), t.out(at, s.dx),
                   t.floats(at, s.dgamma), t.floats(at, s.dbeta), workspace<float>(at)},
                  at.stage);
            },
            kernels::normalize_workspace(shape, max_rows_) * kFloat};
  }
  Launch operator()(const plan::Sum& s) const {
    return {[s, t = tensors_, size = tensors_.elements(s.y)](const Site& at) {
      kernels::sum({t.in(at, s.a), t.in(at, s.b), t.out(at, s.y), size}, at.stage);
    }};
  }
  Launch operator()(const plan::EvaluateLoss& s) const {
    return {[s, t = tensors_, outputs = extent(s.outputs)](const Site& at) {
              const auto count = static_cast<std::uint32_t>(at.data.count);
              kernels::evaluate_loss({backend::loss_function(s.loss),
                                      s.softmax,
                                      outputs,
                                      t.in(at, s.x),
                                      t.out(at, s.dx),
                                      at.data.targets,
                                      at.data.weights,
                                      {count, at.shuffled},
                                      at.sums,
                                      workspace<double>(at)},
                                     at.stage);
            },
            kernels::loss_workspace(max_rows_) * kDouble};
  }
  Launch operator()(const plan::Update&) const {
    std::vector<kernels::WeightExtent> extents;
    for (const int weight : trained_weights(program_, weights_)) {
      const plan::Tensor& tensor = program_.tensor(weight);
      extents.push_back({tensor.offset, tensor.elements});
    }
    const kernels::UpdatePieces cut = kernels::cut_weights(extents);
    const int piece_count = extent(static_cast<std::int64_t>(cut.pieces.size()));
    const int weight_count = extent(static_cast<std::int64_t>(extents.size()));
    const std::size_t pieces = constants_.add(cut.pieces);
    const std::size_t first_of_weight = constants_.add(cut.first_of_weight);
    return {[=, choices = update_, moving = moving_](const Site& at) {
              const Layout& layout = *at.memory.layout;
              kernels::Update update;
              update.weights = at.memory.in_state<float>(layout.parameters);
              update.gradients = at.memory.in_scratch<float>(layout.gradients);
              update.moment_1 = at.memory.in_state<float>(layout.moment_1);
              update.moment_2 = at.memory.in_state<float>(layout.moment_2);
              update.copy = at.memory.in_state<Bf16>(layout.halves);
              update.statistics = at.memory.in_state<float>(layout.statistics);
              update.next_statistics = at.memory.in_state<float>(layout.statistics, moving);
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
              kernels::update(update, at.stage);
            },
            kernels::update_workspace(piece_count, weight_count) * kDouble};
  }

 private:
  static kernels::Window product_window(const auto& step) {
    return kernels::product_window(extent(step.rows), extent(step.in), extent(step.out));
  }

  /// Found to be too large before anything runs, as convolutions are by the room they ask for.
  kernels::Window pool_window(const plan::Window& window) const {
    const kernels::Window pool = window_of(window);
    kernels::check_pooling(pool, max_rows_);
    return pool;
  }

  /// A convolution or product, with the activation behind it.
  Launch forward(const Products& products, const auto& s, const kernels::Window& window) const {
    if (!activation_) return products.forward({window, s.x, s.w, s.b, s.y});
    return products.forward(
        {window, s.x, s.w, s.b, activation_->y, activation_->slot, activation_->slope});
  }

  /// Both gradients of a convolution or product.
  static Launch backward(const Products& products, const auto& s, const kernels::Window& window) {
    return products.backward({window, s.x, s.w, s.dy, s.dx, s.dw, s.db});
  }

  /// The pooled gradient is spread over the image in the workspace first.
  template <class T>
  Launch pooled_backward(const plan::PooledConvolutionBackward& s) const {
    const kernels::Window pool = pool_window(s.pool);
    const std::int64_t elements =
        std::int64_t{pool.image.height} * pool.image.width * pool.channels_out * max_rows_;
    const std::int64_t bytes = aligned(elements * std::int64_t{sizeof(T)});
    const Launch product =
        convolutions_->backward({window_of(s.window), s.x, s.w, kNone, s.dx, s.dw, s.db, bytes});
    Launch launch = product;
    launch.run = [s, pool, t = tensors_, run = product.run](const Site& at) {
      kernels::max_pool_backward({pool, t.in(at, s.dy), t.bytes(at, s.index), workspace<T>(at)},
                                 at.stage);
      run(at);
    };
    return launch;
  }

  /// An AlphaMap whose tables are among the constants.
  struct AlphaMap {
    int size;
    int alphas;
    std::size_t of_element, elements, first;

    kernels::AlphaMap on(const Constants& constants) const {
      return {size, alphas, constants.at<int>(of_element), constants.at<int>(elements),
              constants.at<int>(first)};
    }
  };
  AlphaMap alpha_map(const Shape& sample, TensorId alpha) const {
    const plan::Tensor& weights = program_.tensor(alpha);
    const std::vector<std::int64_t> places = backend::broadcast_places(sample, weights.shape);
    const int size = extent(static_cast<std::int64_t>(places.size()));
    const int alphas = extent(weights.elements);
    std::vector<int> of_element;
    std::vector<int> elements;
    std::vector<int> first(static_cast<std::size_t>(alphas) + 1, 0);
    for (int i = 0; i < size; ++i) {
      of_element.push_back(static_cast<int>(places[static_cast<std::size_t>(i)]));
      elements.push_back(i);
      ++first[static_cast<std::size_t>(of_element.back()) + 1];
    }
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    std::stable_sort(elements.begin(), elements.end(), [&](int a, int b) {
      return of_element[static_cast<std::size_t>(a)] < of_element[static_cast<std::size_t>(b)];
    });
    return {size, alphas, constants_.add(of_element), constants_.add(elements),
            constants_.add(first)};
  }

  const Schedule& program_;
  Tensors tensors_;
  std::unique_ptr<Products> convolutions_;
  std::unique_ptr<Products> dense_;
  bool bf16_;
  std::size_t weights_;
  int moving_;  ///< elements of the moving statistics
  int max_rows_;
  UpdateChoices update_;
  Constants& constants_;
  std::optional<plan::Activate> activation_;  ///< of the job at hand
};

}  // namespace

std::vector<Launch> lower(const plan::Plan& plan, const Schedule& program, std::int64_t max_rows,
                          const UpdateChoices& update, Constants& constants,
                          const Multipliers& multipliers) {
  Lowering lowering(plan, program, max_rows, update, constants, multipliers);
  std::vector<Launch> launches;
  for (const Job& job : program.jobs) launches.push_back(lowering.lower(job));
  return launches;
}

std::vector<int> trained_weights(const Schedule& program, std::size_t weights) {
  std::vector<int> trained;
  for (std::size_t i = 0; i < weights; ++i) {
    if (program.tensors[i].home == plan::Home::parameters) trained.push_back(static_cast<int>(i));
  }
  return trained;
}

std::string non_finite_weight(const Schedule& program, std::size_t weights, int found) {
  const std::vector<int> trained = trained_weights(program, weights);
  if (std::cmp_less(found, trained.size())) {
    return program.tensor(trained[static_cast<std::size_t>(found)]).name;
  }
  const std::int64_t place = found - std::ssize(trained);
  const auto statistic =
      std::find_if(program.tensors.begin(), program.tensors.end(), [&](const plan::Tensor& tensor) {
        return tensor.home == plan::Home::statistics && tensor.offset <= place &&
               place < tensor.offset + tensor.elements;
      });
  return statistic->name;
}

}  // namespace saltus::cuda
