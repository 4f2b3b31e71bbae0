#include "core/workers.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <omp.h>

#include <saltus/error.h>

#include "core/cores.h"
#include "core/text.h"

namespace saltus {
namespace {

using TaskFunction = std::function<void(int number, int worker)>;

}  // namespace

/// The other threads, and the work at hand. Waiting is std::atomic's: it looks some microseconds
/// long, then asks the system to be woken.
class Workers::Crew {
 public:
  ~Crew() {
    over_ = true;
    for (Member& member : members_) member.call();
    for (Member& member : members_) member.thread.join();
  }

  void run(int tasks, int workers, const TaskFunction& task) {
    start(workers - 1);
    {
      const std::lock_guard lock(mutex_);
      task_ = &task;
      tasks_ = tasks;
      next_ = 0;
      unfinished_ = tasks;
    }
    for (int i = 0; i < workers - 1; ++i) members_[static_cast<std::size_t>(i)].call();
    take_tasks(0);
    for (int left = unfinished_; left != 0; left = unfinished_) unfinished_.wait(left);
    if (const std::exception_ptr failure = std::exchange(failure_, nullptr)) {
      std::rethrow_exception(failure);
    }
  }

 private:
  struct Member {
    std::atomic<std::uint32_t> calls = 0;
    std::thread thread;

    void call() {
      ++calls;
      calls.notify_one();
    }
  };

  void start(int count) {
    while (std::cmp_less(members_.size(), count)) {
      Member& member = members_.emplace_back();
      const int worker = static_cast<int>(members_.size());
      try {
        member.thread = std::thread([this, &member, worker] { serve(member, worker); });
      } catch (const std::system_error& error) {
        members_.pop_back();
        throw Error(fmt::format("cannot start thread {} of {}: {}; ask for fewer", worker + 1,
                                count + 1, error_text(error.code().value())));
      }
    }
  }

  void serve(const Member& member, int worker) {
    const SingleThreaded here;
    for (std::uint32_t seen = 0;;) {
      member.calls.wait(seen);
      seen = member.calls;
      if (over_) return;
      take_tasks(worker);
    }
  }

  /// Does tasks as long as there are some. A worker that comes late finds none, or those of the
  /// next work, in which it may have no part.
  void take_tasks(int worker) {
    std::unique_lock lock(mutex_);
    while (next_ < tasks_ && worker < tasks_) {
      const int number = next_++;
      const TaskFunction& task = *task_;
      lock.unlock();
      std::exception_ptr failure;
      try {
        task(number, worker);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure && !failure_) failure_ = failure;
      if (--unfinished_ == 0) unfinished_.notify_one();
    }
  }

  std::atomic<bool> over_ = false;
  std::deque<Member> members_;  ///< worker i + 1; their places stay while others are added
  std::mutex mutex_;            ///< of what follows
  const TaskFunction* task_ = nullptr;
  int tasks_ = 0;
  int next_ = 0;
  std::exception_ptr failure_;
  std::atomic<int> unfinished_ = 0;  ///< the one that may be read without the mutex
};

void check_threads(int threads) {
  if (threads < 0 || threads > kMostThreads) {
    throw InvalidArgument(
        fmt::format("the number of threads must be 1 to {}, or 0 for all cores, not {}",
                    kMostThreads, threads));
  }
}

Workers::Workers(int threads) : crew_(std::make_unique<Crew>()) {
  check_threads(threads);
  count_ = threads > 0 ? threads : std::min(usable_cores(), kMostThreads);
}

Workers::~Workers() = default;

void Workers::run(int tasks, const TaskFunction& task) const {
  const SingleThreaded here;
  const int workers = std::min(count_, tasks);
  if (workers > 1) {
    crew_->run(tasks, workers, task);
  } else {
    for (int number = 0; number < tasks; ++number) task(number, 0);
  }
}

SingleThreaded::SingleThreaded() : before_(omp_get_max_threads()) {
  omp_set_num_threads(1);
}
SingleThreaded::~SingleThreaded() {
  omp_set_num_threads(before_);
}

}  // namespace saltus
