#include "network.h"

#include <algorithm>
#include <random>

#include <saltus/dataset.h>
#include <saltus/sweep.h>

namespace saltus::bench {

Images::Images(const std::string& folder) {
  if (!folder.empty()) {
    ImageDataset data = load_dataset(folder);
    pixels_ = std::move(data.train.pixels);
    labels_ = std::move(data.train.labels);
    return;
  }
  constexpr std::size_t kCount = 60000;
  constexpr std::size_t kPixels = std::size_t{28} * 28;
  std::mt19937 random(0);
  pixels_.resize(kCount * kPixels);
  labels_.resize(kCount);
  for (std::uint8_t& label : labels_) label = static_cast<std::uint8_t>(random() % 10);
  // One fifth of MNIST's pixels are not black.
  for (std::uint8_t& pixel : pixels_)
    pixel = static_cast<std::uint8_t>(random() % 5 == 0 ? random() % 256 : 0);
}

Samples Images::first(std::int64_t batches) const {
  const auto all = static_cast<std::int64_t>(labels_.size());
  Samples samples;
  samples.count = std::min(batches * kBatch, all);
  samples.inputs = std::span<const std::uint8_t>(pixels_).first(
      static_cast<std::size_t>(samples.count) * (pixels_.size() / labels_.size()));
  samples.targets =
      std::span<const std::uint8_t>(labels_).first(static_cast<std::size_t>(samples.count));
  return samples;
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
