// Work that waits to be done, and when it is.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace saltus::emulation {

using Work = std::function<void()>;

/// One piece of work, done after others.
struct Task {
  Work work;  ///< may be empty
  std::vector<std::shared_ptr<Task>> after;
  bool done = false;
  std::chrono::steady_clock::time_point finished = {};
};
using TaskPointer = std::shared_ptr<Task>;

/// Hands over a task. Whether it is done at once is the stream mode's choice.
TaskPointer submit(Work work, std::vector<TaskPointer> after);

/// Does the task, and first what it comes after; nothing else.
void finish(const TaskPointer& task);

/// Does everything that was submitted.
void finish_all();

/// Does one task more, if there is one: time passes while somebody asks.
void step();

}  // namespace saltus::emulation
