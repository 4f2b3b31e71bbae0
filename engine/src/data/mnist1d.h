#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <saltus/image_set.h>

namespace saltus {

inline constexpr std::string_view kMnist1d = "mnist1d";

inline constexpr std::size_t kMnist1dLong = 72;    // values of a signal while it is changed
inline constexpr std::size_t kMnist1dValues = 40;  // in the end

/// All that chance decides in a signal.
struct Mnist1dDraws {
  int padding = 36;       ///< zeros behind the template, 36 to 60
  double scale = 0.5;     ///< 0 to 1: smallest to largest
  std::size_t shift = 0;  ///< places to the right, around the end, 0 to 47
  double shear = 0.5;     ///< 0 to 1: the steepest rise to the steepest fall
  std::array<double, kMnist1dLong> background{};  ///< standard normal; smoothed where no signal is
  std::array<double, kMnist1dLong> noise{};       ///< standard normal
};

/// The signal of a class, 0 to 9, before the data set is centred.
std::array<double, kMnist1dValues> mnist1d_signal(int label, const Mnist1dDraws& draws);

/// What is drawn for a sample of make_mnist1d(), 0 to 4999, in the order in which they are made:
/// 500 of each class after another.
Mnist1dDraws mnist1d_draws(std::uint32_t sample);

/// MNIST-1D (S. Greydanus and D. Kobak, "Scaling down deep learning with MNIST-1D", ICML 2024,
/// arXiv 2011.14439): 4000 training and 1000 test signals of 40 values, as images of 1 x 40, in ten
/// classes. Templates, ranges and order of the transformations are those of the paper and of the
/// authors' package mnist1d 0.0.2; the random numbers are Saltus's own, so that single signals are
/// others than there. The same bits on every machine.
ImageDataset make_mnist1d();

}  // namespace saltus
