#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

#include "graph/structure.h"
#include "plan/passes.h"

namespace saltus::plan {
namespace {

constexpr std::int64_t kMostPooled = 256;  // the place of a maximum in its window is kept in a byte
constexpr std::int64_t kAlignment = 16;    // elements of the flat arrays: 64 bytes, a cache line

std::int64_t align(std::int64_t elements) {
  return (elements + kAlignment - 1) / kAlignment * kAlignment;
}

bool is_crossentropy_of_probabilities(const Loss& loss) {
  return loss == Loss::categorical_crossentropy || loss == Loss::sparse_categorical_crossentropy ||
         loss == Loss::binary_crossentropy;
}

Window window_of(const Shape& image, Size2 size, Size2 strides, layers::Padding padding,
                 std::int64_t channels_out) {
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

/// Lowers one graph; a visitor of its layers.
class Lowering {
 public:
  Lowering(const Graph& graph, const Loss& loss, Mode mode) : graph_(graph), loss_(loss) {
    draft_.mode = mode;
  }

  Draft run() {
    add_weights();
    const auto& nodes = graph_.nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      node_ = &nodes[i];
      fused_softmax_ = i + 1 == nodes.size() && draft_.mode != Mode::predict &&
                       std::holds_alternative<layers::Softmax>(node_->layer) &&
                       is_crossentropy_of_probabilities(loss_);
      values_.push_back(std::visit(*this, node_->layer));
    }
    finish();
    return std::move(draft_);
  }

  TensorId operator()(const layers::Input&) {
    const TensorId x = result("");
    draft_.steps.emplace_back(LoadInput{x});
    return x;
  }
  TensorId operator()(const layers::Conv2D& layer) {
    const TensorId x = input();
    const TensorId w = weight(0);
    const TensorId b = layer.use_bias ? weight(1) : kNone;
    const TensorId y = product();
    draft_.steps.emplace_back(Convolution{
        x, w, b, y,
        window_of(input_shape(), layer.kernel_size, layer.strides, layer.padding, layer.filters)});
    return activated(y);
  }
  TensorId operator()(const layers::Dense& layer) {
    const TensorId x = input();
    const TensorId w = weight(0);
    const TensorId b = layer.use_bias ? weight(1) : kNone;
    const TensorId y = product();
    const std::int64_t in = input_shape().back();
    draft_.steps.emplace_back(
        Product{x, w, b, y, element_count(input_shape()) / in, in, layer.units});
    return activated(y);
  }
  // The values stay where they are; only the shape that readers assume differs.
  TensorId operator()(const layers::Flatten&) { return input(); }
  TensorId operator()(const layers::Reshape&) { return input(); }
  TensorId operator()(const Activation&) { return activate(input()); }
  TensorId operator()(const layers::Softmax&) { return fused_softmax_ ? input() : softmax(false); }
  TensorId operator()(const layers::LogSoftmax&) { return softmax(true); }
  TensorId operator()(const layers::PReLU&) {
    const TensorId x = input();
    const TensorId y = result("");
    draft_.steps.emplace_back(ParametricRelu{x, weight(0), y, node_->shape});
    return y;
  }
  TensorId operator()(const layers::MaxPooling2D& layer) {
    if (layer.pool_size.height * layer.pool_size.width > kMostPooled) {
      throw InvalidArgument(
          fmt::format("{}: a max-pooling window has at most {} positions; pool in two steps",
                      node_->name, kMostPooled));
    }
    const TensorId x = input();
    const TensorId y = result("");
    const TensorId index = training() ? result("/index", DType::u8) : kNone;
    draft_.steps.emplace_back(
        MaxPool{x, y, index, pool_window(layer.pool_size, layer.strides, layer.padding)});
    return y;
  }
  TensorId operator()(const layers::AveragePooling2D& layer) {
    const TensorId x = input();
    const TensorId y = result("");
    draft_.steps.emplace_back(
        AveragePool{x, y, pool_window(layer.pool_size, layer.strides, layer.padding)});
    return y;
  }
  TensorId operator()(const layers::GlobalAveragePooling2D&) {
    const TensorId x = input();
    const TensorId y = result("");
    const Size2 whole{input_shape()[0], input_shape()[1]};
    draft_.steps.emplace_back(AveragePool{x, y, pool_window(whole, whole, layers::Padding::valid)});
    return y;
  }
  TensorId operator()(const layers::Dropout&) { return drop(); }
  TensorId operator()(const layers::AlphaDropout&) { return drop(); }
  TensorId operator()(const layers::BatchNormalization& layer) {
    const TensorId x = input();
    const std::int64_t channels = input_shape().back();
    Normalize step{};
    step.x = x;
    step.gamma = weight(0);
    step.beta = weight(1);
    step.moving_mean = weight(2);
    step.moving_variance = weight(3);
    step.next_mean = training() ? next_statistic(step.moving_mean) : kNone;
    step.next_variance = training() ? next_statistic(step.moving_variance) : kNone;
    step.mean = training() ? batch_statistic("/mean", channels) : kNone;
    step.inverse_deviation = training() ? batch_statistic("/inverse_deviation", channels) : kNone;
    step.y = result("");
    step.rows = element_count(input_shape()) / channels;
    step.channels = channels;
    step.momentum = layer.momentum;
    step.epsilon = layer.epsilon;
    draft_.steps.emplace_back(step);
    return step.y;
  }
  TensorId operator()(const layers::Add&) {
    TensorId sum = values_[static_cast<std::size_t>(node_->inputs[0])];
    for (std::size_t i = 1; i < node_->inputs.size(); ++i) {
      const TensorId y = result("");
      draft_.steps.emplace_back(Sum{sum, values_[static_cast<std::size_t>(node_->inputs[i])], y});
      sum = y;
    }
    return sum;
  }

 private:
  bool training() const { return draft_.mode == Mode::train; }

  /// Weights first, so that their ids are the same in all programs; then their gradients.
  void add_weights() {
    std::int64_t parameters = 0;
    for (const Node& node : graph_.nodes()) {
      first_weight_.push_back(static_cast<TensorId>(draft_.tensors.size()));
      for (const Weight& weight : node.weights) {
        const std::int64_t elements = element_count(weight.shape);
        std::int64_t& offset = weight.trainable ? parameters : statistics_;
        draft_.tensors.push_back({weight.name, weight.shape, DType::f32,
                                  weight.trainable ? Home::parameters : Home::statistics, elements,
                                  offset});
        offset += align(elements);
      }
    }
    moving_ = statistics_;
    if (training()) statistics_ += moving_;  // what they are to become
    const std::size_t weights = draft_.tensors.size();
    draft_.gradient_of_weight.assign(weights, kNone);
    for (std::size_t i = 0; training() && i < weights; ++i) {
      if (draft_.tensors[i].home != Home::parameters) continue;
      Tensor gradient = draft_.tensors[i];
      gradient.name = "d " + gradient.name;
      gradient.home = Home::gradients;
      draft_.gradient_of_weight[i] = static_cast<TensorId>(draft_.tensors.size());
      draft_.tensors.push_back(std::move(gradient));
    }
  }

  TensorId input() const { return values_[static_cast<std::size_t>(node_->inputs[0])]; }
  const Shape& input_shape() const {
    return graph_.nodes()[static_cast<std::size_t>(node_->inputs[0])].shape;
  }
  TensorId weight(int number) const {
    return first_weight_[static_cast<std::size_t>(node_ - graph_.nodes().data())] + number;
  }
  TensorId result(std::string_view suffix, DType type = DType::f32) {
    return draft_.add_tensor(node_->name + std::string(suffix), node_->shape, type);
  }
  TensorId statistic(std::string name, std::int64_t channels, std::int64_t offset) {
    const TensorId id = draft_.add_tensor(std::move(name), {channels});
    Tensor& tensor = draft_.tensors[static_cast<std::size_t>(id)];
    tensor.home = Home::statistics;
    tensor.offset = offset;
    return id;
  }
  TensorId next_statistic(TensorId moving) {
    const Tensor tensor = draft_.tensors[static_cast<std::size_t>(moving)];
    return statistic(tensor.name + "/next", tensor.elements, tensor.offset + moving_);
  }
  TensorId batch_statistic(std::string_view suffix, std::int64_t channels) {
    const std::int64_t offset = statistics_;
    statistics_ += align(channels);
    return statistic(node_->name + std::string(suffix), channels, offset);
  }
  Window pool_window(Size2 size, Size2 strides, layers::Padding padding) const {
    return window_of(input_shape(), size, strides, padding, input_shape()[2]);
  }
  TensorId activate(TensorId x) {
    const TensorId y = result("");
    const TensorId slope = training() ? result("/slope") : kNone;
    draft_.steps.emplace_back(Activate{x, y, slope, activation_slots_++});
    return y;
  }
  /// What a layer's product is, before its activation if it has one.
  TensorId product() { return result(activation_of(node_->layer) != nullptr ? "/product" : ""); }
  TensorId activated(TensorId y) {
    return activation_of(node_->layer) != nullptr ? activate(y) : y;
  }
  TensorId softmax(bool log) {
    const TensorId x = input();
    const TensorId y = result("");
    const std::int64_t channels = node_->shape.back();
    draft_.steps.emplace_back(
        SoftmaxRows{x, y, element_count(node_->shape) / channels, channels, log});
    return y;
  }
  TensorId drop() {
    const int slot = dropout_slots_++;
    if (!training()) return input();
    const TensorId x = input();
    const TensorId y = result("");
    draft_.steps.emplace_back(Drop{x, y, slot});
    return y;
  }
  void finish() {
    const TensorId output = values_.back();
    if (draft_.mode == Mode::predict) {
      draft_.output = output;
      return;
    }
    const TensorId gradient =
        training() ? draft_.add_tensor("d " + graph_.output().name, graph_.output().shape) : kNone;
    draft_.steps.emplace_back(EvaluateLoss{output, gradient, element_count(graph_.output().shape),
                                           loss_, fused_softmax_});
  }

  const Graph& graph_;
  Loss loss_;
  Draft draft_;
  const Node* node_ = nullptr;
  std::vector<TensorId> first_weight_;  ///< by node
  std::vector<TensorId> values_;        ///< by node: the tensor that holds its output
  std::int64_t statistics_ = 0;
  std::int64_t moving_ = 0;  ///< of statistics_
  int activation_slots_ = 0;
  int dropout_slots_ = 0;
  bool fused_softmax_ = false;
};

void check_loss(const Graph& graph, const Loss& loss) {
  const bool over_classes = loss == Loss::categorical_crossentropy ||
                            loss == Loss::sparse_categorical_crossentropy ||
                            loss == Loss::categorical_crossentropy_from_logits;
  if (over_classes && element_count(graph.output().shape) < 2) {
    throw InvalidArgument(
        fmt::format("loss {} needs an output of two classes or more, but {} gives {}; use "
                    "binary_crossentropy for one output",
                    to_string(loss), graph.output().name, to_string(graph.output().shape)));
  }
}

}  // namespace

TensorId Draft::add_tensor(std::string name, Shape shape, DType type) {
  const std::int64_t elements = element_count(shape);
  tensors.push_back({std::move(name), std::move(shape), type, Home::batch, elements, 0});
  return static_cast<TensorId>(tensors.size() - 1);
}

Draft lower(const Graph& graph, const Loss& loss, Mode mode) {
  return Lowering(graph, loss, mode).run();
}

Plan make_plan(const Graph& graph, const Loss& loss, Precision precision) {
  check_loss(graph, loss);
  Plan plan;
  plan.input = graph.nodes().front().shape;
  plan.output = graph.output().shape;
  plan.precision = precision;
  for (const Node& node : graph.nodes()) {
    plan.weights.insert(plan.weights.end(), node.weights.begin(), node.weights.end());
    plan.activation_slots += activation_of(node.layer) != nullptr;
    plan.dropout_slots += std::holds_alternative<layers::Dropout>(node.layer) ||
                          std::holds_alternative<layers::AlphaDropout>(node.layer);
  }
  const auto make = [&](Mode mode) {
    Draft draft = lower(graph, loss, mode);
    fuse(draft);
    if (mode == Mode::train) {
      add_backward(draft);
      recompute(draft);
    }
    assign_types(draft, precision);
    return place(std::move(draft));
  };
  plan.train = make(Mode::train);
  plan.evaluate = make(Mode::evaluate);
  plan.predict = make(Mode::predict);
  for (std::size_t i = 0; i < plan.train.tensors.size(); ++i) {
    const Tensor& tensor = plan.train.tensors[i];
    const std::int64_t end = tensor.offset + align(tensor.elements);
    if (tensor.home == Home::parameters) plan.parameter_count = std::max(plan.parameter_count, end);
    if (tensor.home != Home::statistics) continue;
    plan.statistic_count = std::max(plan.statistic_count, end);
    if (i < plan.weights.size()) plan.moving_count = std::max(plan.moving_count, end);
  }
  return plan;
}

}  // namespace saltus::plan
