// What a step becomes on the CPU, and what it sees when it runs.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/loops.h"
#include "core/buffer.h"
#include "core/workers.h"
#include "ops/step.h"
#include "plan/program.h"

namespace saltus::cpu {

/// All trainable weights of a trial, or their averages.
struct Parameters {
  Buffer floats;
  Buffer halves;  ///< the same as bf16, where the precision asks for it
};

/// A row of the trial table with its weights and what the optimizer remembers of them.
struct TrialState {
  backend::Trial config;
  Parameters parameters;
  Parameters averages;                                ///< empty where the trial has none
  std::array<Buffer, kernels::kMostMoments> moments;  ///< those that the optimizer has
  Buffer statistics;
  std::uint32_t step = 0;        ///< optimizer steps done
  std::vector<double> rates;     ///< of the learning, a step each; the last goes on
  std::uint32_t rates_from = 0;  ///< steps done before the first of them
  bool active = true;
  std::array<std::vector<backend::BatchSums>, 2> sums;  ///< by split
  /// By split and sample, the classes that evaluation found; empty since weights or samples
  /// changed.
  std::array<std::vector<std::int32_t>, 2> classes;
  std::optional<backend::NonFinite> non_finite;

  bool has_averages() const { return config.ema_momentum > 0; }
  /// What evaluation and prediction read.
  const Parameters& evaluated() const { return has_averages() ? averages : parameters; }

  /// The learning rate of the step that was counted last.
  double learning_rate() const {
    return rates[std::min<std::size_t>(step - 1 - rates_from, rates.size() - 1)];
  }

  std::vector<backend::BatchSums>& sums_of(backend::Split split) {
    return sums[static_cast<std::size_t>(split)];
  }
};

/// One pass of a program over one batch of one trial.
struct Run {
  TrialState* trial = nullptr;
  const Parameters* parameters = nullptr;  ///< that the program reads
  const Samples* samples = nullptr;
  std::vector<std::int64_t> order;  ///< by row of the batch: the sample's number
  int groups = 0;                   ///< of the sliced segment at hand
  std::span<const Metric> metrics;  ///< functions and formulas
  backend::BatchSums sums;
  std::span<std::int32_t>
      classes;  ///< by row, to be filled with the largest output's place; or none

  std::int64_t rows() const { return static_cast<std::int64_t>(order.size()); }
};

/// Rows that a worker takes through a sliced segment at a time.
struct Slice {
  std::int64_t first = 0;
  std::int64_t rows = 0;
  int worker = 0;
  int group = 0;  ///< sums over rows are kept by group, and added up in the groups' order
  bool opens_group = false;  ///< the first slice of its group
};

/// Rows are cut into at most this many groups, whatever the number of workers, so that sums do not
/// depend on it.
inline constexpr int kGroups = 16;

/// So many workers, from 0, can take part in work that is cut into groups: those that need memory
/// of their own.
inline int group_workers(const Workers& workers) {
  return std::min(workers.count(), kGroups);
}

/// Where the tensors of a program are.
class Memory {
 public:
  Memory(const plan::Program& program, std::int64_t batch_rows, std::int64_t slice_rows,
         int workers, std::byte* gradients);

  const plan::Tensor& tensor(plan::TensorId id) const {
    return program_->tensors[static_cast<std::size_t>(id)];
  }

  /// First element of the slice's rows of a tensor, or of a whole weight; null for kNone.
  void* at(plan::TensorId id, const Run& run, const Slice& slice) const;

  In in(plan::TensorId id, const Run& run, const Slice& slice) const {
    return {at(id, run, slice), tensor(id).type};
  }
  Out out(plan::TensorId id, const Run& run, const Slice& slice) const {
    return {at(id, run, slice), tensor(id).type};
  }
  float* floats(plan::TensorId id, const Run& run, const Slice& slice = {}) const {
    return static_cast<float*>(at(id, run, slice));
  }
  std::uint8_t* bytes(plan::TensorId id, const Run& run, const Slice& slice) const {
    return static_cast<std::uint8_t*>(at(id, run, slice));
  }

 private:
  const plan::Program* program_;
  std::int64_t batch_rows_;
  std::int64_t slice_rows_;
  std::byte* gradients_;
  Buffer batch_;
  std::vector<Buffer> slices_;  ///< by worker
};

/// What ops are made with, and keep referring to.
struct Compilation {
  const plan::Plan& plan;
  const Memory& memory;
  const Workers& workers;
  std::int64_t slice_rows;
  std::byte* gradients;
  bool stop_on_nonfinite;
};

/// A compiled step of a sliced segment.
class SlicedOp {
 public:
  virtual ~SlicedOp() = default;
  /// Once a batch, before any slice; `remainder` is the size of the last slice where it differs,
  /// else 0.
  virtual void prepare(const Run& /*run*/, std::int64_t /*remainder*/) {}
  /// On each slice, by the slice's worker.
  virtual void run(const Run& run, const Slice& slice) = 0;
  /// Once a batch, after all slices.
  virtual void finish(const Run& /*run*/) {}
};

/// A compiled step that takes the whole batch, and shares out the work itself.
class WholeOp {
 public:
  virtual ~WholeOp() = default;
  virtual void run(Run& run) = 0;
};

/// A sliced op that is one loop.
class LoopOp : public SlicedOp {
 public:
  using Body = std::function<void(const Run&, const Slice&)>;
  explicit LoopOp(Body body) : body_(std::move(body)) {}
  void run(const Run& run, const Slice& slice) override { body_(run, slice); }

 private:
  Body body_;
};

inline SlicedOpPtr loop_op(LoopOp::Body body) {
  return std::make_unique<LoopOp>(std::move(body));
}

}  // namespace saltus::cpu
