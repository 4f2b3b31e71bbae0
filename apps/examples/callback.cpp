// Two ways to look in on a training: a function, and a class of one's own that remembers and acts.
#include <cmath>
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

/// Halves the learning rate whenever the gradient of a weight has grown tenfold since the
/// beginning.
class CalmDown : public Callback {
 public:
  explicit CalmDown(std::string weight) : weight_(std::move(weight)) {}

  bool wants_batches() const override { return true; }

  void on_train_batch_end(std::int64_t /*batch*/, const Logs& /*logs*/,
                          TrainingControl& control) override {
    double squares = 0;
    for (const float element : control.gradients(weight_)) squares += element * element;
    if (first_ == 0) first_ = squares;
    if (squares > 100 * first_) control.set_learning_rate(control.learning_rate() / 2);
  }

 private:
  std::string weight_;
  double first_ = 0;
};

int main() {
  std::vector<float> inputs;
  std::vector<float> targets;
  for (int i = 0; i < 200; ++i) {
    inputs.push_back(static_cast<float>(i) / 100 - 1);
    targets.push_back(inputs.back() * inputs.back());
  }
  Sequential model({1}, {Dense{.units = 16, .activation = "mish"}, Dense{.units = 1}});
  model.compile({.loss = losses::MeanSquaredError{}, .optimizer = SGD{.learning_rate = 0.1}});
  const auto print_loss = [](int epoch, const Logs& logs, TrainingControl& control) {
    std::cout << "epoch " << epoch << ": loss " << logs.at("loss") << '\n';
    if (logs.at("loss") < 1e-3) control.stop_training();
  };
  model.fit({.count = 200, .inputs = inputs, .targets = std::span<const float>(targets)},
            {.epochs = 20,
             .callbacks = {LambdaCallback{.on_epoch_end = print_loss},
                           std::make_shared<CalmDown>("dense/kernel")}});
}
