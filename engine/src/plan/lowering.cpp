#include "plan/lowering.h"

#include <algorithm>
#include <utility>

namespace saltus::plan {

StatisticCounts count_statistics(const Graph& graph) {
  StatisticCounts counts;
  for (const Node& node : graph.nodes()) {
    std::int64_t& count = ops::statistics_move(node.layer) ? counts.moving : counts.kept;
    for (const Weight& weight : node.weights) {
      if (!weight.trainable) count += align(element_count(weight.shape));
    }
  }
  return counts;
}

Lowering::Lowering(const Graph& graph, const ops::Slots& slots, const Loss& loss, Mode mode)
    : graph_(graph), slots_(slots), loss_(loss) {
  result_.program.mode = mode;
}

Lowering::Result Lowering::run() {
  add_weights();
  const auto& nodes = graph_.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    node_ = &nodes[i];
    loss_takes_softmax_ = i + 1 == nodes.size() && result_.program.mode != Mode::predict &&
                          std::holds_alternative<layers::Softmax>(node_->layer) &&
                          loss_.takes_softmax();
    result_.values.push_back(
        std::visit([&]<class L>(const L& layer) { return ops::LayerRule<L>::lower(layer, *this); },
                   node_->layer));
  }
  if (result_.program.mode == Mode::predict) {
    result_.program.output = result_.values.back();
  } else {
    add_loss();
  }
  return std::move(result_);
}

/// Weights first, so that their ids are the same in all programs; then their gradients.
void Lowering::add_weights() {
  std::vector<Tensor>& tensors = result_.program.tensors;
  const StatisticCounts counts = count_statistics(graph_);
  std::int64_t parameters = 0;
  std::int64_t moving = 0;
  std::int64_t kept = counts.moving;
  for (const Node& node : graph_.nodes()) {
    first_weight_.push_back(static_cast<TensorId>(tensors.size()));
    for (const Weight& weight : node.weights) {
      const std::int64_t elements = element_count(weight.shape);
      std::int64_t& offset = weight.trainable                   ? parameters
                             : ops::statistics_move(node.layer) ? moving
                                                                : kept;
      tensors.push_back({weight.name, weight.shape, DType::f32,
                         weight.trainable ? Home::parameters : Home::statistics, elements, offset});
      offset += align(elements);
    }
  }
  next_ = counts.moving + counts.kept;
  statistics_ = next_ + (training() ? counts.moving : 0);
  const std::size_t weights = tensors.size();
  std::vector<TensorId>& gradients = result_.program.gradient_of_weight;
  gradients.assign(weights, kNone);
  for (std::size_t i = 0; differentiates() && i < weights; ++i) {
    if (tensors[i].home != Home::parameters) continue;
    Tensor gradient = tensors[i];
    gradient.name = "d " + gradient.name;
    gradient.home = Home::gradients;
    gradients[i] = static_cast<TensorId>(tensors.size());
    tensors.push_back(std::move(gradient));
  }
}

void Lowering::add_loss() {
  const Node& last = graph_.output();
  const TensorId gradient =
      differentiates() ? result_.program.add_tensor("d " + last.name, last.shape) : kNone;
  result_.loss = ops::EvaluateLoss{result_.values.back(), gradient, element_count(last.shape),
                                   loss_, loss_takes_softmax_};
}

TensorId Lowering::input(std::size_t number) const {
  return result_.values[static_cast<std::size_t>(node_->inputs[number])];
}

const Shape& Lowering::input_shape(std::size_t number) const {
  return graph_.nodes()[static_cast<std::size_t>(node_->inputs[number])].shape;
}

TensorId Lowering::weight(std::size_t place) const {
  return first_weight_[number()] + static_cast<TensorId>(place);
}

TensorId Lowering::output(std::string_view suffix, DType type) {
  return result_.program.add_tensor(node_->name + std::string(suffix), node_->shape, type);
}

TensorId Lowering::tensor(std::string_view suffix, Shape shape) {
  return result_.program.add_tensor(node_->name + std::string(suffix), std::move(shape));
}

TensorId Lowering::saved(std::string_view suffix, DType type) {
  return differentiates() ? output(suffix, type) : kNone;
}

TensorId Lowering::statistic(std::string name, std::int64_t channels, std::int64_t offset) {
  const TensorId id = result_.program.add_tensor(std::move(name), {channels});
  Tensor& tensor = result_.program.tensor(id);
  tensor.home = Home::statistics;
  tensor.offset = offset;
  return id;
}

TensorId Lowering::next_statistic(TensorId moving) {
  if (!training()) return kNone;
  const Tensor tensor = result_.program.tensor(moving);
  return statistic(tensor.name + "/next", tensor.elements, tensor.offset + next_);
}

TensorId Lowering::batch_statistic(std::string_view suffix, std::int64_t channels) {
  if (!training()) return kNone;
  const std::int64_t offset = statistics_;
  statistics_ += align(channels);
  return statistic(node_->name + std::string(suffix), channels, offset);
}

Window Lowering::window(Size2 size, Size2 strides, layers::Padding padding,
                        std::int64_t channels_out) const {
  const Shape& image = input_shape();
  Window window;
  window.image = {image[0], image[1]};
  window.size = size;
  window.strides = strides.height == 0 ? size : strides;
  const WindowPlacement placement = place_window(window.image, size, window.strides, padding);
  window.output = placement.output;
  window.padding_before = placement.padding_before;
  window.padding_after = placement.padding_after;
  window.channels_in = image[2];
  window.channels_out = channels_out;
  return window;
}

int Lowering::activation_slot() const {
  return slots_.activation[number()];
}

int Lowering::dropout_slot() const {
  return slots_.dropout[number()];
}

}  // namespace saltus::plan
