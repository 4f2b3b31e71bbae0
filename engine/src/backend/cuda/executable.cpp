#include "backend/cuda/executable.h"

#include <algorithm>
#include <utility>

#include <saltus/error.h>
#include <saltus/kernels/elementwise/fill.h>

#include "backend/cuda/launch_builder.h"

namespace saltus::cuda {
namespace {

/// Graphs kept for further epochs. Training needs four, two for each of its runs; one that changes
/// its mind is not to pile them up.
constexpr std::size_t kMostGraphs = 16;

}  // namespace

CudaExecutable::CudaExecutable(std::shared_ptr<const plan::Plan> plan,
                               std::span<const backend::Trial> trials,
                               const backend::Options& options)
    : plan_(std::move(plan)),
      libraries_(options.libraries),
      stream_(make_stream()),
      formulas_(*plan_, trials, options.metrics),
      table_(*plan_, formulas_.link(trials), stream_.get()),
      taken_(trials.size()),
      non_finite_(trials.size()) {
  update_ = {options.stop_on_nonfinite, table_.clips_by_norm(), table_.optimizers(),
             table_.averages()};
  make_room(options.batch_size);
}

CudaExecutable::~CudaExecutable() {
  // Copies under way read and write memory that is about to go.
  static_cast<void>(cudaStreamSynchronize(stream_.get()));
}

void CudaExecutable::bind(backend::Split split, const Samples& samples) {
  flush();
  if (datasets_[static_cast<std::size_t>(split)].load(samples, stream_.get())) return;
  std::erase_if(graphs_, [&](const auto& entry) { return entry.first.split == split; });
}

void CudaExecutable::train(std::uint32_t epoch, std::int64_t first, std::int64_t count,
                           std::int64_t batch_size, bool shuffle) {
  if (count < 1) return;
  pending_.push_back(
      {plan::Mode::train, backend::Split::train, shuffle, epoch, first, count, batch_size});
}

void CudaExecutable::evaluate(backend::Split split, std::int64_t batch_size) {
  const std::int64_t count = (data(split).count + batch_size - 1) / batch_size;
  if (count < 1) return;
  pending_.push_back({plan::Mode::evaluate, split, false, 0, 0, count, batch_size});
}

std::vector<backend::BatchSums> CudaExecutable::take_sums(int trial, backend::Split split) {
  flush();
  auto& taken = taken_[static_cast<std::size_t>(trial)][static_cast<std::size_t>(split)];
  return std::exchange(taken, {});
}

double CudaExecutable::training_seconds() {
  flush();
  return std::exchange(training_seconds_, 0);
}

std::vector<float> CudaExecutable::predict(int trial, backend::Split split,
                                           std::int64_t batch_size) {
  flush();
  const BatchRun run = {.mode = plan::Mode::predict,
                        .split = split,
                        .count = (data(split).count + batch_size - 1) / batch_size,
                        .batch_size = batch_size};
  make_room(rows_of(run));
  const Mirror<kernels::BatchRange> ranges(static_cast<std::size_t>(run.count), "predictions");
  fill_ranges(run, 0, ranges.host());

  // Nothing multiplies by a network's output, so it is float in every precision.
  const plan::Program& program = compiled_->program(plan::Mode::predict);
  const std::int64_t elements = program.tensor(program.output).elements;
  std::vector<float> results(static_cast<std::size_t>(data(split).count * elements));
  const DeviceMemory all =
      allocate(static_cast<std::int64_t>(results.size() * sizeof(float)), "predictions");
  const Memory own = memory(run.mode).of(trial);
  const float* const output = own.tensor<float>(program, program.output).data;
  prepare(run, own, table_.only(trial, nullptr));
  complete(stream_.get(), [&] {
    ranges.upload(stream_.get());
    auto* place = static_cast<float*>(all.get());
    for (std::int64_t batch = 0; batch < run.count; ++batch) {
      const kernels::Trials table = table_.only(trial, ranges.device() + batch);
      const std::int64_t rows = rows_of(run, batch);
      compiled_->launch(run.mode, step_context(run, rows, own, table));
      const std::int64_t values = rows * elements;
      copy(place, output, static_cast<std::size_t>(values), cudaMemcpyDeviceToDevice,
           stream_.get());
      place += values;
    }
    copy(results.data(), static_cast<const float*>(all.get()), results.size(),
         cudaMemcpyDeviceToHost, stream_.get());
  });
  return results;
}

void CudaExecutable::read_weight(int trial, int weight, std::span<float> values) {
  flush();
  read(weight_of(plan::Mode::train, trial, weight), values);
}

void CudaExecutable::read_average(int trial, int weight, std::span<float> values) {
  flush();
  read(weight_of(plan::Mode::evaluate, trial, weight), values);
}

void CudaExecutable::read_gradient(int trial, int weight, std::span<float> values) {
  flush();
  if (!has_gradients_) {
    throw InvalidArgument(
        "there are no gradients of the batch trained last, for a larger one took their place: ask "
        "for them before that is predicted or evaluated");
  }
  const std::int64_t offset = compiled_->program(plan::Mode::train).tensor(weight).offset;
  const Memory own = memory().of(trial);
  read(own.in_scratch<float>(own.layout->gradients, offset).data, values);
}

void CudaExecutable::write_weight(int trial, int weight, std::span<const float> values) {
  flush();
  complete(stream_.get(), [&] {
    write(plan::Mode::train, trial, weight, values);
    if (table_.averages()) write(plan::Mode::evaluate, trial, weight, values);
  });
}

void CudaExecutable::write_average(int trial, int weight, std::span<const float> values) {
  flush();
  complete(stream_.get(), [&] { write(plan::Mode::evaluate, trial, weight, values); });
}

void CudaExecutable::read(const float* source, std::span<float> values) {
  complete(stream_.get(), [&] {
    copy(values.data(), source, values.size(), cudaMemcpyDeviceToHost, stream_.get());
  });
}

void CudaExecutable::write(plan::Mode mode, int trial, int weight, std::span<const float> values) {
  float* const target = weight_of(mode, trial, weight);
  copy(target, values.data(), values.size(), cudaMemcpyHostToDevice, stream_.get());
  const plan::Tensor& tensor = compiled_->program(plan::Mode::train).tensor(weight);
  const std::int64_t halves = compiled_->layout(mode).halves;
  if (halves < 0 || tensor.home != plan::Home::parameters) return;
  const auto copied = memory().of(trial).in_state<kernels::Bf16>(halves, tensor.offset);
  const auto context = step_context({}, 0, memory(), table_.only(trial, nullptr)).context;
  guarded([&] {
    kernels::cast({kernels::PerTrial<float>(target, 0), copied, tensor.elements}, context);
  });
}

void CudaExecutable::read_moment(int trial, int weight, int moment, std::span<float> values) {
  flush();
  read(moment_of(trial, weight, moment), values);
}

void CudaExecutable::write_moment(int trial, int weight, int moment,
                                  std::span<const float> values) {
  flush();
  float* const target = moment_of(trial, weight, moment);
  complete(stream_.get(), [&] {
    copy(target, values.data(), values.size(), cudaMemcpyHostToDevice, stream_.get());
  });
}

std::uint32_t CudaExecutable::steps(int trial) {
  flush();
  std::uint32_t steps = 0;
  complete(stream_.get(), [&] { table_.fetch_steps(trial, steps, stream_.get()); });
  return steps;
}

void CudaExecutable::set_steps(int trial, std::uint32_t steps) {
  flush();
  table_.set_steps(trial, steps, stream_.get());
}

void CudaExecutable::set_learning_rates(int trial, std::span<const double> rates) {
  const std::uint32_t done = rates.size() > 1 ? steps(trial) : 0;
  flush();
  complete(stream_.get(), [&] { table_.set_learning_rates(trial, rates, done, stream_.get()); });
}

void CudaExecutable::set_active(int trial, bool active) {
  flush();
  table_.set_active(trial, active, stream_.get());
  if (active) non_finite_[static_cast<std::size_t>(trial)].reset();
}

const backend::NonFinite* CudaExecutable::non_finite(int trial) {
  flush();
  const auto& found = non_finite_[static_cast<std::size_t>(trial)];
  return found ? &*found : nullptr;
}

std::vector<StepLaunch> CudaExecutable::training_step(std::int64_t batch_size) {
  flush();
  const BatchRun run = {.mode = plan::Mode::train,
                        .split = backend::Split::train,
                        .shuffled = true,
                        .count = 1,
                        .batch_size = batch_size};
  make_room(rows_of(run));
  make_room_for_batches(1);
  const BatchRunGraph& graph = graph_of(run);  // keeps the batch's range
  const Mirror<kernels::BatchRange> range(1, "a batch");
  fill_ranges(run, 0, range.host());
  complete(stream_.get(),
           [&] { copy(graph.range(0), range.host(), 1, cudaMemcpyHostToDevice, stream_.get()); });
  const StepContext here = step_context(run, rows_of(run), memory(), table_.all(graph.range(0)));
  const std::span<const Launch> launches = compiled_->launches(run.mode);
  const std::vector<plan::Step>& steps = compiled_->program(run.mode).steps;
  std::vector<StepLaunch> all;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    all.push_back({plan::name_of(steps[i]), [here, &launch = launches[i]](cudaStream_t stream) {
                     StepContext at = here;
                     at.context.stream = stream;
                     launch.run(at);
                   }});
  }
  return all;
}

