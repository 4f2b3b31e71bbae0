// Prints, as JSON, what a training step and an evaluation step of the tutorial's network launch on
// a GPU, by the CUDA backend's own lowering on CUDA's emulation; nothing is computed.
//
//   gpu_launches PRECISION TRIALS
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <fmt/format.h>

#include <saltus/sweep.h>

#include "backend/cuda/compiled.h"
#include "backend/cuda/trial_table.h"
#include "plan/passes.h"
#include "tests/emulation/control.h"
#include "tests/engine/prediction/work.h"

namespace saltus::prediction {
namespace {

using nlohmann::json;

constexpr std::int64_t kRows = 128;
constexpr std::int64_t kImages = 60000;
/// As `saltus sweep` has it.
constexpr cuda::UpdateChoices kUpdate = {.check_finite = true};

Graph graph_of(const Activation& activation) {
  return recipe_graph(Recipe::tutorial, activation, {28, 28, 1}, 10);
}

/// The tutorial's activations, one trial each, from the first again after the last.
std::vector<backend::Trial> make_trials(int count) {
  const std::vector<Activation> activations = tutorial_activations();
  Adam adam;
  adam.clipping.clipvalue = 0.5;
  std::vector<backend::Trial> trials;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    trials.push_back(backend::trial_of(graph_of(activations[i % activations.size()]), adam, i));
  }
  return trials;
}

json numbers(const dim3& extent) {
  return {extent.x, extent.y, extent.z};
}

/// The trials' memory, as an executable has it.
class Device {
 public:
  Device(const plan::Plan& plan, int trials)
      : plan_(plan),
        table_(plan, make_trials(trials), stream_.get()),
        compiled_(plan, table_.moments(), kUpdate, kRows),
        state_(cuda::allocate(trials * compiled_.layout().state_bytes, "weights")),
        scratch_(cuda::allocate(trials * compiled_.layout().scratch_bytes, "batches")),
        others_(cuda::allocate(kImages, "samples, sums and ranges")) {
    compiled_.constants().upload(stream_.get());
  }

  /// The launches of a program on a whole batch.
  json launches(cuda::ProgramKind kind) const {
    const cuda::Schedule& program = compiled_.schedule(kind);
    const cuda::Site at = site();
    json all = json::array();
    for (std::size_t i = 0; i < program.jobs.size(); ++i) {
      const cuda::Job& job = program.jobs[i];
      const cuda::Launch& launch = compiled_.launches(kind)[i];
      launch.run(at);
      const auto noted = emulation::take_noted_launches();
      const std::vector<Work> work = work_of(plan_, program, job, launch, kUpdate, kRows);
      if (noted.size() != work.size()) {
        throw std::runtime_error(fmt::format("{} launches {} kernels, and there is work for {}",
                                             plan::name_of(job.step), noted.size(), work.size()));
      }
      for (std::size_t k = 0; k < noted.size(); ++k) {
        all.push_back({{"job", i},
                       {"step", plan::name_of(job.step)},
                       {"name", work[k].name},
                       {"kernel", noted[k].function},
                       {"grid", numbers(noted[k].grid)},
                       {"block", numbers(noted[k].block)},
                       {"shared", noted[k].shared_bytes},
                       {"flops", work[k].flops * table_.count()},
                       {"bytes", work[k].bytes * table_.count()}});
      }
    }
    return all;
  }

 private:
  cuda::Site site() const {
    cuda::Site at;
    at.stage = {table_.all(static_cast<kernels::BatchRange*>(others_.get())), kRows, stream_.get()};
    at.memory = {&compiled_.layout(), static_cast<std::byte*>(state_.get()),
                 static_cast<std::byte*>(scratch_.get())};
    at.constants = &compiled_.constants();
    const auto* const bytes = static_cast<const std::uint8_t*>(others_.get());
    at.data = {.count = kImages, .bytes = bytes, .targets = {.bytes = bytes}};
    at.shuffled = true;
    at.sums = {static_cast<kernels::BatchSums*>(others_.get()), 1};
    at.rules = table_.rules();
    at.non_finite = table_.non_finite();
    return at;
  }

  const plan::Plan& plan_;
  cuda::Stream stream_ = cuda::make_stream();
  cuda::TrialTable table_;
  cuda::Compiled compiled_;
  cuda::DeviceMemory state_, scratch_;
  cuda::DeviceMemory others_;  ///< nothing reads or writes it
};

json launches(Precision precision, int trials) {
  const plan::Plan plan =
      plan::make_plan(graph_of(Activation::parse("relu")), Loss::binary_crossentropy, precision);
  const Device device(plan, trials);
  emulation::note_launches(true);
  return {{"precision", to_string(precision)},
          {"trials", trials},
          {"rows", kRows},
          {"train", device.launches(cuda::ProgramKind::train)},
          {"evaluate", device.launches(cuda::ProgramKind::evaluate)}};
}

}  // namespace
}  // namespace saltus::prediction

int main(int count, char** words) {
  try {
    if (count != 3) throw std::invalid_argument("gpu_launches PRECISION TRIALS");
    const auto precision = saltus::parse_precision(words[1]);
    std::puts(saltus::prediction::launches(precision, std::stoi(words[2])).dump(1).c_str());
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
