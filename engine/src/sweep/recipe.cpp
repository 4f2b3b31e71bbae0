#include <cmath>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <saltus/sweep.h>
#include <saltus/theory.h>

#include "core/names.h"
#include "core/number.h"

namespace saltus {
namespace {

constexpr Named<Recipe> kRecipes[] = {
    {Recipe::tutorial, "tutorial"},
    {Recipe::matched, "matched"},
    {Recipe::critical, "critical"},
};

constexpr std::string_view kOwnDropout = "network";

/// The choices of a recipe for an activation.
struct Companions {
  Initializer initializer;
  bool alpha_dropout;
  Initializer bias_initializer = initializers::Zeros{};
};

/// Where an activation keeps lengths and gradients, or at least a length of 1. Every trial asks,
/// and finding it takes 20 ms: it is kept.
CriticalPoint critical_point(const Activation& activation) {
  static std::mutex mutex;
  static std::map<std::string, CriticalPoint> known;
  const std::scoped_lock lock(mutex);
  const auto [place, is_new] = known.try_emplace(activation.str());
  if (is_new) {
    const SignalMap map = map_signals(activation);
    place->second =
        map.critical.value_or(CriticalPoint{.length = 1, .weight_variance = map.gain * map.gain});
  }
  return place->second;
}

/// Its dropout is that of the list.
Companions critical_companions(const Activation& activation) {
  using namespace initializers;
  const CriticalPoint at = critical_point(activation);
  return {VarianceScaling{.scale = at.weight_variance,
                          .mode = FanMode::fan_in,
                          .distribution = Distribution::untruncated_normal},
          activation.info().dropout == "alpha_dropout",
          RandomNormal{.mean = 0, .stddev = std::sqrt(at.bias_variance)}};
}

Companions companions(Recipe recipe, const Activation& activation) {
  using namespace initializers;
  switch (recipe) {
    case Recipe::tutorial:
      break;
    case Recipe::matched: {
      const ActivationInfo& info = activation.info();
      return {parse_initializer(info.initializer), info.dropout == "alpha_dropout"};
    }
    case Recipe::critical:
      return critical_companions(activation);
  }
  const bool selu = activation.name() == "selu";
  return {selu ? Initializer(LecunNormal()) : Initializer(GlorotUniform()), true};
}

/// Adds layers with what belongs to the activation.
class NetworkBuilder {
 public:
  NetworkBuilder(const Shape& image, const Activation& activation, const Companions& with,
                 bool batch_norm, const std::optional<double>& dropout)
      : graph_(image),
        activation_(activation),
        with_(with),
        batch_norm_(batch_norm),
        dropout_(dropout),
        is_row_(image.at(0) == 1),
        is_column_(image.at(1) == 1) {}

  /// Max-pooling of two pixels along each axis that has more than one in the image.
  void pool() { graph_.add(layers::MaxPooling2D{.pool_size = along_axes(2)}); }

  /// Convolution, normalization, activation.
  void convolve(double filters, layers::Padding padding) {
    graph_.add(convolution(filters, 3, 1, padding));
    normalize();
    activate();
  }

  /// Dense, normalization, activation.
  void connect(double units) {
    graph_.add(layers::Dense{.units = static_cast<std::int64_t>(units),
                             .use_bias = !batch_norm_,
                             .kernel_initializer = with_.initializer,
                             .bias_initializer = with_.bias_initializer});
    normalize();
    activate();
  }

  /// connect(), to whose result is added what came in, as many numbers.
  void connect_residual(double units) {
    const NodeId input = last();
    connect(units);
    graph_.add_to({last(), input}, layers::Add{});
  }

  /// At this rate, where no other was asked for.
  void drop(double usual) {
    const double rate = dropout_.value_or(usual);
    if (rate == 0) return;
    if (with_.alpha_dropout) {
      graph_.add(layers::AlphaDropout{rate});
    } else {
      graph_.add(layers::Dropout{rate});
    }
  }

  void add(Layer layer) { graph_.add(std::move(layer)); }

  /// Two convolutions whose result is added to what came in, the first in such steps.
  void add_residual(double filters, std::int64_t stride) {
    const NodeId input = last();
    graph_.add(convolution(filters, 3, stride, layers::Padding::same));
    normalize();
    activate();
    graph_.add(convolution(filters, 3, 1, layers::Padding::same));
    normalize();
    const NodeId result = last();
    NodeId shortcut = input;
    if (graph_.nodes()[static_cast<std::size_t>(input)].shape != graph_.output().shape) {
      shortcut = graph_.add_to({input}, convolution(filters, 1, stride, layers::Padding::same));
      if (batch_norm_) shortcut = graph_.add_to({shortcut}, layers::BatchNormalization{});
    }
    graph_.add_to({result, shortcut}, layers::Add{});
    activate();
  }

  Graph finish(std::int64_t outputs, Task task) {
    graph_.add(layers::Dense{.units = outputs});
    switch (task) {
      case Task::multi_class:
        graph_.add(layers::Softmax{});
        break;
      case Task::binary:
      case Task::multi_label:
        graph_.add(Activation("sigmoid"));
        break;
      case Task::regression:
        break;
    }
    return std::move(graph_);
  }

