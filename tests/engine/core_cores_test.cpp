#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sched.h>

#include "core/cores.h"
#include "core/file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

/// What a process sees of its control groups, in a folder that stands for /.
class QuotaCores : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((scratch_.path() / file).parent_path());
    std::ofstream(scratch_.path() / file) << text;
  }
  int cores() const { return quota_cores(scratch_.path()); }

  ScratchFolder scratch_{fs::temp_directory_path()};
};

TEST_F(QuotaCores, NoneWithoutControlGroups) {
  EXPECT_EQ(cores(), 0);
  write("proc/self/cgroup", "0::/\n");
  write("proc/self/mountinfo", "30 23 0:26 / /proc rw - proc proc rw\n");
  EXPECT_EQ(cores(), 0);
}

TEST_F(QuotaCores, Version2) {
  write("proc/self/cgroup", "0::/jobs/mine\n");
  write("proc/self/mountinfo",
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  write("sys/fs/cgroup/jobs/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/jobs/mine/cpu.max", "max 100000\n");
  EXPECT_EQ(cores(), 0);
  write("sys/fs/cgroup/jobs/mine/cpu.max", "150000 100000\n");
  EXPECT_EQ(cores(), 2) << "rounded up";
  write("sys/fs/cgroup/jobs/mine/cpu.max", "10000 100000\n");
  EXPECT_EQ(cores(), 1);
  write("sys/fs/cgroup/jobs/mine/cpu.max", "800000 100000\n");
  write("sys/fs/cgroup/jobs/cpu.max", "300000 100000\n");
  EXPECT_EQ(cores(), 3) << "the group above allows less";
}

TEST_F(QuotaCores, Version2InAContainer) {
  write("proc/self/cgroup", "0::/\n");
  write("proc/self/mountinfo", "900 880 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  write("sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_EQ(cores(), 4);
}

TEST_F(QuotaCores, Version1) {
  write("proc/self/cgroup",
        "12:cpuset:/sets\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n");
  // A container that sees its own group only, but reads its path on the host.
  write("proc/self/mountinfo",
        "40 30 0:30 /docker/abc /sys/fs/cgroup/cpuset ro master:9 - cgroup cgroup rw,cpuset\n"
        "41 30 0:31 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro master:10 - cgroup cgroup "
        "rw,cpu,cpuacct\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cores(), 0);
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(cores(), 3);
  write("proc/self/cgroup", "4:cpu,cpuacct:/elsewhere\n");
  EXPECT_EQ(cores(), 3) << "the top that is seen, for a group that is not below it";
}

TEST_F(QuotaCores, WhatIsNoNumberIsNoLimit) {
  write("proc/self/cgroup", "0::/\nnonsense\n::\n");
  write("proc/self/mountinfo", "short\n1 2 3 / /g rw - cgroup2 cgroup rw\n1 2 3 / /g rw -\n");
  for (const char* text : {"", "\n", "many 100000", "100000", "100000 0", "-5 100000", "1 2 3"}) {
    write("g/cpu.max", text);
    EXPECT_EQ(cores(), 0) << text;
  }
}

TEST(UsableCores, AreThoseOfTheScheduler) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(usable_cores(), 1);
  sched_setaffinity(0, sizeof(before), &before);
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), CPU_COUNT(&before));
}

}  // namespace
}  // namespace saltus
