// A training step of the tutorial's network, launch by launch.
#include <memory>

#include <fmt/format.h>

#include "apps/bench/gpu/training_step.h"
#include "backend/cuda/architecture.h"
#include "contest.h"
#include "passes/pipelines.h"

namespace saltus::bench {

void add_step(std::vector<Entry>& entries, const Setting& setting, Precision precision) {
  const std::shared_ptr<const plan::Plan> plan = tutorial_plan(precision);
  const std::vector<plan::Step> steps =
      passes::cuda_program(
          plan->train, precision,
          {.shared_bytes = cuda::shared_bytes_of_block(), .max_rows = setting.rows})
          .steps;
  const auto made =
      std::make_shared<std::unique_ptr<TrainingStep>>();  // by the first that is asked for

  const auto add = [&](std::string_view name, std::size_t first, std::size_t last) {
    Entry entry;
    entry.name = fmt::format("step: {:02} {}", first == last ? first + 1 : steps.size() + 1, name);
    entry.kind = to_string(precision);
    entry.trials = setting.trials;
    entry.make = [=] {
      if (*made == nullptr)
        *made = std::make_unique<TrainingStep>(plan, setting.trials, setting.rows);
      (*made)->refresh();
      const auto start = [=](int /*set*/, cudaStream_t stream) {
        for (std::size_t i = first; i <= last; ++i) (*made)->launches()[i].start(stream);
      };
      return Contest{{{"Saltus", start, ""}}, 1};
    };
    entries.push_back(std::move(entry));
  };
  for (std::size_t i = 0; i < steps.size(); ++i) add(plan::name_of(steps[i]), i, i);
  add("all of it", 0, steps.size() - 1);
}

}  // namespace saltus::bench
