#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/process.h"
#include "tests/engine/data_support.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

class File : public DataTest {
 protected:
  std::size_t entries() const {
    const fs::directory_iterator all(folder());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  const fs::path file = folder() / "results.json";
};

// Runs `body` in a process of its own, which may change its limits; its result is the exit code.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      ::_exit(body());
    } catch (...) {
      ::_exit(99);
    }
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(File, WritesAndReplaces) {
  write_file_atomic(file, "one");
  EXPECT_EQ(get(file), "one");
  const std::string large = noise(3 << 20);
  write_file_atomic(file, large);
  EXPECT_EQ(get(file), large);
  write_file_atomic(file, "");
  EXPECT_EQ(get(file), "");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(File, WritesIntoTheCurrentFolder) {
  EXPECT_EQ(in_child([&] {
              if (::chdir(folder().c_str()) != 0) return 1;
              write_file_atomic("plain-name", "text");
              return 0;
            }),
            0);
  EXPECT_EQ(get(folder() / "plain-name"), "text");
}

TEST_F(File, FollowsTheUmask) {
  const mode_t before = ::umask(027);
  write_file_atomic(file, "text");
  ::umask(before);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0640));
}

TEST_F(File, NamesThePathAndTheReason) {
  EXPECT_THAT(data_error([&] { write_file_atomic(folder() / "no" / "such", "text"); }),
              AllOf(HasSubstr("/no/such"), HasSubstr("No such file or directory")));
  fs::create_directory(file);
  EXPECT_THAT(data_error([&] { write_file_atomic(file, "text"); }),
              AllOf(HasSubstr("results.json"), HasSubstr("Is a directory")));
  EXPECT_EQ(entries(), 1U);  // and cleans up
}

