#pragma once

#include <functional>

namespace saltus::cpu {

/// The threads that share the work of a batch. Work is cut the same way whatever their number, so
/// results do not depend on it.
class Workers {
 public:
  /// `threads` 0: one for each core this process may use.
  explicit Workers(int threads);

  int count() const { return count_; }

  /// Calls task(number, worker) for each number below `tasks`, at most one at a time on a worker.
  /// Libraries called from a task run on its thread alone. The first exception is thrown here
  /// again.
  void run(int tasks, const std::function<void(int number, int worker)>& task) const;

 private:
  int count_;
};

/// While it lives, OpenMP regions started by this thread have one thread: oneDNN's primitives are
/// made for use inside a task.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  int before_;
};

}  // namespace saltus::cpu
