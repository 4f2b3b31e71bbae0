// A small network and how it is trained, for tests of Trainer.
#pragma once

#include <utility>

#include "train/trainer.h"

namespace saltus::train {

inline Graph small_graph(Layer dropout = layers::Dropout{0.5},
                         Initializer initializer = initializers::GlorotUniform{}) {
  Graph graph({3});
  graph.add(layers::Dense{.units = 4, .kernel_initializer = initializer});
  graph.add(std::move(dropout));
  graph.add(layers::Dense{.units = 2});
  return graph;
}

inline CompileOptions small_options() {
  return {.loss = losses::CategoricalCrossentropy{.from_logits = true},
          .metrics = {metrics::BinaryAccuracy{}, metrics::CategoricalAccuracy{}}};
}

}  // namespace saltus::train
