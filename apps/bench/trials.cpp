#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <saltus/dataset.h>
#include <saltus/sweep.h>
#include <saltus/version.h>

#include "network.h"
#include "train/trainer.h"

namespace saltus::bench {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

/// Notes when the samples are where they are computed on, for models that are not fresh: the peers
/// have had theirs there from the start.
class Starter : public Callback {
 public:
  void on_train_begin(const FitInfo& /*info*/, TrainingControl& /*control*/) override {
    start = Clock::now();
  }

  Clock::time_point start;
};

/// Answers the requests that peers/trials.py describes.
class Trials {
 public:
  explicit Trials(const Options& options) : options_(options) {
    data_ = load_dataset(options.data);
    if (options.limit > 0) {
      data_.train = data_.train.first(options.limit);
      data_.test = data_.test.first(options.limit);
    }
  }

  json answer(const json& request) {
    const auto names = request.at("activations").get<std::vector<std::string>>();
    if (request.at("together").get<bool>()) return run(request, names);
    json all;
    for (const std::string& name : names) {
      const json one = run(request, {name});
      if (all.is_null()) {
        all = one;
        continue;
      }
      all["seconds"] = all["seconds"].get<double>() + one["seconds"].get<double>();
      for (const char* figure : {"loss", "val_loss", "accuracy"})
        all[figure].push_back(one[figure].front());
    }
    return all;
  }

 private:
  train::Trainer make(const std::vector<std::string>& activations, std::uint64_t seed) const {
    std::vector<train::Entry> entries;
    for (const std::string& name : activations) {
      entries.push_back({network_of({}, {.activation = Activation::parse(name)}, {28, 28, 1}, 10),
                         tutorial_optimizer(), seed});
    }
    CompileOptions compile = compile_options(options_);
    compile.terminate_on_nan = true;  // as a sweep does
    return {std::move(entries), compile};
  }

  /// Weights of the peers, so that all can be seen to compute the same network.
  static void load(train::Trainer& trainer, const std::string& path) {
    const std::vector<std::vector<float>> values = read_weights(path, trainer.weights());
    for (std::size_t weight = 0; weight < values.size(); ++weight) {
      for (int trial = 0; trial < trainer.trials(); ++trial)
        trainer.set_weight(trial, weight, values[weight]);
    }
  }

  json run(const json& request, const std::vector<std::string>& activations) {
    const bool fresh = request.at("fresh").get<bool>();
    const bool validate = request.at("validate").get<bool>();
    const int epochs = request.at("epochs").get<int>();
    Clock::time_point start = Clock::now();
    std::unique_ptr<train::Trainer>& trainer = trainers_[activations];
    if (fresh || !trainer) {
      trainer = nullptr;  // before there is more of it
      trainer = std::make_unique<train::Trainer>(
          make(activations, request.at("seed").get<std::uint64_t>()));
    }
    if (request.contains("weights")) load(*trainer, request["weights"].get<std::string>());

    std::vector<Logs> logs(activations.size());
    if (epochs == 0) {
      logs = trainer->evaluate(data_.test.samples(), kBatch);
      for (Logs& one : logs) {
        one = {{"val_loss", one.at("loss")},
               {"val_categorical_accuracy", one.at("categorical_accuracy")}};
      }
    } else {
      const auto starter = std::make_shared<Starter>();
      std::vector<std::vector<CallbackPtr>> callbacks(activations.size());
      callbacks.front().push_back(starter);
      FitOptions fit{.epochs = epochs, .batch_size = kBatch};
      if (validate) fit.validation_data = data_.test.samples();
      const std::vector<History> histories = trainer->fit(data_.train.samples(), fit, callbacks);
      if (!fresh) start = starter->start;
      for (std::size_t i = 0; i < histories.size(); ++i) {
        for (const auto& [name, values] : histories[i].history) logs[i][name] = values.back();
      }
    }
    const std::chrono::duration<double> seconds = Clock::now() - start;
    json result = {{"seconds", seconds.count()}};
    const auto figure = [&](const char* name, const char* log) {
      for (const Logs& one : logs)
        result[name].push_back(one.contains(log) ? json(one.at(log)) : json(nullptr));
    };
    figure("loss", "loss");
    figure("val_loss", "val_loss");
    figure("accuracy", "val_categorical_accuracy");
    return result;
  }

  Options options_;
  ImageDataset data_;
  std::map<std::vector<std::string>, std::unique_ptr<train::Trainer>> trainers_;
};

}  // namespace

void trials(const Options& options) {
  Trials trials(options);
  converse({{"engine", "Saltus"},
            {"version", "Saltus " SALTUS_VERSION},
            {"variant", "saltus"},
            {"together", "trial axis"}},
           [&](const std::string& line) { return trials.answer(json::parse(line)); });
}

}  // namespace saltus::bench
