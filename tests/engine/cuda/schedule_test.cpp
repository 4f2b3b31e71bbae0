// Which steps share a launch, and where tensors lie.
#include "backend/cuda/schedule.h"

#include <gtest/gtest.h>

#include "plan/passes.h"
#include "tests/engine/cuda/crew.h"

namespace saltus::cuda {
namespace {

std::vector<std::string> names(const Schedule& schedule) {
  std::vector<std::string> result;
  for (const Job& job : schedule.jobs) {
    result.emplace_back(plan::name_of(job.step));
    if (job.activation) result.back() += "+activate";
  }
  return result;
}

TEST(CudaSchedule, PutsActivationsIntoTheLaunchBeforeThem) {
  const plan::Plan plan =
      plan::make_plan(tests::small_network("elu"), Loss::binary_crossentropy, Precision::fp32);
  EXPECT_EQ(
      names(make_schedule(plan.evaluate)),
      (std::vector<std::string>{"load_input", "convolution+activate", "convolution",
                                "activate_pool", "product+activate", "product", "evaluate_loss"}));
}

TEST(CudaSchedule, KeepsWhatSomebodyElseReads) {
  Graph graph({4});
  const NodeId dense = graph.add(layers::Dense{.units = 4});
  const NodeId activated = graph.add(reference::activation("tanh"));
  graph.add_to({dense, activated}, layers::Add{});
  const plan::Plan plan = plan::make_plan(graph, Loss::mean_squared_error, Precision::fp32);
  EXPECT_EQ(names(make_schedule(plan.predict)),
            (std::vector<std::string>{"load_input", "product", "activate", "sum"}));
}

/// x is loaded and y = x w is the output, whatever steps come behind it.
TEST(CudaSchedule, KeepsTheOutput) {
  enum : plan::TensorId { w, x, y, activated, twice, again };
  plan::Program program;
  program.tensors.push_back({.name = "w", .shape = {4, 4}, .elements = 16});
  program.tensors[w].home = plan::Home::parameters;
  for (const char* name : {"x", "y", "activated", "twice", "again"})
    program.tensors.push_back({.name = name, .shape = {4}, .elements = 4});
  program.segments = {
      {.steps = {plan::LoadInput{x}, plan::Product{x, w, plan::kNone, y, 1, 4, 4},
                 plan::Activate{y, activated, plan::kNone, 0},
                 plan::Sum{activated, activated, twice}, plan::Sum{twice, twice, again}}}};
  program.output = y;
  const Schedule schedule = make_schedule(program);
  EXPECT_EQ(names(schedule),
            (std::vector<std::string>{"load_input", "product", "activate", "sum", "sum"}));
  for (const plan::TensorId other : {activated, twice, again})
    EXPECT_NE(schedule.tensor(other).offset, schedule.tensor(y).offset) << other;
}

/// From the first job that touches a tensor to the last, by all that the steps say but what passes
/// inside a launch.
std::vector<plan::Lifetime> lifetimes(const Schedule& schedule) {
  std::vector<plan::Lifetime> result(schedule.tensors.size());
  for (std::size_t i = 0; i < schedule.jobs.size(); ++i) {
    const Job& job = schedule.jobs[i];
    const auto include = [&](plan::TensorId id, plan::Use) {
      if (job.activation && id == job.activation->x) return;
      result[static_cast<std::size_t>(id)].include(static_cast<int>(i));
    };
    plan::for_each_tensor(job.step, include);
    if (job.activation) plan::for_each_tensor(*job.activation, include);
  }
  return result;
}

TEST(CudaSchedule, NoTwoTensorsThatLiveAtOnceOverlap) {
  for (const reference::Example& example : reference::examples()) {
    SCOPED_TRACE(example.name);
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
      const plan::Plan plan = plan::make_plan(example.graph, example.loss, precision);
      for (const plan::Program* program : {&plan.train, &plan.evaluate, &plan.predict}) {
        const Schedule schedule = make_schedule(*program);
        const std::vector<plan::Lifetime> lives = lifetimes(schedule);
        const auto end = [&](std::size_t i) {
          const plan::Tensor& tensor = schedule.tensors[i];
          return tensor.offset + tensor.elements * plan::size_of(tensor.type);
        };
        for (std::size_t i = 0; i < lives.size(); ++i) {
          if (lives[i].last < 0 || !has_rows(schedule.tensors[i])) continue;
          EXPECT_LE(end(i), schedule.row_bytes);
          for (std::size_t j = 0; j < i; ++j) {
            if (!has_rows(schedule.tensors[j]) || !lives[i].overlaps(lives[j])) continue;
            EXPECT_TRUE(end(i) <= schedule.tensors[j].offset ||
                        end(j) <= schedule.tensors[i].offset)
                << schedule.tensors[i].name << " and " << schedule.tensors[j].name;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace saltus::cuda
