#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/depth.h>
#include <saltus/error.h>
#include <saltus/model.h>
#include <saltus/theory.h>

#include "core/boundary.h"

namespace saltus {
namespace {

constexpr int kMostLayers = 1000;
constexpr std::int64_t kMostWidth = 4096;
constexpr std::int64_t kSamples = 256;
constexpr std::int64_t kGradientSamples = 16;
constexpr int kClasses = 10;

void validate(const DepthOptions& options) {
  if (options.layers < 1 || options.layers > kMostLayers) {
    throw InvalidArgument(
        fmt::format("a chain has 1 to {} layers, not {}", kMostLayers, options.layers));
  }
  if (options.width < 2 || options.width > kMostWidth) {
    throw InvalidArgument(
        fmt::format("a chain is 2 to {} numbers wide, not {}", kMostWidth, options.width));
  }
}

struct Chain {
  Graph graph;
  std::vector<std::string> dense;  ///< names of the hidden layers
};

Chain chain_of(const Activation& activation, const Initializer& initializer,
               const DepthOptions& options) {
  Chain chain{Graph({options.width}), {}};
  const auto add = [&](Layer layer) {
    const NodeId id = chain.graph.add(std::move(layer));
    return chain.graph.nodes()[static_cast<std::size_t>(id)].name;
  };
  for (int i = 0; i < options.layers; ++i) {
    chain.dense.push_back(
        add(layers::Dense{.units = options.width, .kernel_initializer = initializer}));
    add(activation);
  }
  add(layers::Dense{.units = kClasses});
  add(layers::Softmax{});
  return chain;
}

/// What can be seen of outputs alone, in double.
LayerSignals signals_of(const std::vector<float>& outputs) {
  const auto count = static_cast<double>(outputs.size());
  double sum = 0;
  for (const float value : outputs) sum += double{value};
  const double mean = sum / count;
  double squares = 0;
  for (const float value : outputs) squares += (double{value} - mean) * (double{value} - mean);
  const auto positive = std::ranges::count_if(outputs, [](float value) { return value > 0; });
  return {.mean = mean,
          .sd = std::sqrt(squares / count),
          .positive = static_cast<double>(positive) / count};
}

/// The outputs behind each activation, layer by layer: each is fed with those of the one before.
std::vector<LayerSignals> layer_outputs(Model& model, const Activation& activation,
                                        std::vector<float> signals, const DepthOptions& options) {
  Graph graph({options.width});
  graph.add(layers::Dense{.units = options.width});
  graph.add(activation);
  Model layer = graph;
  layer.compile({.device = Device::cpu, .threads = options.threads});
  std::vector<LayerSignals> all;
  all.reserve(static_cast<std::size_t>(options.layers));
  for (std::size_t first = 1; std::ssize(all) < options.layers; first += 2) {
    for (std::size_t i = 0; i < 2; ++i) {
      const std::vector<Weight>& from = model.graph().nodes()[first + i].weights;
      const std::vector<Weight>& to = graph.nodes()[1 + i].weights;
      for (std::size_t weight = 0; weight < to.size(); ++weight)
        layer.set_weights(to[weight].name, model.get_weights(from[weight].name));
    }
    const Samples samples{
        .count = kSamples, .inputs = std::span<const float>(signals), .targets = {}};
    signals = layer.predict(samples, kSamples);
    all.push_back(signals_of(signals));
  }
  return all;
}

/// Adds the squares of each layer's derivatives by its activation's inputs: of a batch of one
/// sample the gradient by a bias.
class SquaredGradients {
 public:
  explicit SquaredGradients(const std::vector<std::string>& dense)
      : dense_(dense), sums_(dense.size(), 0.0) {}

  void add(TrainingControl& control) {
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      const std::vector<float> gradients = control.gradients(dense_[i] + "/bias");
      double squares = 0;
      for (const float value : gradients) squares += double{value} * double{value};
      sums_[i] += squares / static_cast<double>(gradients.size());
    }
    ++samples_;
  }
  double root_mean(std::size_t layer) const { return std::sqrt(sums_[layer] / samples_); }

