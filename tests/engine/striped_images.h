// Images for trainings that are stopped and continued.
#pragma once

#include <cstdint>
#include <vector>

#include <saltus/samples.h>

namespace saltus::tests {

/// 22 images 6 x 6 of three classes: batches of 4 end with one of 2.
struct StripedImages {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> classes;

  StripedImages() {
    for (int i = 0; i < 22; ++i) {
      classes.push_back(static_cast<std::uint8_t>(i % 3));
      for (int k = 0; k < 36; ++k) pixels.push_back(static_cast<std::uint8_t>(i * 37 + k * k * 11));
    }
  }
  Samples samples() const { return {.count = 22, .inputs = pixels, .targets = classes}; }
};

}  // namespace saltus::tests
