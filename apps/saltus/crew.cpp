#include "crew.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <saltus/progress.h>

#include "exit_codes.h"
#include "interrupt.h"
#include "output.h"
#include "terminal.h"

namespace saltus::app {
namespace {

std::string words_of(int code) {
  return code > 1000 ? fmt::format("was killed by signal {}", code - 1000)
                     : fmt::format("failed with exit code {}", code);
}

class Crew {
 public:
  Crew(UnitQueue& queue, std::vector<UnitProgram> programs, const CrewRules& rules)
      : queue_(queue), rules_(rules) {
    for (UnitProgram& program : programs) members_.push_back({.program = std::move(program)});
    for (Member& member : members_) member.program.start();
  }

  /// Takes what is trained, starts those again that failed, and gives out units. Whether any runs.
  bool go_on() {
    bool any = false;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      UnitProgram& program = members_[i].program;
      while (const auto unit = program.take_trained()) queue_.finish(*unit);
      if (!program.runs() && !start_again(members_[i], i + 1)) continue;
      any = true;
      while (!ending_ && program.has_room()) {
        const auto unit = queue_.take();
        if (!unit) break;
        program.send(*unit);
      }
    }
    if (!any) stop(kNoRoom);  // all were left out
    return any;
  }

  /// Waits for an answer, but not for long.
  void wait() {
    constexpr int kMilliseconds = 100;
    std::vector<pollfd> answers;
    for (const Member& member : members_)
      answers.push_back({.fd = member.program.answers(), .events = POLLIN, .revents = 0});
    ::poll(answers.data(), answers.size(), kMilliseconds);
  }

  /// Nothing follows.
  void end() {
    ending_ = true;
    for (Member& member : members_) member.program.end_input();
  }

  /// Asks all to end.
  void stop(int code) {
    if (ending_) return;
    code_ = code;
    end();
    for (const Member& member : members_) member.program.stop();
  }

  bool is_ending() const { return ending_; }
  int code() const { return code_; }

 private:
  struct Member {
    UnitProgram program;
    bool is_left_out = false;
  };

  /// Whether one that has ended was started: what it was training is for whoever is free.
  bool start_again(Member& member, std::size_t number) {
    if (ending_ || member.is_left_out) return false;
    UnitProgram& program = member.program;
    while (auto unit = program.take_untrained()) queue_.give_back(std::move(*unit));
    if (program.code() == kUsage || program.code() == kDifferent) {
      stop(program.code());
      return false;
    }
    if (program.code() == kNoRoom && members_.size() > 1) {
      note("saltus: the device of worker {} has no room: it is left out\n", number);
      member.is_left_out = true;
      return false;
    }
    if (program.starts() == rules_.most_starts) {
      if (rules_.most_starts > 1)
        note("saltus: worker {} {} for the {}th time\n", number, words_of(program.code()),
             rules_.most_starts);
      stop(program.code() == kNoRoom ? kNoRoom : kFailure);
      return false;
    }
    note("saltus: worker {} {}: it is started again\n", number, words_of(program.code()));
    program.start();
    return true;
  }

  UnitQueue& queue_;
  const CrewRules& rules_;
  std::vector<Member> members_;
  bool ending_ = false;
  int code_ = 0;
};

}  // namespace

int train_units(const SweepPlan& plan, UnitQueue& queue, std::vector<UnitProgram> programs,
                const CrewRules& rules) {
  const std::atomic<bool>& interrupted = catch_interrupts();
  if (!queue.begin_round()) return 0;
  Crew crew(queue, std::move(programs), rules);
  ProgressBar bar(std::cerr, can_redraw(STDERR_FILENO),
                  {.unit = ProgressUnit::none, .label = "training", .ascii = !shows_unicode()});
  const std::int64_t all = plan.config.until_decided ? 0 : std::ssize(plan.trials);
  const auto done = [&] { return static_cast<std::int64_t>(queue.trials_done()); };
  const auto said = [&] {
    return all > 0 ? fmt::format("{} of {} trials", grouped(done()), grouped(all))
                   : fmt::format("{} trials", grouped(done()));
  };
  for (;;) {
    // First, so that a program that ended for the same signal is not started again.
    if (interrupted) crew.stop(interrupt_exit_code());
    if (!crew.go_on()) break;
    bar.update(done(), all, {said()});
    if (crew.is_ending() || !queue.is_round_done()) {
      crew.wait();
      continue;
    }
    const int code = rules.on_round_end ? rules.on_round_end() : 0;
    if (code != 0) {
      crew.stop(code);
    } else if (!queue.begin_round()) {
      crew.end();
    }
  }
  bar.finish({said()});
  if (crew.code() != 0 && interrupted) note("saltus: interrupted: the same command continues\n");
  return crew.code();
}

}  // namespace saltus::app