 private:
  const std::vector<std::string>& dense_;
  std::vector<double> sums_;
  double samples_ = 0;
};

/// The share of f above 0 for inputs of mean 0, by the trapezoidal rule: three digits of it.
double positive_share(const Activation& activation, double length) {
  constexpr double kStep = 1.0 / 512;
  constexpr double kEnd = 9;
  double sum = 0;
  for (double z = -kEnd; z <= kEnd; z += kStep) {
    const double x = std::sqrt(length) * z;
    if (activation.f(static_cast<float>(x)) > 0) sum += std::exp(-0.5 * z * z);
  }
  return sum * kStep / std::sqrt(2 * std::numbers::pi);
}

/// Layer by layer: the inputs have mean 0 and variance 1.
std::vector<LayerSignals> expected_signals(const Activation& activation, double weight_variance,
                                           int layers) {
  std::vector<LayerSignals> expected(static_cast<std::size_t>(layers));
  std::vector<double> factors;  // of gradients, on their way back through each layer
  double square = 1;
  for (LayerSignals& layer : expected) {
    const double length = weight_variance * square;
    if (!(length > 0) || !std::isfinite(length)) {
      const double at_0{activation.f(0)};
      layer = length == 0 ? LayerSignals{.mean = at_0, .positive = at_0 > 0 ? 1.0 : 0.0}
                          : LayerSignals{length, length, length, length};
      square = length == 0 ? layer.mean * layer.mean : length;
      factors.push_back(length == 0 ? 0 : length);
      continue;
    }
    const GaussianMoments moments = gaussian_moments(activation, 0, length);
    square = moments.square;
    layer.mean = moments.mean;
    layer.sd = std::sqrt(std::max(square - moments.mean * moments.mean, 0.0));
    layer.positive = positive_share(activation, length);
    factors.push_back(std::sqrt(weight_variance * moments.slope_square));
  }
  expected.back().gradient = 1;
  for (std::size_t i = expected.size() - 1; i-- > 0;)
    expected[i].gradient = expected[i + 1].gradient * factors[i];
  return expected;
}

}  // namespace

DepthSignals probe_depth(const Activation& activation, const DepthOptions& options) try {
  validate(options);
  DepthSignals result;
  result.activation = activation;
  result.initializer =
      options.initializer ? *options.initializer : parse_initializer(activation.info().initializer);
  const Chain chain = chain_of(activation, result.initializer, options);
  Model model = chain.graph;
  // A rate of 0: the step that shows the gradients changes nothing.
  model.compile({.optimizer = SGD{.learning_rate = 0},
                 .device = Device::cpu,
                 .threads = options.threads,
                 .seed = options.seed});

  std::vector<float> inputs(static_cast<std::size_t>(kSamples * options.width));
  initialize(initializers::RandomNormal{.mean = 0, .stddev = 1}, {}, options.seed, 0, inputs);
  std::vector<std::int32_t> classes(static_cast<std::size_t>(kSamples));
  for (std::size_t i = 0; i < classes.size(); ++i)
    classes[i] = static_cast<std::int32_t>(i % kClasses);
  result.layers = layer_outputs(model, activation, inputs, options);
  SquaredGradients gradients(chain.dense);
  const auto keep = [&](std::int64_t /*batch*/, const Logs& /*logs*/, TrainingControl& control) {
    gradients.add(control);
  };
  const Samples some{.count = kGradientSamples,
                     .inputs = std::span<const float>(inputs).first(
                         static_cast<std::size_t>(kGradientSamples * options.width)),
                     .targets = std::span<const std::int32_t>(classes).first(kGradientSamples)};
  model.fit(some, {.batch_size = 1,
                   .shuffle = false,
                   .callbacks = {LambdaCallback{.on_train_batch_end = keep}}});
  for (std::size_t i = 0; i < result.layers.size(); ++i)
    result.layers[i].gradient = gradients.root_mean(i);

  result.expected = expected_signals(
      activation, weight_variance_of(result.initializer, options.width), options.layers);
  return result;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
