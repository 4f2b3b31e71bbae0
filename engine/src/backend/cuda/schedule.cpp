#include "backend/cuda/schedule.h"

#include "plan/passes.h"

namespace saltus::cuda {
namespace {

/// What a convolution or product writes; kNone of other steps.
struct OutputOfProduct {
  plan::TensorId operator()(const plan::Convolution& step) const { return step.y; }
  plan::TensorId operator()(const plan::Product& step) const { return step.y; }
  template <class Other>
  plan::TensorId operator()(const Other& /*step*/) const {
    return plan::kNone;
  }
};

std::vector<Job> make_jobs(const plan::Program& program) {
  std::vector<int> readers(program.tensors.size(), 0);
  if (program.output != plan::kNone) ++readers[static_cast<std::size_t>(program.output)];
  for (const plan::Segment& segment : program.segments) {
    for (const plan::Step& step : segment.steps) {
      plan::for_each_tensor(step, [&](plan::TensorId id, plan::Use use) {
        if (use != plan::Use::write) ++readers[static_cast<std::size_t>(id)];
      });
    }
  }
  std::vector<Job> jobs;
  for (const plan::Segment& segment : program.segments) {
    for (const plan::Step& step : segment.steps) {
      const auto* activate = std::get_if<plan::Activate>(&step);
      const bool follows = activate != nullptr && !jobs.empty() &&
                           std::visit(OutputOfProduct{}, jobs.back().step) == activate->x &&
                           readers[static_cast<std::size_t>(activate->x)] == 1;
      if (follows)
        jobs.back().activation = *activate;
      else
        jobs.push_back({step});
    }
  }
  return jobs;
}

/// Calls visit(tensor) for what a job's launch touches: not what passes between its two steps.
template <class Visit>
void for_each_tensor(const Job& job, Visit visit) {
  const plan::TensorId between = job.activation ? job.activation->x : plan::kNone;
  const auto see = [&](plan::TensorId id, plan::Use /*use*/) {
    if (id != between) visit(static_cast<std::size_t>(id));
  };
  plan::for_each_tensor(job.step, see);
  if (job.activation) plan::for_each_tensor(*job.activation, see);
}

}  // namespace

Schedule make_schedule(const plan::Program& program) {
  Schedule schedule{program.tensors, make_jobs(program), 0, program.output};
  std::vector<plan::Lifetime> lifetimes(program.tensors.size());
  const auto include = [&](std::size_t id, std::size_t job) {
    if (has_rows(program.tensors[id])) lifetimes[id].include(static_cast<int>(job));
  };
  for (std::size_t job = 0; job < schedule.jobs.size(); ++job) {
    for_each_tensor(schedule.jobs[job], [&](std::size_t id) { include(id, job); });
  }
  if (program.output != plan::kNone) {
    include(static_cast<std::size_t>(program.output), schedule.jobs.size());
  }
  schedule.row_bytes = plan::pack(schedule.tensors, lifetimes);
  return schedule;
}

}  // namespace saltus::cuda