void CudaExecutable::flush() {
  if (pending_.empty()) return;
  const std::vector<BatchRun> runs = std::exchange(pending_, {});
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  for (const BatchRun& run : runs) {
    rows = std::max(rows, rows_of(run));
    batches += run.count;
  }
  make_room(rows);
  make_room_for_batches(batches);
  if (graphs_.size() + 2 * runs.size() > kMostGraphs) graphs_.clear();
  while (spans_.size() < runs.size()) spans_.emplace_back();
  complete(stream_.get(), [&] {
    SALTUS_CUDA_CHECK(cudaMemsetAsync(sums_.device(), 0, sums_.size() * sizeof(kernels::BatchSums),
                                      stream_.get()));
    std::int64_t number = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      enqueue(runs[i], number, spans_[i]);
      number += runs[i].count;
    }
    sums_.download(stream_.get());
    table_.fetch_non_finite(stream_.get());
  });
  collect(runs);
}

void CudaExecutable::enqueue(const BatchRun& run, std::int64_t number, const Span& span) {
  auto* const ranges = static_cast<kernels::BatchRange*>(ranges_.get()) + number;
  fill_ranges(run, number, ranges);
  std::vector<std::pair<BatchRun, const BatchRunGraph*>> pieces;
  for (std::int64_t done = 0; done < run.count; done += kMostBatchesOfGraph) {
    BatchRun piece = run;
    piece.first += done;
    piece.count = std::min(run.count - done, kMostBatchesOfGraph);
    pieces.emplace_back(piece, &graph_of(piece));
  }
  const bool timed = run.mode == plan::Mode::train;
  if (timed) SALTUS_CUDA_CHECK(cudaEventRecord(span.begin.get(), stream_.get()));
  for (const auto& entry : pieces) {
    const BatchRun& piece = entry.first;
    const BatchRunGraph& graph = *entry.second;
    copy(graph.range(0), ranges + (piece.first - run.first), static_cast<std::size_t>(piece.count),
         cudaMemcpyHostToDevice, stream_.get());
    SALTUS_CUDA_CHECK(cudaGraphLaunch(graph.graph.get(), stream_.get()));
  }
  const std::int64_t last = pieces.back().first.count - 1;
  compiled_->finish(run.mode, step_context(run, rows_of(run, run.count - 1), memory(run.mode),
                                           table_.all(pieces.back().second->range(last))));
  if (timed) SALTUS_CUDA_CHECK(cudaEventRecord(span.end.get(), stream_.get()));
}

