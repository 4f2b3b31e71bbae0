// What Saltus draws and makes for MNIST-1D, as JSON: signals with their draws, and the data set.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <saltus/image_set.h>

#include "data/mnist1d.h"

int main() {
  using nlohmann::json;
  json signals = json::array();
  for (std::uint32_t sample = 0; sample < 5000; sample += 7) {
    const saltus::Mnist1dDraws draws = saltus::mnist1d_draws(sample);
    const int label = static_cast<int>(sample / 500);
    signals.push_back({{"label", label},
                       {"padding", draws.padding},
                       {"scale", draws.scale},
                       {"shift", draws.shift},
                       {"shear", draws.shear},
                       {"background", draws.background},
                       {"noise", draws.noise},
                       {"signal", saltus::mnist1d_signal(label, draws)}});
  }
  const saltus::ImageDataset data = saltus::make_mnist1d();
  json values = json::array();
  json labels = json::array();
  for (const saltus::ImageSet* set : {&data.train, &data.test}) {
    for (const float value : std::get<std::vector<float>>(set->pixels)) values.push_back(value);
    for (const std::int32_t label : set->labels) labels.push_back(label);
  }
  std::cout << json{{"signals", signals}, {"values", values}, {"labels", labels}} << "\n";
}
