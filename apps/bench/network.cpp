#include "network.h"

#include <algorithm>
#include <random>

#include <saltus/dataset.h>
#include <saltus/sweep.h>

namespace saltus::bench {

Images::Images(const std::string& folder) {
  if (!folder.empty()) {
    images_ = load_dataset(folder).train;
    return;
  }
  images_.count = 60000;
  images_.height = images_.width = 28;
  const auto count = static_cast<std::size_t>(images_.count);
  std::mt19937 random(0);
  images_.labels.resize(count);
  for (std::int32_t& label : images_.labels) label = static_cast<std::int32_t>(random() % 10);
  // One fifth of MNIST's pixels are not black.
  std::vector<std::uint8_t> pixels(count * 28 * 28);
  for (std::uint8_t& pixel : pixels)
    pixel = static_cast<std::uint8_t>(random() % 5 == 0 ? random() % 256 : 0);
  images_.pixels = std::move(pixels);
}

Samples Images::first(std::int64_t batches) const {
  return images_.samples(batches * kBatch);
}

Optimizer tutorial_optimizer() {
  Adam adam;
  adam.clipping.clipvalue = 0.5;
  return adam;
}

CompileOptions compile_options(const Options& options) {
  CompileOptions compile;
  compile.loss = Loss::binary_crossentropy;
  compile.optimizer = tutorial_optimizer();
  compile.metrics = {Metric::binary_accuracy, Metric::categorical_accuracy};
  compile.device = parse_device(options.device);
  compile.precision = parse_precision(options.precision);
  compile.threads = options.threads;
  return compile;
}

Model make_model(const std::string& activation, const Options& options) {
  Model model(recipe_graph(Recipe::tutorial, Activation::parse(activation), {28, 28, 1}, 10));
  model.compile(compile_options(options));
  return model;
}

}  // namespace saltus::bench
