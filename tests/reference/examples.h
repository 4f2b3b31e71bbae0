// Small networks that between them have every layer and every loss, random ones, and data for them.
#pragma once

#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/graph.h>
#include <saltus/loss.h>

#include "reference/batch.h"

namespace saltus::reference {

/// Draws that are the same everywhere. Real ones are floats, so that float and double code start
/// from the same numbers.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  double uniform(double low, double high);
  std::int64_t integer(std::int64_t low, std::int64_t high);  ///< both included

  /// One of a list.
  template <typename T>
  T any_of(std::initializer_list<T> list) {
    return list.begin()[integer(0, std::ssize(list) - 1)];
  }

 private:
  std::mt19937_64 engine_;
};

/// A network and the loss that it is trained with.
struct Example {
  std::string name;
  Graph graph;
  Loss loss = losses::MeanSquaredError{};
};

/// For messages of tests.
void PrintTo(const Example& example, std::ostream* out);

/// The activation of that name and those parameters, as a layer.
Layer activation(std::string_view name);

/// Every kind of layer and loss, each in a network that isolates it as far as it can.
std::vector<Example> examples();

/// A network of four to ten layers, drawn at random.
Example random_example(std::uint64_t seed);

/// Draws weights of a size that keeps the layers' outputs of order one.
Weights draw_weights(const Graph& graph, Random& random);

/// Inputs in [-1, 1], and targets that fit the loss: one-hot rows, zeros and ones, or values.
struct Data {
  Batch x;
  Batch t;
};
Data draw_data(const Graph& graph, const Loss& loss, std::int64_t rows, Random& random);

/// Rows `first` to `first + count`.
Batch rows_of(const Batch& batch, std::int64_t first, std::int64_t count);

}  // namespace saltus::reference
