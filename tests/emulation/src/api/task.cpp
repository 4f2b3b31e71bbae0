#include "api/task.h"

#include <algorithm>
#include <list>
#include <random>
#include <utility>

#include <emulation/control.h>

#include "api/call.h"

namespace saltus::emulation {
namespace {

Streams mode;
std::minstd_rand generator;
std::list<TaskPointer> pending;  // in the order in which they were submitted

bool is_done(const TaskPointer& task) {
  return task->done;
}

bool can_run(const TaskPointer& task) {
  return !task->done && std::all_of(task->after.begin(), task->after.end(), is_done);
}

/// After an error that stays, nothing runs any more.
void run(Task& task) {
  if (task.work && sticky_error() == cudaSuccess) task.work();
  task.work = nullptr;
  task.after.clear();
  task.done = true;
  task.finished = std::chrono::steady_clock::now();
}

void forget_done() {
  pending.remove_if(is_done);
}

}  // namespace

TaskPointer submit(Work work, std::vector<TaskPointer> after) {
  std::erase_if(after, [](const TaskPointer& task) { return task == nullptr || task->done; });
  auto task = std::make_shared<Task>(Task{std::move(work), std::move(after)});
  pending.push_back(task);
  if (mode.kind == Streams::Kind::eager) finish(task);
  if (mode.kind == Streams::Kind::shuffle)
    while (generator() % 2 == 0 && !pending.empty()) step();
  return task;
}

void finish(const TaskPointer& task) {
  std::vector<TaskPointer> stack{task};
  while (!stack.empty()) {
    const TaskPointer top = stack.back();
    const auto first = std::find_if_not(top->after.begin(), top->after.end(), is_done);
    if (!top->done && first != top->after.end()) {
      stack.push_back(*first);
    } else {
      if (!top->done) run(*top);
      stack.pop_back();
    }
  }
  forget_done();
}

void finish_all() {
  while (!pending.empty()) step();
}

void step() {
  std::vector<TaskPointer> ready;
  std::copy_if(pending.begin(), pending.end(), std::back_inserter(ready), can_run);
  if (ready.empty()) return;
  const bool shuffled = mode.kind == Streams::Kind::shuffle;
  run(*ready[shuffled ? generator() % ready.size() : 0]);
  forget_done();
}

void set_streams(Streams streams) {
  finish_all();
  mode = streams;
  generator.seed(static_cast<std::minstd_rand::result_type>(streams.seed));
}

}  // namespace saltus::emulation