 private:
  /// A signal, whose image has one row or one column, is not convolved or pooled across.
  Size2 along_axes(std::int64_t size) const { return {is_row_ ? 1 : size, is_column_ ? 1 : size}; }
  layers::Conv2D convolution(double filters, std::int64_t size, std::int64_t stride,
                             layers::Padding padding) const {
    return {.filters = static_cast<std::int64_t>(filters),
            .kernel_size = along_axes(size),
            .strides = along_axes(stride),
            .padding = padding,
            .use_bias = !batch_norm_,
            .kernel_initializer = with_.initializer,
            .bias_initializer = with_.bias_initializer};
  }
  NodeId last() const { return static_cast<NodeId>(graph_.nodes().size()) - 1; }
  void normalize() {
    if (batch_norm_) graph_.add(layers::BatchNormalization{});
  }
  void activate() { graph_.add(activation_); }

  Graph graph_;
  Activation activation_;
  Companions with_;
  bool batch_norm_;
  std::optional<double> dropout_;
  bool is_row_;
  bool is_column_;
};

void add(NetworkBuilder& network, const architectures::Tutorial& /*tutorial*/) {
  network.convolve(32, layers::Padding::valid);
  network.convolve(64, layers::Padding::valid);
  network.pool();
  network.drop(0.25);
  network.add(layers::Flatten{});
  network.connect(128);
  network.drop(0.5);
}

void add(NetworkBuilder& network, const architectures::Mlp& mlp) {
  network.add(layers::Flatten{});
  for (int i = 0; i < mlp.depth; ++i) {
    if (mlp.residual == 1 && i > 0) {
      network.connect_residual(mlp.width);
    } else {
      network.connect(mlp.width);
    }
    network.drop(mlp.dropout);
  }
}

void add(NetworkBuilder& network, const architectures::Cnn& cnn) {
  double filters = cnn.filters;
  for (int i = 0; i < cnn.blocks; ++i, filters *= 2) {
    network.convolve(filters, layers::Padding::same);
    network.convolve(filters, layers::Padding::same);
    network.pool();
    network.drop(cnn.dropout);
  }
  network.add(layers::GlobalAveragePooling2D{});
}

void add(NetworkBuilder& network, const architectures::Resnet& resnet) {
  network.convolve(resnet.filters, layers::Padding::same);
  for (int stage = 0; stage < 3; ++stage) {
    const double filters = resnet.filters * (1 << stage);
    for (int block = 0; block < resnet.blocks; ++block)
      network.add_residual(filters, stage > 0 && block == 0 ? 2 : 1);
  }
  network.add(layers::GlobalAveragePooling2D{});
}

}  // namespace

std::string_view to_string(Recipe recipe) {
  return name_in(kRecipes, recipe);
}
Recipe parse_recipe(std::string_view name) {
  return parse_in(kRecipes, "recipe", name);
}

std::string text_of(const std::optional<Initializer>& initializer) {
  return initializer ? to_string(*initializer) : "recipe";
}
std::optional<Initializer> parse_initializer_or_recipe(std::string_view text) {
  if (text == text_of(std::nullopt)) return std::nullopt;
  return parse_initializer(text);
}

std::string dropout_text(const std::optional<double>& rate) {
  return rate ? fmt::format("{}", *rate) : std::string(kOwnDropout);
}
std::optional<double> parse_dropout(std::string_view text) {
  if (text == kOwnDropout) return std::nullopt;
  return parsed_number(text, "a dropout rate", "0.5");
}

Graph recipe_graph(Recipe recipe, const Activation& activation, const Shape& image,
                   std::int64_t outputs, const std::optional<Initializer>& initializer,
                   bool batch_norm, const Architecture& architecture,
                   const std::optional<double>& dropout, bool standardize, Task task) {
  Companions with = companions(recipe, activation);
  if (initializer) {
    with.initializer = *initializer;
    with.bias_initializer = initializers::Zeros{};
  }
  NetworkBuilder network(image, activation, with, batch_norm, dropout);
  if (standardize) network.add(layers::Normalization{});
  std::visit([&](const auto& one) { add(network, one); }, architecture);
  return network.finish(outputs, task);
}

Loss usual_loss(Task task) {
  switch (task) {
    case Task::multi_class:
      return losses::CategoricalCrossentropy{};
    case Task::binary:
    case Task::multi_label:
      break;
    case Task::regression:
      return losses::MeanSquaredError{};
  }
  return losses::BinaryCrossentropy{};
}

std::string network_text(const SweepConfig& config) {
  const std::string recipe = fmt::format("{} recipe", to_string(config.recipe));
  const bool is_tutorial = std::holds_alternative<architectures::Tutorial>(config.architecture);
  return is_tutorial ? recipe : fmt::format("{}, {}", text_of(config.architecture), recipe);
}

std::vector<Activation> tutorial_activations() {
  std::vector<Activation> activations;
  for (const char* name : {"sigmoid", "relu", "elu", "leaky_relu", "selu", "gelu_tanh"}) {
    activations.push_back(Activation::parse(name));
  }
  return activations;
}

}  // namespace saltus
