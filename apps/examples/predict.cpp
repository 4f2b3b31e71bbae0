// Training on numbers in vectors, and predictions for one sample and for many.
#include <algorithm>
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

int main() {
  // Exclusive or: four samples of two inputs, and their classes.
  const std::vector<float> inputs = {0, 0, 0, 1, 1, 0, 1, 1};
  const std::vector<std::int32_t> classes = {0, 1, 1, 0};
  Sequential model({2}, {Dense{.units = 8, .activation = "tanh"}, Dense{.units = 2}, Softmax{}});
  model.compile(
      {.loss = losses::SparseCategoricalCrossentropy{}, .optimizer = Adam{.learning_rate = 0.05}});
  model.fit({.count = 4, .inputs = inputs, .targets = std::span<const std::int32_t>(classes)},
            {.epochs = 200});

  const std::vector<float> all = model.predict({.count = 4, .inputs = inputs});  // [4][2]
  for (std::size_t i = 0; i < 4; ++i) {
    const auto* row = &all[2 * i];
    std::cout << inputs[2 * i] << " xor " << inputs[2 * i + 1] << " is "
              << std::max_element(row, row + 2) - row << " with probability "
              << *std::max_element(row, row + 2) << '\n';
  }
  const std::vector<float> one = {1, 0};
  const std::vector<float> probabilities = model.predict({.count = 1, .inputs = one});
  std::cout << "1 xor 0 again: " << probabilities[1] << '\n';
}
