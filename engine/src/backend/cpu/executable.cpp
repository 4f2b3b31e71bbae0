#include "backend/cpu/executable.h"

#include <algorithm>
#include <chrono>

#include <saltus/error.h>
#include <saltus/kernels/random.h>

#include "passes/pipelines.h"

namespace saltus::cpu {

CpuExecutable::CpuExecutable(std::shared_ptr<const plan::Plan> plan,
                             std::vector<backend::Trial> trials, const backend::Options& options,
                             std::unique_ptr<const Workers> workers)
    : plan_(std::move(plan)),
      stop_on_nonfinite_(options.stop_on_nonfinite),
      metrics_(options.metrics),
      workers_(std::move(workers)),
      gradients_(plan_->parameter_count, sizeof(float)) {
  const std::int64_t bytes = gradients_.bytes();
  const std::int64_t halves = plan_->precision == Precision::bf16 ? bytes / 2 : 0;
  for (backend::Trial& trial : trials) {
    TrialState& state = trials_.emplace_back();
    state.parameters = {Buffer(bytes), Buffer(halves)};
    if (trial.ema_momentum > 0) state.averages = {Buffer(bytes), Buffer(halves)};
    for (int i = 0; i < backend::moments_of(trial.optimizer); ++i)
      state.moments[static_cast<std::size_t>(i)] = Buffer(bytes);
    state.statistics = Buffer(plan_->statistic_count, sizeof(float));
    state.rates = {learning_rate_of(trial.optimizer)};
    state.config = std::move(trial);
  }
}

void CpuExecutable::bind(backend::Split split, const Samples& samples) {
  splits_[static_cast<std::size_t>(split)] = samples;
  for (TrialState& trial : trials_) trial.classes[static_cast<std::size_t>(split)].clear();
}

void CpuExecutable::train(std::uint32_t epoch, std::int64_t first, std::int64_t count,
                          std::int64_t batch_size, bool shuffle) {
  const auto start = std::chrono::steady_clock::now();
  const Samples& data = samples(backend::Split::train);
  CompiledProgram& program = compiled(train_, plan_->train, batch_size);
  for (std::int64_t batch = first; batch < first + count; ++batch) {
    for (TrialState& trial : trials_) {
      if (!trial.active) continue;
      Run run = make_run(trial, trial.parameters, data, batch, batch_size);
      for (std::int64_t& sample : run.order) {
        if (!shuffle) break;
        sample =
            kernels::shuffled_index(trial.config.seed, epoch, static_cast<std::uint32_t>(sample),
                                    static_cast<std::uint32_t>(data.count));
      }
      program.run(run);
      trained_ = &trial;
      trial.classes = {};
      trial.sums_of(backend::Split::train).push_back(run.sums);
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  training_seconds_ += taken.count();
}

void CpuExecutable::evaluate(backend::Split split, std::int64_t batch_size) {
  const Samples& data = samples(split);
  CompiledProgram& program = compiled(evaluate_, plan_->evaluate, batch_size);
  for (std::int64_t batch = 0; batch * batch_size < data.count; ++batch) {
    for (TrialState& trial : trials_) {
      if (!trial.active) continue;
      Run run = make_run(trial, trial.evaluated(), data, batch, batch_size);
      std::vector<std::int32_t>& classes = trial.classes[static_cast<std::size_t>(split)];
      classes.resize(static_cast<std::size_t>(data.count));
      run.classes = std::span(classes).subspan(static_cast<std::size_t>(batch * batch_size),
                                               run.order.size());
      program.run(run);
      trial.sums_of(split).push_back(run.sums);
    }
  }
}

std::vector<backend::BatchSums> CpuExecutable::take_sums(int trial, backend::Split split) {
  return std::exchange(state(trial).sums_of(split), {});
}

std::vector<float> CpuExecutable::predict(int trial, backend::Split split,
                                          std::int64_t batch_size) {
  const Samples& data = samples(split);
  TrialState& own = state(trial);
  CompiledProgram& program = compiled(predict_, plan_->predict, batch_size);
  const plan::TensorId output = plan_->predict.output;
  const std::int64_t elements = element_count(plan_->output);
  std::vector<float> results(static_cast<std::size_t>(data.count * elements));
  for (std::int64_t batch = 0; batch * batch_size < data.count; ++batch) {
    Run run = make_run(own, own.evaluated(), data, batch, batch_size);
    program.run(run);
    float* place = results.data() + batch * batch_size * elements;
    loops().load(program.memory().in(output, run, {}), {place, plan::DType::f32},
                 run.rows() * elements);
  }
  return results;
}

float* CpuExecutable::weight_data(const TrialState& trial, const Parameters& parameters,
                                  const plan::Tensor& tensor) {
  const Buffer& home = tensor.home == plan::Home::parameters ? parameters.floats : trial.statistics;
  return home.as<float>() + tensor.offset;
}

void CpuExecutable::write(const TrialState& trial, const Parameters& parameters,
                          const plan::Tensor& tensor, std::span<const float> values) {
  float* data = weight_data(trial, parameters, tensor);
  std::copy(values.begin(), values.end(), data);
  if (parameters.halves.bytes() > 0 && tensor.home == plan::Home::parameters) {
    loops().load({data, plan::DType::f32},
                 {parameters.halves.as<std::uint16_t>() + tensor.offset, plan::DType::bf16},
                 tensor.elements);
  }
}

void CpuExecutable::read_weight(int trial, int weight, std::span<float> values) {
  const TrialState& own = state(trial);
  std::copy_n(weight_data(own, own.parameters, tensor(weight)), values.size(), values.begin());
}

void CpuExecutable::write_weight(int trial, int weight, std::span<const float> values) {
  TrialState& own = state(trial);
  own.classes = {};
  write(own, own.parameters, tensor(weight), values);
  if (own.has_averages()) write(own, own.averages, tensor(weight), values);
}

void CpuExecutable::read_average(int trial, int weight, std::span<float> values) {
  const TrialState& own = state(trial);
  std::copy_n(weight_data(own, own.evaluated(), tensor(weight)), values.size(), values.begin());
}

void CpuExecutable::write_average(int trial, int weight, std::span<const float> values) {
  TrialState& own = state(trial);
  own.classes = {};
  write(own, own.averages, tensor(weight), values);
}

void CpuExecutable::read_gradient(int trial, int weight, std::span<float> values) {
  if (trained_ != &state(trial)) {
    throw InvalidArgument(
        "the gradients are not those of this model: ask for them behind a batch that trained it");
  }
  std::copy_n(gradients_.as<float>() + tensor(weight).offset, values.size(), values.begin());
}

float* CpuExecutable::moment_data(int trial, int weight, int moment) {
  const Buffer& moments = state(trial).moments[static_cast<std::size_t>(moment)];
  return moments.as<float>() + tensor(weight).offset;
}

void CpuExecutable::read_moment(int trial, int weight, int moment, std::span<float> values) {
  std::copy_n(moment_data(trial, weight, moment), values.size(), values.begin());
}

void CpuExecutable::write_moment(int trial, int weight, int moment, std::span<const float> values) {
  std::copy(values.begin(), values.end(), moment_data(trial, weight, moment));
}

void CpuExecutable::set_learning_rates(int trial, std::span<const double> rates) {
  TrialState& of = state(trial);
  of.rates.assign(rates.begin(), rates.end());
  of.rates_from = of.step;
}

void CpuExecutable::set_active(int trial, bool active) {
  state(trial).active = active;
  if (active) state(trial).non_finite.reset();
}

const backend::NonFinite* CpuExecutable::non_finite(int trial) {
  const auto& found = state(trial).non_finite;
  return found ? &*found : nullptr;
}

Run CpuExecutable::make_run(TrialState& trial, const Parameters& parameters, const Samples& samples,
                            std::int64_t batch, std::int64_t batch_size) const {
  Run run;
  run.metrics = metrics_;
  run.trial = &trial;
  run.parameters = &parameters;
  run.samples = &samples;
  const std::int64_t begin = batch * batch_size;
  for (std::int64_t i = begin; i < std::min(begin + batch_size, samples.count); ++i)
    run.order.push_back(i);
  return run;
}

CompiledProgram& CpuExecutable::compiled(std::unique_ptr<CompiledProgram>& program,
                                         const plan::Program& source, std::int64_t rows) {
  if (!program || program->batch_rows() < rows) {
    program.reset();  // before there is more of it
    program =
        std::make_unique<CompiledProgram>(*plan_, passes::cpu_program(source, plan_->precision),
                                          *workers_, rows, gradients_.data(), stop_on_nonfinite_);
  }
  return *program;
}

}  // namespace saltus::cpu