const CudaExecutable::BatchRunGraph& CudaExecutable::graph_of(const BatchRun& run) {
  const BatchRunKey key = {run.mode,  run.split,       run.shuffled,
                           run.count, rows_of(run, 0), rows_of(run, run.count - 1)};
  if (const auto known = graphs_.find(key); known != graphs_.end()) return known->second;
  BatchRunGraph graph;
  graph.ranges = allocate(run.count * std::int64_t{sizeof(kernels::BatchRange)}, "batches");
  const Memory arrays = memory(run.mode);
  prepare(run, arrays, table_.all(graph.range(0)));
  Capture capture(stream_.get());
  for (std::int64_t batch = 0; batch < run.count; ++batch) {
    compiled_->launch(
        run.mode, step_context(run, rows_of(run, batch), arrays, table_.all(graph.range(batch))));
  }
  graph.graph = capture.finish();
  return graphs_.emplace(key, std::move(graph)).first->second;
}

void CudaExecutable::collect(const std::vector<BatchRun>& runs) {
  std::int64_t number = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const BatchRun& run = runs[i];
    for (std::int64_t trial = 0; trial < trials(); ++trial) {
      auto& taken = taken_[static_cast<std::size_t>(trial)][static_cast<std::size_t>(run.split)];
      for (std::int64_t batch = 0; batch < run.count; ++batch) {
        const kernels::BatchSums& sums = sums_.host()[trial * max_batches_ + number + batch];
        if (sums.rows == 0) continue;
        taken.push_back(
            {.rows = static_cast<std::int64_t>(sums.rows),
             .loss = sums.loss,
             .metrics = std::to_array(sums.metrics),
             .clipped = static_cast<std::int64_t>(sums.clipped),
             .custom = {sums.formula_metrics, sums.formula_metrics + formulas_.metric_count()}});
      }
    }
    number += run.count;
    if (run.mode != plan::Mode::train) continue;
    has_gradients_ = true;
    float milliseconds = 0;
    SALTUS_CUDA_CHECK(
        cudaEventElapsedTime(&milliseconds, spans_[i].begin.get(), spans_[i].end.get()));
    training_seconds_ += milliseconds * 1e-3;
  }
  for (int trial = 0; trial < trials(); ++trial) {
    const auto [weight, step] = table_.found(trial);
    if (weight == kernels::NonFinite::kNone) continue;
    non_finite_[static_cast<std::size_t>(trial)] = {
        step, weight == kernels::NonFinite::kLoss
                  ? "loss"
                  : non_finite_weight(compiled_->program(plan::Mode::train), weight)};
  }
}

