#include "train/save_clock.h"

#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::train {

SaveClock::SaveClock(const SaveFrequency& frequency, std::string_view callback,
                     std::function<Clock::time_point()> now)
    : frequency_(frequency), now_(std::move(now)), last_(now_()) {
  const int given = (frequency.epochs > 0) + (frequency.batches > 0) + (frequency.seconds > 0);
  const bool negative = frequency.epochs < 0 || frequency.batches < 0 || !(frequency.seconds >= 0);
  if (given != 1 || negative) {
    throw InvalidArgument(fmt::format(
        "{}: save_freq needs one of epochs, batches and seconds above 0, the others at 0",
        callback));
  }
}

bool SaveClock::is_due_after_batch() {
  if (frequency_.batches == 0 || ++batches_ < frequency_.batches) return false;
  batches_ = 0;
  return true;
}

bool SaveClock::is_due_after_epoch() {
  if (frequency_.epochs == 0 || ++epochs_ < frequency_.epochs) return false;
  epochs_ = 0;
  return true;
}

bool SaveClock::is_due_now() {
  if (frequency_.seconds == 0) return false;
  const Clock::time_point now = now_();
  if (std::chrono::duration<double>(now - last_).count() < frequency_.seconds) return false;
  last_ = now;
  return true;
}

}  // namespace saltus::train
