#include "backend/cuda/executable.h"

#include <algorithm>
#include <utility>

#include <saltus/error.h>
#include <saltus/kernels/elementwise/fill.h>

namespace saltus::cuda {
namespace {

/// Graphs kept for further epochs. A run needs two; one that changes its mind is not to pile them
/// up.
constexpr std::size_t kMostGraphs = 8;

}  // namespace

CudaExecutable::CudaExecutable(std::shared_ptr<const plan::Plan> plan,
                               std::span<const backend::Trial> trials,
                               const backend::Options& options)
    : plan_(std::move(plan)),
      libraries_(options.libraries),
      stream_(make_stream()),
      table_(*plan_, trials, stream_.get()),
      taken_(trials.size()),
      non_finite_(trials.size()) {
  update_ = {options.stop_on_nonfinite, table_.clips_by_norm()};
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
      {ProgramKind::train, backend::Split::train, shuffle, epoch, first, count, batch_size});
}

void CudaExecutable::evaluate(backend::Split split, std::int64_t batch_size) {
  const std::int64_t count = (data(split).count + batch_size - 1) / batch_size;
  if (count < 1) return;
  pending_.push_back({ProgramKind::evaluate, split, false, 0, 0, count, batch_size});
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
  const Pass pass = {.kind = ProgramKind::predict,
                     .split = split,
                     .count = (data(split).count + batch_size - 1) / batch_size,
                     .batch_size = batch_size};
  make_room(rows_of(pass));
  const Mirror<kernels::BatchRange> ranges(static_cast<std::size_t>(pass.count), "predictions");
  fill_ranges(pass, 0, ranges.host());

  // Nothing multiplies by a network's output, so it is float in every precision.
  const Schedule& program = compiled_->schedule(ProgramKind::predict);
  const std::int64_t elements = program.tensor(program.output).elements;
  std::vector<float> results(static_cast<std::size_t>(data(split).count * elements));
  const DeviceMemory all =
      allocate(static_cast<std::int64_t>(results.size() * sizeof(float)), "predictions");
  const Memory own = memory().of(trial);
  const float* const output = own.tensor<float>(program, program.output).data;
  prepare(pass, own, table_.only(trial, nullptr));
  complete(stream_.get(), [&] {
    ranges.upload(stream_.get());
    auto* place = static_cast<float*>(all.get());
    for (std::int64_t batch = 0; batch < pass.count; ++batch) {
      const kernels::Trials table = table_.only(trial, ranges.device() + batch);
      const std::int64_t rows = rows_of(pass, batch);
      compiled_->launch(pass.kind, site(pass, rows, own, table));
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
  const float* const source = weight_of(trial, weight);
  complete(stream_.get(), [&] {
    copy(values.data(), source, values.size(), cudaMemcpyDeviceToHost, stream_.get());
  });
}

void CudaExecutable::read_gradient(int trial, int weight, std::span<float> values) {
  flush();
  if (!has_gradients_) {
    throw InvalidArgument(
        "there are no gradients of the batch trained last, for a larger one took their place: ask "
        "for them before that is predicted or evaluated");
  }
  const std::int64_t offset = compiled_->schedule(ProgramKind::train).tensor(weight).offset;
  const Memory own = memory().of(trial);
  const float* const source = own.in_scratch<float>(own.layout->gradients, offset).data;
  complete(stream_.get(), [&] {
    copy(values.data(), source, values.size(), cudaMemcpyDeviceToHost, stream_.get());
  });
}

void CudaExecutable::write_weight(int trial, int weight, std::span<const float> values) {
  flush();
  float* const target = weight_of(trial, weight);
  complete(stream_.get(), [&] {
    copy(target, values.data(), values.size(), cudaMemcpyHostToDevice, stream_.get());
    const plan::Tensor& tensor = compiled_->schedule(ProgramKind::train).tensor(weight);
    const std::int64_t halves = compiled_->layout().halves;
    if (halves < 0 || tensor.home != plan::Home::parameters) return;
    const auto copied = memory().of(trial).in_state<kernels::Bf16>(halves, tensor.offset);
    const auto stage = site({}, 0, memory(), table_.only(trial, nullptr)).stage;
    kernels::cast({kernels::PerTrial<float>(target, 0), copied, tensor.elements}, stage);
  });
}

void CudaExecutable::read_moment(int trial, int weight, int moment, std::span<float> values) {
  flush();
  const float* const source = moment_of(trial, weight, moment);
  complete(stream_.get(), [&] {
    copy(values.data(), source, values.size(), cudaMemcpyDeviceToHost, stream_.get());
  });
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

void CudaExecutable::set_learning_rate(int trial, double learning_rate) {
  flush();
  table_.set_learning_rate(trial, learning_rate, stream_.get());
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
  const Pass pass = {.kind = ProgramKind::train,
                     .split = backend::Split::train,
                     .shuffled = true,
                     .count = 1,
                     .batch_size = batch_size};
  make_room(rows_of(pass));
  make_room_for_batches(1);
  const PassGraph& graph = graph_of(pass);  // keeps the batch's range
  const Mirror<kernels::BatchRange> range(1, "a batch");
  fill_ranges(pass, 0, range.host());
  complete(stream_.get(),
           [&] { copy(graph.range(0), range.host(), 1, cudaMemcpyHostToDevice, stream_.get()); });
  const Site here = site(pass, rows_of(pass), memory(), table_.all(graph.range(0)));
  const std::span<const Launch> launches = compiled_->launches(pass.kind);
  const std::vector<Job>& jobs = compiled_->schedule(pass.kind).jobs;
  std::vector<StepLaunch> all;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    all.push_back({plan::name_of(jobs[i].step), [here, &launch = launches[i]](cudaStream_t stream) {
                     Site at = here;
                     at.stage.stream = stream;
                     launch.run(at);
                   }});
  }
  return all;
}

void CudaExecutable::flush() {
  if (pending_.empty()) return;
  const std::vector<Pass> passes = std::exchange(pending_, {});
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  for (const Pass& pass : passes) {
    rows = std::max(rows, rows_of(pass));
    batches += pass.count;
  }
  make_room(rows);
  make_room_for_batches(batches);
  if (graphs_.size() + passes.size() > kMostGraphs) graphs_.clear();
  while (spans_.size() < passes.size()) spans_.emplace_back();
  complete(stream_.get(), [&] {
    SALTUS_CHECK(cudaMemsetAsync(sums_.device(), 0, sums_.size() * sizeof(kernels::BatchSums),
                                 stream_.get()));
    std::int64_t number = 0;
    for (std::size_t i = 0; i < passes.size(); ++i) {
      enqueue(passes[i], number, spans_[i]);
      number += passes[i].count;
    }
    sums_.download(stream_.get());
    table_.fetch_non_finite(stream_.get());
  });
  collect(passes);
}

void CudaExecutable::enqueue(const Pass& pass, std::int64_t number, const Span& span) {
  const PassGraph& graph = graph_of(pass);
  auto* const ranges = static_cast<kernels::BatchRange*>(ranges_.get()) + number;
  fill_ranges(pass, number, ranges);
  copy(graph.range(0), ranges, static_cast<std::size_t>(pass.count), cudaMemcpyHostToDevice,
       stream_.get());
  const bool timed = pass.kind == ProgramKind::train;
  if (timed) SALTUS_CHECK(cudaEventRecord(span.begin.get(), stream_.get()));
  SALTUS_CHECK(cudaGraphLaunch(graph.graph.get(), stream_.get()));
  if (timed) SALTUS_CHECK(cudaEventRecord(span.end.get(), stream_.get()));
}

const CudaExecutable::PassGraph& CudaExecutable::graph_of(const Pass& pass) {
  const PassKey key = {pass.kind,  pass.split,       pass.shuffled,
                       pass.count, rows_of(pass, 0), rows_of(pass, pass.count - 1)};
  if (const auto known = graphs_.find(key); known != graphs_.end()) return known->second;
  PassGraph graph;
  graph.ranges = allocate(pass.count * std::int64_t{sizeof(kernels::BatchRange)}, "batches");
  prepare(pass, memory(), table_.all(graph.range(0)));
  Capture capture(stream_.get());
  for (std::int64_t batch = 0; batch < pass.count; ++batch) {
    compiled_->launch(pass.kind,
                      site(pass, rows_of(pass, batch), memory(), table_.all(graph.range(batch))));
  }
  graph.graph = capture.finish();
  return graphs_.emplace(key, std::move(graph)).first->second;
}

void CudaExecutable::collect(const std::vector<Pass>& passes) {
  std::int64_t number = 0;
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const Pass& pass = passes[i];
    for (std::int64_t trial = 0; trial < trials(); ++trial) {
      auto& taken = taken_[static_cast<std::size_t>(trial)][static_cast<std::size_t>(pass.split)];
      for (std::int64_t batch = 0; batch < pass.count; ++batch) {
        const kernels::BatchSums& sums = sums_.host()[trial * max_batches_ + number + batch];
        if (sums.rows == 0) continue;
        taken.push_back({.rows = static_cast<std::int64_t>(sums.rows),
                         .loss = sums.loss,
                         .binary_hits = static_cast<std::int64_t>(sums.binary_hits),
                         .categorical_hits = static_cast<std::int64_t>(sums.categorical_hits),
                         .absolute_error = sums.absolute_error,
                         .clipped = static_cast<std::int64_t>(sums.clipped)});
      }
    }
    number += pass.count;
    if (pass.kind != ProgramKind::train) continue;
    has_gradients_ = true;
    float milliseconds = 0;
    SALTUS_CHECK(cudaEventElapsedTime(&milliseconds, spans_[i].begin.get(), spans_[i].end.get()));
    training_seconds_ += milliseconds * 1e-3;
  }
  for (int trial = 0; trial < trials(); ++trial) {
    const auto [weight, step] = table_.found(trial);
    if (weight == kernels::NonFinite::kNone) continue;
    non_finite_[static_cast<std::size_t>(trial)] = {
        step, weight == kernels::NonFinite::kLoss
                  ? "loss"
                  : non_finite_weight(compiled_->schedule(ProgramKind::train),
                                      plan_->weights.size(), weight)};
  }
}

void CudaExecutable::fill_ranges(const Pass& pass, std::int64_t number,
                                 kernels::BatchRange* ranges) const {
  for (std::int64_t i = 0; i < pass.count; ++i) {
    ranges[i] = {.first = static_cast<std::uint32_t>((pass.first + i) * pass.batch_size),
                 .rows = static_cast<std::uint32_t>(rows_of(pass, i)),
                 .number = static_cast<std::uint32_t>(number + i),
                 .epoch = pass.epoch};
  }
}

Memory CudaExecutable::memory() const {
  const Layout& layout = compiled_->layout();
  auto* const scratch = static_cast<std::byte*>(scratch_.get());
  return {&layout, static_cast<std::byte*>(state_.get()), scratch,
          scratch + layout.scratch_bytes * trials()};
}

void CudaExecutable::prepare(const Pass& pass, const Memory& memory,
                             const kernels::Trials& trials) const {
  std::int64_t before = 0;
  for (std::int64_t batch = 0; batch < pass.count; ++batch) {
    const std::int64_t rows = rows_of(pass, batch);
    if (rows != before) compiled_->prepare(pass.kind, site(pass, rows, memory, trials));
    before = rows;
  }
}

Site CudaExecutable::site(const Pass& pass, std::int64_t rows, const Memory& memory,
                          const kernels::Trials& trials) const {
  return {.stage = {trials, static_cast<int>(max_rows_), stream_.get()},
          .memory = memory,
          .constants = &compiled_->constants(),
          .data = data(pass.split),
          .rows = rows,
          .shuffled = pass.shuffled,
          .sums = {sums_.device(), max_batches_},
          .rules = table_.rules(),
          .non_finite = table_.non_finite()};
}

void CudaExecutable::make_room(std::int64_t rows) {
  if (rows <= max_rows_) return;
  auto compiled = std::make_unique<Compiled>(*plan_, table_.moments(), update_, rows, libraries_);
  std::int64_t held = 0;
  if (compiled_ != nullptr) held += compiled_->layout().state_bytes * trials();
  if (max_rows_ != 0) held += compiled_->layout().scratch_of(trials());
  require_memory(compiled->layout(), trials(), held, compiled->schedules());
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
    SALTUS_CHECK(cudaMemsetAsync(state_.get(), 0, static_cast<std::size_t>(bytes), stream_.get()));
  }
  scratch_ = allocate(layout.scratch_of(trials()), "the trials' batches");
  max_rows_ = rows;
  compiled_->prepare(ProgramKind::train, site({}, rows, memory(), table_.all(nullptr)));
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
  const plan::Tensor& tensor = compiled_->schedule(ProgramKind::train).tensor(weight);
  const std::int64_t array = moment == 0 ? layout.moment_1 : layout.moment_2;
  return memory().in_state<float>(array, tensor.offset)[trial];
}

float* CudaExecutable::weight_of(int trial, int weight) const {
  return memory().tensor<float>(compiled_->schedule(ProgramKind::train), weight)[trial];
}

}  // namespace saltus::cuda