void CudaExecutable::fill_ranges(const BatchRun& run, std::int64_t number,
                                 kernels::BatchRange* ranges) const {
  for (std::int64_t i = 0; i < run.count; ++i) {
    ranges[i] = {.first = static_cast<std::uint32_t>((run.first + i) * run.batch_size),
                 .rows = static_cast<std::uint32_t>(rows_of(run, i)),
                 .number = static_cast<std::uint32_t>(number + i),
                 .epoch = run.epoch};
  }
}

Memory CudaExecutable::memory(plan::Mode mode) const {
  const Layout& layout = compiled_->layout(mode);
  auto* const scratch = static_cast<std::byte*>(scratch_.get());
  return {&layout, static_cast<std::byte*>(state_.get()), scratch,
          scratch + layout.scratch_bytes * trials()};
}

void CudaExecutable::prepare(const BatchRun& run, const Memory& memory,
                             const kernels::Trials& trials) const {
  std::int64_t before = 0;
  for (std::int64_t batch = 0; batch < run.count; ++batch) {
    const std::int64_t rows = rows_of(run, batch);
    if (rows != before) compiled_->prepare(run.mode, step_context(run, rows, memory, trials));
    before = rows;
  }
}

StepContext CudaExecutable::step_context(const BatchRun& run, std::int64_t rows,
                                         const Memory& memory,
                                         const kernels::Trials& trials) const {
  return {.context = {trials, static_cast<int>(max_rows_), stream_.get(), formulas_.kernels()},
          .memory = memory,
          .constants = &compiled_->constants(),
          .data = data(run.split),
          .rows = rows,
          .shuffled = run.shuffled,
          .sums = {sums_.device(), max_batches_},
          .rules = table_.rules(),
          .non_finite = table_.non_finite(),
          .average_rates = table_.average_rates()};
}

void CudaExecutable::make_room(std::int64_t rows) {
  if (rows <= max_rows_) return;
  auto compiled =
      std::make_unique<Compiled>(*plan_, table_.moments(), update_, rows, libraries_, formulas_);
  std::int64_t held = 0;
  if (compiled_ != nullptr) held += compiled_->layout().state_bytes * trials();
  if (max_rows_ != 0) held += compiled_->layout().scratch_of(trials());
  require_memory(compiled->layout(), trials(), held, compiled->programs());
  compiled->constants().upload(stream_.get());

  max_rows_ = 0;  // should anything fail below, the next call begins anew
  graphs_.clear();
  has_gradients_ = false;
  scratch_ = {};
  compiled_ = std::move(compiled);
  const Layout& layout = compiled_->layout();
  if (state_.get() == nullptr) {
    const std::int64_t bytes = layout.state_bytes * trials();
    state_ = allocate(bytes, "the trials' weights");
    SALTUS_CUDA_CHECK(
        cudaMemsetAsync(state_.get(), 0, static_cast<std::size_t>(bytes), stream_.get()));
  }
  scratch_ = allocate(layout.scratch_of(trials()), "the trials' batches");
  max_rows_ = rows;
  compiled_->prepare(plan::Mode::train, step_context({}, rows, memory(), table_.all(nullptr)));
}

void CudaExecutable::make_room_for_batches(std::int64_t batches) {
  if (batches <= max_batches_) return;
  max_batches_ = 0;
  graphs_.clear();
  sums_ = {};
  sums_ = Mirror<kernels::BatchSums>(static_cast<std::size_t>(batches * trials()), "sums");
  ranges_ = {};
  ranges_ = allocate_pinned(batches * std::int64_t{sizeof(kernels::BatchRange)});
  max_batches_ = batches;
}

float* CudaExecutable::moment_of(int trial, int weight, int moment) const {
  const Layout& layout = compiled_->layout();
  const plan::Tensor& tensor = compiled_->program(plan::Mode::train).tensor(weight);
  const std::int64_t array = layout.moments[static_cast<std::size_t>(moment)];
  return memory().in_state<float>(array, tensor.offset)[trial];
}

float* CudaExecutable::weight_of(plan::Mode mode, int trial, int weight) const {
  return memory(mode).tensor<float>(compiled_->program(plan::Mode::train), weight)[trial];
}

}  // namespace saltus::cuda
