#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include <saltus/callbacks.h>

namespace saltus::train {

/// Says when it is time to save.
class SaveClock {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws InvalidArgument, in the name of the callback, unless one of the three is above 0.
  SaveClock(const SaveFrequency& frequency, std::string_view callback,
            std::function<Clock::time_point()> now = Clock::now);

  bool by_batch() const { return frequency_.batches > 0; }

  void begin() { last_ = now_(); }
  bool is_due_after_batch();
  bool is_due_after_epoch();
  /// By seconds alone.
  bool is_due_now();

 private:
  SaveFrequency frequency_;
  int epochs_ = 0;  ///< since it was due, like the next two
  std::int64_t batches_ = 0;
  std::function<Clock::time_point()> now_;
  Clock::time_point last_;
};

}  // namespace saltus::train
