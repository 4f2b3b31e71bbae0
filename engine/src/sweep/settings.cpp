#include "sweep/settings.h"

#include <cmath>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <saltus/theory.h>

namespace saltus {
namespace {

/// Makes of each setting as many as there are values for one of its members.
template <class T>
void vary(std::vector<Setting>& settings, T Setting::*member, const std::vector<T>& values) {
  std::vector<Setting> varied;
  varied.reserve(settings.size() * values.size());
  for (const Setting& setting : settings) {
    for (const auto& value : values) varied.emplace_back(setting).*member = value;
  }
  settings = std::move(varied);
}

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

/// Those of the recipe, with the initializer that the setting asks for.
Companions companions(Recipe recipe, const Setting& setting) {
  Companions chosen = companions(recipe, setting.activation);
  if (setting.initializer) {
    chosen.initializer = *setting.initializer;
    chosen.bias_initializer = initializers::Zeros{};
  }
  return chosen;
}

/// Adds layers with what belongs to the activation.
class NetworkBuilder {
 public:
  NetworkBuilder(Recipe recipe, const Setting& setting, const Shape& image)
      : graph_(image),
        activation_(setting.activation),
        with_(companions(recipe, setting)),
        batch_norm_(setting.batch_norm),
        dropout_(setting.dropout),
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

std::vector<Activation> tutorial_activations() {
  std::vector<Activation> activations;
  for (const char* name : {"sigmoid", "relu", "elu", "leaky_relu", "selu", "gelu_tanh"}) {
    activations.push_back(Activation::parse(name));
  }
  return activations;
}

std::vector<Setting> settings_of(const SweepConfig& config) {
  std::vector<Setting> settings(1);
  vary(settings, &Setting::activation, config.activations);
  vary(settings, &Setting::initializer, config.initializers);
  vary(settings, &Setting::batch_norm, config.batch_norms);
  vary(settings, &Setting::dropout, config.dropouts);
  vary(settings, &Setting::optimizer, config.optimizers);
  vary(settings, &Setting::learning_rate, config.learning_rates);
  vary(settings, &Setting::schedule, config.schedules);
  vary(settings, &Setting::ema_momentum, config.ema_momenta);
  vary(settings, &Setting::clipping, config.clippings);
  vary(settings, &Setting::batch_size, config.batch_sizes);
  vary(settings, &Setting::epochs, config.epochs);
  return settings;
}

Graph network_of(const SweepConfig& config, const Setting& setting, const Shape& image,
                 std::int64_t outputs, Task task) {
  NetworkBuilder network(config.recipe, setting, image);
  if (config.standardize) network.add(layers::Normalization{});
  std::visit([&](const auto& one) { add(network, one); }, config.architecture);
  return network.finish(outputs, task);
}

Graph network_of(const SweepConfig& config, const Setting& setting, const ImageDataset& data) {
  const Shape image = {data.train.height, data.train.width, data.train.channels};
  return network_of(config, setting, image, outputs_of(data), data.task);
}

Optimizer optimizer_of(const Setting& setting) {
  Optimizer optimizer = with_learning_rate(setting.optimizer, setting.learning_rate);
  std::visit([&](auto& o) { o.clipping = setting.clipping; }, optimizer);
  return optimizer;
}

train::Entry entry_of(const SweepConfig& config, const ImageDataset& data, const Setting& setting,
                      std::uint64_t seed) {
  return {.graph = network_of(config, setting, data),
          .optimizer = optimizer_of(setting),
          .seed = seed,
          .schedule = setting.schedule,
          .ema_momentum = setting.ema_momentum};
}

}  // namespace saltus
