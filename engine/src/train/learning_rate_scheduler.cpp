#include <saltus/callbacks.h>
#include <saltus/error.h>

namespace saltus {
namespace {

class Scheduler : public Callback {
 public:
  explicit Scheduler(const LearningRateScheduler& options) : options_(options) {}

  void on_epoch_begin(int epoch, TrainingControl& control) override {
    control.set_learning_rate(options_.schedule(epoch, control.learning_rate()));
  }

 private:
  LearningRateScheduler options_;
};

}  // namespace

LearningRateScheduler::operator CallbackPtr() const {
  if (!schedule) throw InvalidArgument("LearningRateScheduler needs a function; give one");
  return std::make_shared<Scheduler>(*this);
}

}  // namespace saltus
