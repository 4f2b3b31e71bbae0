#include "data/mnist1d.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <saltus/kernels/normal_numbers.h>
#include <saltus/kernels/random.h>

#include "data/checksums.h"

namespace saltus {
namespace {

constexpr std::size_t kTemplate = 12;
constexpr std::uint32_t kClasses = 10;
constexpr std::uint32_t kSamples = 5000;
constexpr std::uint32_t kTrain = 4000;
constexpr std::uint64_t kSeed = 42;

constexpr int kLeastPadding = 36;
constexpr int kMostPadding = 60;
constexpr std::uint32_t kShifts = 48;
constexpr double kScaleRange = 0.4;
constexpr double kShearRange = 0.75;
constexpr double kBackground = 0.25;
constexpr double kNoise = 0.02;
constexpr double kOffset = 1e-8;  // tells the zeros of a signal from those behind it

/// The strokes of the digits 0 to 9, from top to bottom: how far to the right they are.
constexpr double kTemplates[kClasses][kTemplate] = {
    {5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5},
    {5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5},
    {5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5},
    {5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5},
    {5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5},
    {5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5},
    {5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5},
    {5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5},
    {5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5},
    {5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5}};

/// Of a Gaussian with a standard deviation of two places, at 0 to 8 places: exp(-i^2 / 8). As
/// numbers, since no two C libraries need to agree on exp().
constexpr double kGaussian[] = {1,
                                0.8824969025845955,
                                0.6065306597126334,
                                0.32465246735834974,
                                0.1353352832366127,
                                0.04393693362340742,
                                0.011108996538242306,
                                0.0021874911181828851,
                                0.00033546262790251185};
constexpr std::size_t kReach = std::size(kGaussian) - 1;

struct Moments {
  double mean = 0;
  double sd = 0;
};

/// Of a population.
Moments moments_of(std::span<const double> values) {
  Moments moments;
  for (const double value : values) moments.mean += value;
  moments.mean /= static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - moments.mean) * (value - moments.mean);
  moments.sd = std::sqrt(squares / static_cast<double>(values.size()));
  return moments;
}

/// A template with a deviation of 1/6 that begins at 0.
std::vector<double> stroke_of(int label) {
  const auto& drawn = kTemplates[label];
  const double sd = moments_of(drawn).sd;
  std::vector<double> stroke;
  for (const double value : drawn) stroke.push_back((value - drawn[0]) / sd / 6);
  return stroke;
}

/// A signal of another length that takes the same time, linear between its values.
std::vector<double> stretched(std::span<const double> signal, std::size_t length) {
  std::vector<double> values(length);
  for (std::size_t i = 0; i < length; ++i) {
    const double place =
        static_cast<double>(i * (signal.size() - 1)) / static_cast<double>(length - 1);
    const auto left = std::min(static_cast<std::size_t>(place), signal.size() - 2);
    const double share = place - static_cast<double>(left);
    values[i] = signal[left] * (1 - share) + signal[left + 1] * share;
  }
  return values;
}

/// Convolved with the Gaussian, the ends mirrored.
std::vector<double> smoothed(std::span<const double> noise) {
  double sum = -kGaussian[0];
  for (const double weight : kGaussian) sum += 2 * weight;
  const auto last = static_cast<std::ptrdiff_t>(noise.size()) - 1;
  const auto at = [&](std::ptrdiff_t i) {
    return noise[static_cast<std::size_t>(i < 0 ? -1 - i : i > last ? 2 * last + 1 - i : i)];
  };
  std::vector<double> values(noise.size());
  for (std::ptrdiff_t i = 0; i <= last; ++i) {
    double value = kGaussian[0] * at(i);
    for (std::size_t j = 1; j <= kReach; ++j) {
      const auto step = static_cast<std::ptrdiff_t>(j);
      value += kGaussian[j] * (at(i - step) + at(i + step));
    }
    values[static_cast<std::size_t>(i)] = value / sum;
  }
  return values;
}

/// 0 to below 1.
double share_of(std::uint32_t word) {
  return word * 0x1p-32;
}

std::uint32_t draw_below(std::uint32_t word, std::uint32_t bound) {
  return static_cast<std::uint32_t>(std::uint64_t{word} * bound >> 32);
}

}  // namespace

