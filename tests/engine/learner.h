// A backend's executable with one trial, as a thing that learns: what the tests compare with the
// oracle.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <vector>

#include <saltus/graph.h>
#include <saltus/loss.h>
#include <saltus/optimizer.h>
#include <saltus/precision.h>

#include "backend/backend.h"
#include "reference/batch.h"
#include "reference/examples.h"

namespace saltus::tests {

/// Where and how to compute, and what that means for accuracy.
struct Executor {
  const char* name;
  const backend::Backend* backend;
  Precision precision;
  double unit;    ///< relative error of rounding a number that a matrix product reads
  double factor;  ///< see reference::measured_bounds()
};

/// For messages of tests.
void PrintTo(const Executor& executor, std::ostream* out);

/// Every executor of this program, that of fp32 first. Each program has a list of its own.
std::vector<Executor> executors();

class Learner {
 public:
  /// Throws DeviceError where this machine cannot do it.
  Learner(const Executor& executor, const Graph& graph, const Loss& loss,
          const Optimizer& optimizer, std::uint64_t seed, std::int64_t batch_size, int threads = 1,
          double ema_momentum = 0);

  void set_weights(const reference::Weights& weights);
  reference::Weights weights();
  reference::Weights averages();  ///< what evaluate() and predict() read

  /// Copies float samples; or views others, which must outlive the learner.
  void bind(const reference::Data& data);
  void bind(const Samples& samples);

  std::vector<backend::BatchSums> train(std::int64_t first, std::int64_t count,
                                        std::uint32_t epoch = 0, bool shuffle = false);
  std::vector<backend::BatchSums> evaluate();
  reference::Values predict();

 private:
  reference::Weights read(void (backend::Executable::*reader)(int trial, int weight,
                                                              std::span<float> values));

  std::shared_ptr<const plan::Plan> plan_;
  std::unique_ptr<backend::Executable> executable_;
  std::int64_t batch_size_;
  std::vector<float> inputs_;
  std::vector<float> targets_;
};

}  // namespace saltus::tests
