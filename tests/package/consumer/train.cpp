// Trains on 64 random samples for an epoch and prints the loss.
#include <iostream>
#include <random>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

int main() {
  std::mt19937 random;
  std::uniform_real_distribution<float> uniform;
  std::vector<float> inputs(64 * 8 * 8);
  std::vector<std::int32_t> labels(64);
  for (float& input : inputs) input = uniform(random);
  for (std::int32_t& label : labels) label = static_cast<std::int32_t>(random() % 4);

  Sequential model({8, 8, 1}, {Conv2D{.filters = 4, .activation = "mish"}, MaxPooling2D{},
                               Flatten{}, Dense{.units = 4}, Softmax{}});
  model.compile({.metrics = {metrics::CategoricalAccuracy{}}});
  const Samples samples = {.count = 64,
                           .inputs = std::span<const float>(inputs),
                           .targets = std::span<const std::int32_t>(labels)};
  const double loss = model.fit(samples).at("loss").back();
  try {  // what the library throws is known on this side of it
    model.get_weights("nobody");
    return 1;
  } catch (const InvalidArgument&) {
  }
  std::cout << "saltus " << SALTUS_VERSION << ", loss " << loss << '\n';
  return version() == SALTUS_VERSION && loss > 0 && loss < 10 ? 0 : 1;
}
