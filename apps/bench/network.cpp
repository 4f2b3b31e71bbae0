#include "network.h"

#include <algorithm>
#include <fstream>
#include <random>

#include <fmt/format.h>

#include <saltus/dataset.h>
#include <saltus/error.h>
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

Samples Images::batches_from(std::int64_t batch, std::int64_t count) const {
  const std::int64_t first = std::min(batch * kBatch, images_.count);
  Samples some = images_.samples(first + count * kBatch);
  const std::int64_t pixels = images_.height * images_.width * images_.channels;
  const auto behind = [](std::int64_t values) {
    return [skipped = static_cast<std::size_t>(values)](auto& all) { all = all.subspan(skipped); };
  };
  std::visit(behind(first * pixels), some.inputs);
  std::visit(behind(first), some.targets);
  some.count -= first;
  return some;
}

Optimizer tutorial_optimizer() {
  Adam adam;
  adam.clipping.clipvalue = 0.5;
  return adam;
}

CompileOptions compile_options(const Options& options) {
  CompileOptions compile;
  compile.loss = losses::BinaryCrossentropy{};
  compile.optimizer = tutorial_optimizer();
  compile.metrics = {metrics::BinaryAccuracy{}, metrics::CategoricalAccuracy{}};
  compile.device = parse_device(options.device);
  compile.precision = parse_precision(options.precision);
  compile.threads = options.threads;
  return compile;
}

std::vector<std::vector<float>> read_weights(const std::string& path,
                                             const std::vector<Weight>& weights) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError(fmt::format("cannot read {}", path));
  std::vector<std::vector<float>> all;
  for (const Weight& weight : weights) {
    auto& values = all.emplace_back(static_cast<std::size_t>(element_count(weight.shape)));
    if (!file.read(reinterpret_cast<char*>(values.data()),
                   static_cast<std::streamsize>(values.size() * sizeof(float)))) {
      throw DataError(fmt::format("{} holds too few weights", path));
    }
  }
  if (file.peek() != std::ifstream::traits_type::eof())
    throw DataError(fmt::format("{} holds more than the network's weights", path));
  return all;
}

Model make_model(const std::string& activation, const Options& options) {
  Model model(network_of({}, {.activation = Activation::parse(activation)}, {28, 28, 1}, 10));
  model.compile(compile_options(options));
  return model;
}

}  // namespace saltus::bench