std::array<double, kMnist1dValues> mnist1d_signal(int label, const Mnist1dDraws& draws) {
  std::vector<double> signal = stroke_of(label);
  for (double& value : signal) value += kOffset;
  signal.resize(kTemplate + static_cast<std::size_t>(draws.padding));
  signal = stretched(signal, kMnist1dLong);
  for (double& value : signal) value *= 1 + kScaleRange * (draws.scale - 0.5);
  std::rotate(signal.begin(), signal.end() - static_cast<std::ptrdiff_t>(draws.shift),
              signal.end());
  const std::vector<double> background = smoothed(draws.background);
  const double rise = kShearRange * (draws.shear - 0.5);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    if (signal[i] == 0) signal[i] = kBackground * background[i];
    signal[i] += kNoise * draws.noise[i];
    signal[i] -= rise * (static_cast<double>(i) / static_cast<double>(kMnist1dLong - 1) - 0.5);
  }
  std::array<double, kMnist1dValues> values{};
  std::ranges::copy(stretched(signal, kMnist1dValues), values.begin());
  return values;
}

Mnist1dDraws mnist1d_draws(std::uint32_t sample) {
  std::uint32_t block = 0;
  const auto next = [&] { return kernels::philox(kSeed, {block++, sample, 0, 0}); };
  Mnist1dDraws draws;
  const kernels::Words4 words = next();
  draws.padding =
      kLeastPadding + static_cast<int>(draw_below(words.w0, kMostPadding - kLeastPadding + 1));
  draws.scale = share_of(words.w1);
  draws.shift = draw_below(words.w2, kShifts);
  draws.shear = share_of(words.w3);
  for (auto* normal : {&draws.background, &draws.noise}) {
    for (std::size_t i = 0; i < kMnist1dLong; i += kernels::kNormalBlock) {
      const kernels::Words4 four = next();
      const auto [a, b] = kernels::normal_pair(four.w0, four.w1);
      const auto [c, d] = kernels::normal_pair(four.w2, four.w3);
      std::ranges::copy(std::array<double, 4>{a, b, c, d},
                        normal->begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return draws;
}

ImageDataset make_mnist1d() {
  std::vector<double> values;
  std::vector<std::int32_t> labels;
  for (std::uint32_t sample = 0; sample < kSamples; ++sample) {
    labels.push_back(static_cast<std::int32_t>(sample / (kSamples / kClasses)));
    const auto signal = mnist1d_signal(labels.back(), mnist1d_draws(sample));
    values.insert(values.end(), signal.begin(), signal.end());
  }
  const Moments moments = moments_of(values);
  ImageDataset data{.name = std::string(kMnist1d),
                    .title = "MNIST-1D",
                    .source = {},
                    .classes = kClasses,
                    .train = {},
                    .test = {}};
  const auto take = [&](std::uint32_t begin, std::uint32_t end) {
    ImageSet set{.count = end - begin, .height = 1, .width = kMnist1dValues};
    std::vector<float> pixels;
    for (std::uint32_t place = begin; place < end; ++place) {
      const std::uint32_t sample = kernels::shuffled_index(kSeed, 0, place, kSamples);
      for (std::size_t i = 0; i < kMnist1dValues; ++i) {
        const double value = values[sample * kMnist1dValues + i];
        pixels.push_back(static_cast<float>((value - moments.mean) / moments.sd));
      }
      set.labels.push_back(labels[sample]);
    }
    set.pixels = std::move(pixels);
    set_checksums(set);
    return set;
  };
  data.train = take(0, kTrain);
  data.test = take(kTrain, kSamples);
  return data;
}

}  // namespace saltus
