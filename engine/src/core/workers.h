#pragma once

#include <functional>
#include <memory>

namespace saltus {

/// The most threads that may be asked for.
inline constexpr int kMostThreads = 1024;

/// Throws InvalidArgument unless the number is 1 to kMostThreads, or 0 for all cores.
void check_threads(int threads);

/// Threads that share work. Work is cut the same way whatever their number, so results do not
/// depend on it. Who waits gives its core up after some microseconds; OpenMP's threads would keep
/// it for milliseconds, and others that need it, our own among them, would wait.
class Workers {
 public:
  /// `threads` 0: one for each core this process may use. Throws InvalidArgument.
  explicit Workers(int threads);
  virtual ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const { return count_; }

  /// Calls task(number, worker) for each number below `tasks`, at most one at a time on a worker.
  /// Workers are numbered from 0, the calling thread, to below both `tasks` and count(). Libraries
  /// called from a task run on its thread alone. What a task throws first is thrown here again.
  /// Throws Error where the system gives no thread.
  virtual void run(int tasks, const std::function<void(int number, int worker)>& task) const;

 private:
  class Crew;
  int count_;
  std::unique_ptr<Crew> crew_;  ///< those beside the calling thread, as far as they were needed
};

/// While it lives, OpenMP regions started by this thread have one thread: oneDNN, which is built on
/// OpenMP, makes its primitives for as many threads, and runs them there.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  int before_;
};

}  // namespace saltus
