// Small networks that train side by side on the device: what the tests of the CUDA backend share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "backend/cuda/cuda.h"
#include "tests/reference/examples.h"
#include "train/trainer.h"

namespace saltus::tests {

/// Images of 8 x 8 bytes in three classes: 21 of them, so that batches of 8 end with one of 5.
struct Images {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> classes;

  explicit Images(std::uint64_t seed = 1, std::size_t count = 21) {
    reference::Random random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      classes.push_back(static_cast<std::uint8_t>(random.integer(0, 2)));
      for (int pixel = 0; pixel < 64; ++pixel)
        pixels.push_back(static_cast<std::uint8_t>(random.integer(0, 85 + 85 * classes.back())));
    }
  }
  Samples samples() const {
    return {
        .count = static_cast<std::int64_t>(classes.size()), .inputs = pixels, .targets = classes};
  }
};

constexpr std::int64_t kBatch = 8;

/// The network of the sweep, small.
inline Graph small_network(const char* activation, int filters = 3, int more_filters = 4) {
  Graph graph({8, 8, 1});
  graph.add(layers::Conv2D{.filters = filters});
  graph.add(reference::activation(activation));
  graph.add(layers::Conv2D{.filters = more_filters});
  graph.add(reference::activation(activation));
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::AlphaDropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 6});
  graph.add(reference::activation(activation));
  graph.add(layers::Dropout{0.5});
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

/// Six trials that differ in all that may differ.
inline std::vector<train::Entry> six_entries() {
  const Clipping value{.clipvalue = 0.01};
  const Clipping norm{.clipnorm = 0.1};
  const Clipping global_norm{.global_clipnorm = 0.2};
  return {{small_network("sigmoid"), Adam{}, 1},
          {small_network("relu"), Adam{.learning_rate = 0.01, .clipping = value}, 2},
          {small_network("elu"), SGD{.learning_rate = 0.1, .momentum = 0.9}, 3},
          {small_network("leaky_relu"), Adam{.beta_1 = 0.5, .clipping = norm}, 4},
          {small_network("selu"), SGD{.learning_rate = 0.1, .clipping = global_norm}, 5},
          {small_network("gelu_tanh"), SGD{.learning_rate = 0.1, .momentum = 0.5, .nesterov = true},
           6}};
}

/// The first of them.
inline std::vector<train::Entry> first_entries(std::ptrdiff_t count) {
  std::vector<train::Entry> entries = six_entries();
  entries.erase(entries.begin() + count, entries.end());
  return entries;
}

inline CompileOptions compile_options(Precision precision = Precision::fp32,
                                      const Libraries& libraries = {}) {
  return {.loss = losses::BinaryCrossentropy{},
          .metrics = {metrics::BinaryAccuracy{}, metrics::CategoricalAccuracy{}},
          .precision = precision,
          .libraries = libraries,
          .terminate_on_nan = true};
}

inline FitOptions fit_options(const Images& images, int epochs = 2) {
  return {.epochs = epochs, .batch_size = kBatch, .validation_data = images.samples()};
}

/// All weights of a trial, one after another.
inline std::vector<float> all_weights(const train::Trainer& trainer, int trial) {
  std::vector<float> all;
  for (std::size_t i = 0; i < trainer.weights().size(); ++i) {
    const std::vector<float> values = trainer.get_weight(trial, i);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

/// What a trial came to: figures that no clock has a part in, and weights.
struct Outcome {
  std::map<std::string, std::vector<double>> figures;
  std::vector<float> weights;

  Outcome(const train::Trainer& trainer, int trial, const History& history)
      : figures(history.history), weights(all_weights(trainer, trial)) {
    figures.erase("seconds");
    figures.erase("images_per_second");
  }
  bool operator==(const Outcome&) const = default;
};

/// Trains entries side by side.
inline std::vector<Outcome> train_side_by_side(std::vector<train::Entry> entries,
                                               Precision precision = Precision::fp32,
                                               const Libraries& libraries = {}) {
  const Images images;
  train::Trainer trainer(backend::cuda(), std::move(entries),
                         compile_options(precision, libraries));
  const std::vector<History> histories = trainer.fit(images.samples(), fit_options(images), {});
  std::vector<Outcome> outcomes;
  outcomes.reserve(histories.size());
  for (int trial = 0; trial < trainer.trials(); ++trial) {
    outcomes.emplace_back(trainer, trial, histories[static_cast<std::size_t>(trial)]);
  }
  return outcomes;
}

}  // namespace saltus::tests