TEST_F(File, ReadsUpToALimit) {
  const std::string text = noise(200'000);
  put(file, text);
  EXPECT_EQ(read_file(file, 200'000), text);
  EXPECT_THAT(data_error([&] { read_file(file, 199'999); }), HasSubstr("longer than the 199999"));
  EXPECT_THAT(data_error([&] { read_file(folder(), 10); }), HasSubstr("not a regular file"));
}

TEST_F(File, AFailedWriteLeavesTheOldFile) {
  write_file_atomic(file, "old");
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);  // the program's business; without it the limit kills
    const rlimit limit{1000, 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    return data_error([&] { write_file_atomic(file, noise(2000)); }).find("File too large") ==
                   std::string::npos
               ? 1
               : 0;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(get(file), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(File, AFullDiskIsCalledSo) {
  constexpr int kNotAllowed = 77;
  const int code = in_child([&] {
    if (::unshare(CLONE_NEWNS | (::getuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kNotAllowed;
    }
    write_file_atomic(file, "old");
    const std::string what = data_error([&] { write_file_atomic(file, noise(100'000)); });
    if (what.find("the disk is full (No space left on device)") == std::string::npos) return 1;
    return get(file) == "old" && entries() == 1 ? 0 : 2;
  });
  if (code == kNotAllowed) GTEST_SKIP() << "this system lets us mount no small disk";
  EXPECT_EQ(code, 0);
}

// Killed at any moment, the writer leaves a whole file.
TEST_F(File, AKilledWriterLeavesAWholeFile) {
  const std::string versions[] = {std::string(1 << 20, 'a'), std::string(1 << 20, 'b')};
  write_file_atomic(file, versions[0]);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 1;; ++i) write_file_atomic(file, versions[i % 2]);
    }
    ::usleep(static_cast<useconds_t>(1000 + 777 * round));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const std::string text = get(file);
    EXPECT_TRUE(text == versions[0] || text == versions[1]) << "round " << round;
  }
}

TEST_F(File, APendingFileIsWrittenButReplacesNothing) {
  put(file, "old");
  {
    const PendingFile pending(file, "new");
    EXPECT_EQ(get(file), "old");
    EXPECT_EQ(entries(), 2U);
    for (const auto& entry : fs::directory_iterator(folder())) {
      if (entry.path() == file) continue;
      EXPECT_EQ(get(entry.path()), "new");
      EXPECT_EQ(target_of_pending(entry.path().filename().string()), "results.json");
    }
  }
  EXPECT_EQ(entries(), 1U);  // removed, for it was not published
  PendingFile(file, "new").publish();
  EXPECT_EQ(get(file), "new");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(File, OnlyTheFirstOfSeveralIsPublished) {
  PendingFile slow(file, "slow");
  EXPECT_TRUE(PendingFile(file, "fast").publish_first());
  EXPECT_FALSE(slow.publish_first());
  EXPECT_EQ(get(file), "fast");
}

TEST(PendingFile, OnlyItsNamesAreTakenForOurs) {
  EXPECT_EQ(target_of_pending(".loss.png.4711-12.tmp"), "loss.png");
  EXPECT_EQ(target_of_pending(".a-1.2-3.4-5.tmp"), "a-1.2-3");
  for (const char* name :
       {"", ".", ".tmp", "results.json", "results.json.1-2.tmp", ".results.json.1-2",
        ".results.json.-2.tmp", ".results.json.1-.tmp", ".results.json.12.tmp", ".1-2.tmp",
        ".results.json1-2.tmp", ".results.json.1-2.tmp.", ".results.json.x1-2.tmp"}) {
    EXPECT_EQ(target_of_pending(name), "") << name;
  }
}

TEST_F(File, GrowsByWholeLines) {
  put(file, "first\n");
  LineFile lines(file);
  lines.append("second");
  EXPECT_EQ(get(file), "first\nsecond\n");  // at once
  lines.append("");
  lines.sync();
  EXPECT_EQ(get(file), "first\nsecond\n\n");
  EXPECT_THAT(data_error([&] { LineFile(folder() / "none"); }), HasSubstr("/none"));
}

TEST_F(File, OfALineThatDoesNotFitNothingStays) {
  put(file, "first\n");
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    LineFile lines(file);
    const std::string what = data_error([&] { lines.append(std::string(2000, 'x')); });
    if (what.find("File too large") == std::string::npos) return 1;
    lines.append("short");
    return 0;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(get(file), "first\nshort\n");
}

// Signals arrive while a write waits for a pipe to be emptied, and a read for it to be filled.
TEST(Interrupted, WritesAndReadsGoOn) {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // without SA_RESTART
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const auto interrupt = [](std::thread& thread) {
    for (int i = 0; i < 20; ++i) {
      ::usleep(1000);
      ::pthread_kill(thread.native_handle(), SIGUSR1);
    }
  };
  const std::string sent = noise(300'000);  // several times what a pipe holds
  std::string got(sent.size(), '\0');
  std::string error;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor reader(ends[0]);
  FileDescriptor writer(ends[1]);
  const auto read = [&] {
    try {
      return read_some(reader, {reinterpret_cast<std::uint8_t*>(got.data()), got.size()}, "pipe");
    } catch (const DataError& failure) {
      error += failure.what();
      return std::size_t{0};
    }
  };
  const auto write = [&] {
    try {
      write_all(writer, {reinterpret_cast<const std::uint8_t*>(sent.data()), sent.size()}, "pipe");
    } catch (const DataError& failure) {
      error += failure.what();
    }
    writer = FileDescriptor();
  };

  std::thread writing(write);
  interrupt(writing);  // nobody reads yet
  EXPECT_EQ(read(), sent.size());
  writing.join();
  EXPECT_TRUE(got == sent);
  EXPECT_EQ(error, "");

  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor quiet(ends[0]);
  const FileDescriptor source(ends[1]);
  std::array<std::uint8_t, 1> byte{};
  std::thread reading([&] {
    try {
      read_some(quiet, byte, "pipe");
    } catch (const DataError& failure) {
      error += failure.what();
    }
  });
  interrupt(reading);  // nobody writes yet
  write_all(source, std::array<std::uint8_t, 1>{7}, "pipe");
  reading.join();
  EXPECT_EQ(byte[0], 7);
  EXPECT_EQ(error, "");
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(File, ALockThatWasWaitedForIsExclusive) {
  std::atomic<bool> waiting = false;
  std::atomic<bool> locked = false;
  std::atomic<bool> enough = false;
  std::jthread second;
  {
    const FileLock lock(file, [] {});
    second = std::jthread([&] {
      const FileLock own(file, [&] { waiting = true; });
      locked = true;
      while (!enough) std::this_thread::yield();
    });
    while (!waiting) std::this_thread::yield();
  }
  while (!locked) std::this_thread::yield();
  const FileDescriptor third = open_file(file, O_RDWR);
  EXPECT_NE(::flock(third.get(), LOCK_SH | LOCK_NB), 0);
  enough = true;
}

TEST_F(File, ALockIsWaitedFor) {
  std::atomic<bool> waiting = false;
  std::atomic<bool> released = false;
  std::jthread second;
  {
    const FileLock lock(file, [] { ADD_FAILURE() << "nobody else has it"; });
    second = std::jthread([&] {
      const FileLock own(file, [&] { waiting = true; });
      EXPECT_TRUE(released);
    });
    while (!waiting) std::this_thread::yield();
    released = true;
  }
  second.join();
}

TEST_F(File, ScratchFoldersGoAway) {
  fs::path path;
  {
    const ScratchFolder scratch(folder());
    path = scratch.path();
    put(path / "file", "text");
    fs::create_directories(path / "deep" / "er");
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(entries(), 0U);
}

TEST(Process, RunsAndReports) {
  const std::chrono::seconds limit(30);
  const ProcessResult result =
      run_process({"sh", "-c", "echo $WORD; echo err >&2; exit 3"}, {"WORD=hello"}, limit);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "hello\nerr\n");
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(run_process({"sh", "-c", "kill -9 $$"}, {}, limit).exit_code, 128 + 9);
  EXPECT_THROW(run_process({"no-such-program"}, {}, limit), Error);
}

// The dispositions that a child finds, from /proc: a bit for each signal, the first for signal 1.
TEST(Process, StartsWithDefaultActionsAndNothingBlocked) {
  const auto bit = [](int signal) { return std::uint64_t{1} << (signal - 1); };
  const int code = in_child([&] {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);  // as nohup does: that is for children as well
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
    const auto field = [](const char* name) {
      const std::string line =
          run_process({"grep", name, "/proc/self/status"}, {}, std::chrono::seconds(30)).output;
      return std::stoull(line.substr(line.find(':') + 1), nullptr, 16);
    };
    if ((field("SigBlk") & bit(SIGUSR1)) != 0) return 1;
    const std::uint64_t ignored = field("SigIgn");
    if ((ignored & (bit(SIGPIPE) | bit(SIGXFSZ))) != 0) return 2;
    return (ignored & bit(SIGHUP)) != 0 ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

TEST(Process, OurOwnVariablesGiveWay) {
  ASSERT_EQ(setenv("WORD", "ours", 1), 0);
  const std::vector<std::string> echo = {"sh", "-c", "echo $WORD"};
  EXPECT_EQ(run_process(echo, {}, std::chrono::seconds(30)).output, "ours\n");
  EXPECT_EQ(run_process(echo, {"WORD=theirs"}, std::chrono::seconds(30)).output, "theirs\n");
}

TEST(Process, KeepsTheEndOfALongOutput) {
  const ProcessResult result = run_process({"sh", "-c", "head -c 1000000 /dev/zero; echo the end"},
                                           {}, std::chrono::seconds(30));
  EXPECT_LT(result.output.size(), 100'000U);
  EXPECT_TRUE(result.output.ends_with("the end\n"));
}

TEST(Process, IsKilledWhenItDoesNotEnd) {
  const ProcessResult result = run_process({"sleep", "600"}, {}, std::chrono::seconds(1));
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
}

}  // namespace
}  // namespace saltus
