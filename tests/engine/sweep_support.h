// Small data and results for the tests of sweeps and reports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <saltus/sweep.h>

namespace saltus::test {

/// `count` images 8 x 8 of two classes: the left or the right half is bright, with noise.
inline ImageSet small_images(std::int64_t count, std::uint32_t noise_seed) {
  ImageSet set;
  set.count = count;
  set.height = 8;
  set.width = 8;
  std::uint32_t state = noise_seed;
  std::vector<std::uint8_t> pixels;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(i % 2);
    set.labels.push_back(label);
    for (int pixel = 0; pixel < 64; ++pixel) {
      state = state * 1664525u + 1013904223u;
      const bool bright = (pixel % 8 < 4) == (label == 0);
      pixels.push_back(static_cast<std::uint8_t>((bright ? 128u : 0u) + (state >> 25)));
    }
  }
  set.pixels = std::move(pixels);
  set.images_md5 = "images" + std::to_string(noise_seed);
  set.labels_md5 = "labels" + std::to_string(noise_seed);
  return set;
}

/// `count` images 8 x 8 of ten classes in which there is nothing to be learnt.
inline ImageSet random_images(std::int64_t count, std::uint32_t seed) {
  ImageSet set = small_images(count, seed);
  std::uint32_t state = seed;
  const auto draw = [&](std::uint32_t limit) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
  };
  for (std::uint8_t& pixel : std::get<std::vector<std::uint8_t>>(set.pixels)) {
    pixel = static_cast<std::uint8_t>(draw(256));
  }
  for (std::int32_t& label : set.labels) label = static_cast<std::int32_t>(draw(10));
  return set;
}

/// 64 such images to train on and 32 to validate with.
inline ImageDataset random_data() {
  ImageDataset data;
  data.name = "tiny";
  data.source = "nowhere";
  data.classes = 10;
  data.train = random_images(64, 1);
  data.test = random_images(32, 2);
  return data;
}

inline ImageDataset small_data() {
  ImageDataset data;
  data.name = "halves";
  data.source = "nowhere";
  data.classes = 2;
  data.train = small_images(64, 1);
  data.test = small_images(32, 2);
  return data;
}

/// Two activations, two epochs of four steps.
inline SweepConfig small_config() {
  SweepConfig config;
  config.activations = {Activation::parse("relu"), Activation::parse("selu")};
  config.batch_sizes = {16};
  config.epochs = {2};
  config.device = Device::cpu;
  config.threads = 1;  // steps this small are faster so
  return config;
}

/// A trial that ended well, with these validation accuracies.
inline TrialResult finished(const TrialSpec& trial, const std::vector<double>& accuracies) {
  TrialResult result;
  result.id = trial.id;
  result.seed = trial.seed;
  result.status = TrialStatus::ok;
  result.device = "cpu";
  result.seconds = 1.5;
  for (std::size_t epoch = 0; epoch < accuracies.size(); ++epoch) {
    result.history.epoch.push_back(static_cast<int>(epoch));
    for (const char* name :
         {"loss", "binary_accuracy", "categorical_accuracy", "val_loss", "val_binary_accuracy",
          "val_categorical_accuracy", "seconds", "images_per_second", "learning_rate", "clipped"}) {
      result.history.history[name].push_back(accuracies[epoch]);
    }
  }
  return result;
}

}  // namespace saltus::test
