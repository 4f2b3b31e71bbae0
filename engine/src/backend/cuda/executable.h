#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "backend/cuda/compiled.h"
#include "backend/cuda/formulas.h"
#include "backend/cuda/trial_table.h"

namespace saltus::cuda {

/// What a step of the plan puts into a stream.
struct StepLaunch {
  std::string_view step;  ///< plan::name_of()
  std::function<void(cudaStream_t)> start;
};

/// Batches of one graph: so many that the pause before the next one is a small part of it.
/// Capturing an epoch's takes a while, and each launch in a graph has its memory on the device.
inline constexpr std::int64_t kMostBatchesOfGraph = 64;

/// How many batches the graphs of a pass over so many have: those of the graph that is launched
/// again and again, and of the last one.
constexpr std::int64_t batches_in_graphs(std::int64_t batches) {
  return batches <= kMostBatchesOfGraph ? batches
                                        : kMostBatchesOfGraph + batches % kMostBatchesOfGraph;
}

/// Trials on a GPU, side by side in every launch.
///
/// train() and evaluate() only note what is to be done. Whatever returns a value does it first: a
/// run over a number of batches is a graph of so many, or one of kMostBatchesOfGraph launched over
/// and over and one of the rest, captured once and launched again in later epochs; all runs go into
/// the stream one after another, and the host waits once.
///
/// Functions throw DeviceError where a call of CUDA fails.
class CudaExecutable : public backend::Executable {
 public:
  CudaExecutable(std::shared_ptr<const plan::Plan> plan, std::span<const backend::Trial> trials,
                 const backend::Options& options);
  CudaExecutable(const CudaExecutable&) = delete;
  CudaExecutable& operator=(const CudaExecutable&) = delete;
  ~CudaExecutable() override;

  int trials() const override { return table_.count(); }
  void bind(backend::Split split, const Samples& samples) override;
  void train(std::uint32_t epoch, std::int64_t first, std::int64_t count, std::int64_t batch_size,
             bool shuffle) override;
  void evaluate(backend::Split split, std::int64_t batch_size) override;
  std::vector<backend::BatchSums> take_sums(int trial, backend::Split split) override;
  double training_seconds() override;
  bool prefers_whole_epochs() const override { return true; }
  std::vector<float> predict(int trial, backend::Split split, std::int64_t batch_size) override;
  void read_weight(int trial, int weight, std::span<float> values) override;
  void write_weight(int trial, int weight, std::span<const float> values) override;
  void read_average(int trial, int weight, std::span<float> values) override;
  void write_average(int trial, int weight, std::span<const float> values) override;
  void read_gradient(int trial, int weight, std::span<float> values) override;
  void read_moment(int trial, int weight, int moment, std::span<float> values) override;
  void write_moment(int trial, int weight, int moment, std::span<const float> values) override;
  std::uint32_t steps(int trial) override;
  void set_steps(int trial, std::uint32_t steps) override;
  void set_learning_rates(int trial, std::span<const double> rates) override;
  void set_active(int trial, bool active) override;
  const backend::NonFinite* non_finite(int trial) override;

  /// The launches of a training step on the first batch that is bound, one after another, for those
  /// who time or trace them one by one. They belong to this object, and any other call that binds
  /// data or takes larger batches ends their use.
  std::vector<StepLaunch> training_step(std::int64_t batch_size);

 private:
  /// Batches that are to be run, one after another.
  struct BatchRun {
    plan::Mode mode = plan::Mode::train;
    backend::Split split = backend::Split::train;
    bool shuffled = false;
    std::uint32_t epoch = 0;
    std::int64_t first = 0;  ///< batch
    std::int64_t count = 0;  ///< batches
    std::int64_t batch_size = 0;
  };

  /// What a captured graph depends on. All else that differs between runs is read on the device.
  struct BatchRunKey {
    plan::Mode mode;
    backend::Split split;
    bool shuffled;
    std::int64_t count;
    std::int64_t first_rows,
        last_rows;  ///< libraries are told the rows of a batch when they launch
    auto operator<=>(const BatchRunKey&) const = default;
  };
  struct BatchRunGraph {
    DeviceMemory ranges;  ///< kernels::BatchRange of each batch
    GraphExec graph;

    kernels::BatchRange* range(std::int64_t batch) const {
      return static_cast<kernels::BatchRange*>(ranges.get()) + batch;
    }
  };

  /// From before to behind a run that trains.
  struct Span {
    Event begin = make_event();
    Event end = make_event();
  };

  const DataView& data(backend::Split split) const {
    return datasets_[static_cast<std::size_t>(split)].view();
  }

  /// Does what is pending, and waits for it.
  void flush();
  /// Puts a run into the stream, its batches numbered from `number`.
  void enqueue(const BatchRun& run, std::int64_t number, const Span& span);
  const BatchRunGraph& graph_of(const BatchRun& run);
  /// Hands out what the runs gave, which the host has.
  void collect(const std::vector<BatchRun>& runs);

  std::int64_t rows_of(const BatchRun& run) const {
    return std::min(run.batch_size, data(run.split).count);
  }
  /// Rows of one of a run's batches.
  std::int64_t rows_of(const BatchRun& run, std::int64_t batch) const {
    const std::int64_t rest = data(run.split).count - (run.first + batch) * run.batch_size;
    return std::clamp<std::int64_t>(rest, 0, run.batch_size);
  }
  /// Makes what the launches of a run need, each of its batches.
  void prepare(const BatchRun& run, const Memory& memory, const kernels::Trials& trials) const;
  /// The ranges of a run's batches.
  void fill_ranges(const BatchRun& run, std::int64_t number, kernels::BatchRange* ranges) const;
  /// The arrays as the programs of a mode see them.
  Memory memory(plan::Mode mode = plan::Mode::train) const;
  StepContext step_context(const BatchRun& run, std::int64_t rows, const Memory& memory,
                           const kernels::Trials& trials) const;

  /// Makes room for batches of so many rows, and for so many batches in one flush.
  void make_room(std::int64_t rows);
  void make_room_for_batches(std::int64_t batches);

  void read(const float* source, std::span<float> values);
  /// Puts the writing of a weight into the stream, among the weights that a mode sees.
  void write(plan::Mode mode, int trial, int weight, std::span<const float> values);
  float* weight_of(plan::Mode mode, int trial, int weight) const;
  float* moment_of(int trial, int weight, int moment) const;

  std::shared_ptr<const plan::Plan> plan_;
  Libraries libraries_;
  UpdateChoices update_;
  Stream stream_;
  Formulas formulas_;
  TrialTable table_;
  std::unique_ptr<Compiled> compiled_;
  DeviceMemory state_;
  DeviceMemory scratch_;
  bool has_gradients_ = false;       ///< scratch_ holds those of a batch
  std::int64_t max_rows_ = 0;        ///< that scratch_ has room for
  std::array<Dataset, 2> datasets_;  ///< by split
  std::map<BatchRunKey, BatchRunGraph> graphs_;
  Mirror<kernels::BatchSums> sums_;  ///< [trials][batches of a flush]
  PinnedMemory ranges_;              ///< kernels::BatchRange [batches of a flush]
  std::int64_t max_batches_ = 0;     ///< of a flush, that there is room for
  std::vector<Span> spans_;

  std::vector<BatchRun> pending_;
  std::vector<std::array<std::vector<backend::BatchSums>, 2>> taken_;  ///< by trial and split
  std::vector<std::optional<backend::NonFinite>> non_finite_;          ///< by trial
  double training_seconds_ = 0;
};

}  // namespace saltus::cuda
