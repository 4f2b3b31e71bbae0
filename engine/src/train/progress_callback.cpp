#include <cmath>
#include <iostream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include <saltus/callbacks.h>
#include <saltus/progress.h>

#include "core/number.h"

namespace saltus {
namespace {

/// Four decimals, as Keras writes them, but a count as a whole number.
std::string number(const std::string& name, double value) {
  if (name == "clipped") return fmt::format("{:.0f}", value);
  const bool small = value != 0 && std::abs(value) <= 1e-3;
  return small ? fmt::format("{:.4e}", value) : fmt::format("{:.4f}", written(value));
}

/// Whether it is a standard stream on a terminal.
bool is_terminal(const std::ostream& stream) {
  if (&stream == &std::cout) return isatty(STDOUT_FILENO) == 1;
  return (&stream == &std::cerr || &stream == &std::clog) && isatty(STDERR_FILENO) == 1;
}

class ProgressCallback : public Callback {
 public:
  ProgressCallback(std::ostream& stream, bool in_place) : stream_(stream), in_place_(in_place) {}

  void on_train_begin(const FitInfo& info, TrainingControl& /*control*/) override { info_ = info; }

  void on_epoch_begin(int epoch, TrainingControl& /*control*/) override {
    if (!in_place_) return;
    bar_.emplace(stream_, true, ProgressBarOptions{.label = title(epoch)});
    bar_->update(0, info_.steps_per_epoch);
  }

  void on_batches_end(std::int64_t steps_done, const Logs& logs,
                      TrainingControl& /*control*/) override {
    if (bar_) bar_->update(steps_done, info_.steps_per_epoch, figures(logs));
  }

  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& /*control*/) override {
    if (bar_) {
      bar_->finish(figures(logs));
      bar_.reset();
    } else {
      stream_ << fmt::format("{} - {:.1f}s - {}", title(epoch), logs.at("seconds"),
                             fmt::join(figures(logs), " - "))
              << std::endl;
    }
  }

  void on_train_end(TrainingControl& /*control*/) override { bar_.reset(); }

 private:
  std::string title(int epoch) const { return fmt::format("Epoch {}/{}", epoch + 1, info_.epochs); }

  /// "loss: 0.0312", "binary_accuracy: 0.9912", of the figures that there are so far.
  std::vector<std::string> figures(const Logs& logs) const {
    std::vector<std::string> all;
    for (const std::string& name : info_.figures) {
      const auto found = logs.find(name);
      if (found == logs.end()) continue;
      all.push_back(fmt::format("{}: {}", name, number(name, found->second)));
    }
    return all;
  }

  std::ostream& stream_;
  bool in_place_;
  FitInfo info_;
  std::optional<ProgressBar> bar_;
};

}  // namespace

CallbackPtr progress_bar(std::ostream& stream, std::optional<bool> in_place) {
  return std::make_shared<ProgressCallback>(stream, in_place.value_or(is_terminal(stream)));
}

}  // namespace saltus
