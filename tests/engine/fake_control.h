// What a callback may do, written down for a test to look at.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/callbacks.h>

namespace saltus::test {

/// Stands in for a model: one weight, which the test sets.
class FakeControl : public TrainingControl {
 public:
  void stop_training() override { stopped = true; }
  const History& history() const override { return epochs; }
  double learning_rate() const override { return rate; }
  void set_learning_rate(double learning_rate) override { rate = learning_rate; }
  std::vector<std::vector<float>> get_weights() override { return {{weight}}; }
  void set_weights(const std::vector<std::vector<float>>& weights) override {
    weight = weights[0][0];
  }
  std::vector<float> gradients(std::string_view /*name*/) override { return {}; }

  void save(const std::filesystem::path& file) override { saved.push_back(file.string()); }
  void save_weights(const std::filesystem::path& file) override {
    saved.push_back(file.string() + " (weights)");
  }
  void restore(const std::filesystem::path& /*file*/) override {}
  bool interrupted() const override { return false; }

  History epochs;
  std::vector<std::string> saved;
  bool stopped = false;
  double rate = 1;
  float weight = 0;
};

}  // namespace saltus::test
