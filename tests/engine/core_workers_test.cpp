#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <saltus/error.h>

#include "core/workers.h"

namespace saltus {
namespace {

using std::chrono::milliseconds;

class WorkersTest : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Counts, WorkersTest, testing::Values(1, 2, 3, 16));

TEST_P(WorkersTest, DoEachTaskOnceAndOneAtATime) {
  const Workers workers(GetParam());
  EXPECT_EQ(workers.count(), GetParam());
  for (const int tasks : {0, 1, 2, 5, 100, 3}) {
    std::vector<std::atomic<int>> done(static_cast<std::size_t>(tasks));
    std::vector<std::atomic<int>> busy(static_cast<std::size_t>(GetParam()));
    std::atomic<bool> good = true;
    workers.run(tasks, [&](int number, int worker) {
      if (worker < 0 || worker >= std::min(tasks, GetParam())) {
        good = false;
        return;
      }
      const auto place = static_cast<std::size_t>(worker);
      if (busy[place]++ != 0) good = false;
      ++done[static_cast<std::size_t>(number)];
      --busy[place];
    });
    EXPECT_TRUE(good) << tasks << " tasks";
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST_P(WorkersTest, PassOnWhatATaskThrows) {
  const Workers workers(GetParam());
  const auto fail = [](int number, int /*worker*/) {
    if (number == 3) throw std::runtime_error("of task 3");
  };
  for (int i = 0; i < 3; ++i) EXPECT_THROW(workers.run(8, fail), std::runtime_error);
  std::atomic<int> done = 0;
  workers.run(8, [&](int /*number*/, int /*worker*/) { ++done; });
  EXPECT_EQ(done, 8) << "and go on";
}

// A program of its own that uses OpenMP finds its settings as it left them; libraries called from a
// task have one thread.
TEST_P(WorkersTest, LeaveTheCallersOpenMPAlone) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(7);
  const Workers workers(GetParam());
  std::mutex mutex;
  std::set<int> within;
  const auto look = [&](int number, int /*worker*/) {
    const std::lock_guard lock(mutex);
    within.insert(omp_get_max_threads());
    if (number == 15) throw std::runtime_error("so that no way leads past");
  };
  EXPECT_THROW(workers.run(16, look), std::runtime_error);
  EXPECT_THAT(within, testing::ElementsAre(1));
  EXPECT_EQ(omp_get_max_threads(), 7);
  omp_set_num_threads(before);
}

TEST(Workers, ShareTheWork) {
  const Workers workers(3);
  // Each task waits for the others, so three threads must have one each.
  std::atomic<int> here = 0;
  std::set<std::thread::id> threads;
  std::mutex mutex;
  workers.run(3, [&](int /*number*/, int /*worker*/) {
    {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    }
    ++here;
    while (here < 3) std::this_thread::yield();
  });
  EXPECT_EQ(threads.size(), 3U);
}

/// Seconds of all cores that this process has used.
double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// Not how long anything takes is measured here, but what is used while nothing is to be done.
TEST(Workers, WhoWaitsGivesTheCoreUp) {
  const Workers workers(4);
  double used = 0;
  for (int i = 0; i < 10; ++i) {
    std::atomic<int> here = 0;
    workers.run(4, [&](int /*number*/, int /*worker*/) {
      ++here;
      while (here < 4) std::this_thread::yield();  // all four take part
    });
    const double before = cpu_seconds();
    std::this_thread::sleep_for(milliseconds(5));  // the three wait for work
    workers.run(2, [&](int number, int /*worker*/) {
      // The caller or one of the others waits for the last task.
      if (number == 1) std::this_thread::sleep_for(milliseconds(5));
    });
    used += cpu_seconds() - before;
  }
  // 100 ms pass, in which threads that look again and again use all of every core.
  EXPECT_LT(used, 0.02);
}

TEST(Workers, AreBounded) {
  EXPECT_THROW(Workers(-1), InvalidArgument);
  EXPECT_THROW(Workers(kMostThreads + 1), InvalidArgument);
  try {
    check_threads(100'000);
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("1 to 1024, or 0 for all cores, not 100000"));
  }
  EXPECT_NO_THROW(check_threads(kMostThreads));
  EXPECT_GE(Workers(0).count(), 1);
}

}  // namespace
}  // namespace saltus
