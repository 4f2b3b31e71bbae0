#include <saltus/callbacks.h>

namespace saltus {
namespace {

class Hooks : public Callback {
 public:
  explicit Hooks(const LambdaCallback& hooks) : hooks_(hooks) {}

  void on_train_begin(const FitInfo& info, TrainingControl& control) override {
    call(hooks_.on_train_begin, info, control);
  }
  void on_epoch_begin(int epoch, TrainingControl& control) override {
    call(hooks_.on_epoch_begin, epoch, control);
  }
  bool wants_batches() const override {
    return hooks_.on_train_batch_begin || hooks_.on_train_batch_end;
  }
  void on_train_batch_begin(std::int64_t batch, TrainingControl& control) override {
    call(hooks_.on_train_batch_begin, batch, control);
  }
  void on_train_batch_end(std::int64_t batch, const Logs& logs, TrainingControl& control) override {
    call(hooks_.on_train_batch_end, batch, logs, control);
  }
  void on_test_begin(TrainingControl& control) override { call(hooks_.on_test_begin, control); }
  void on_test_end(const Logs& logs, TrainingControl& control) override {
    call(hooks_.on_test_end, logs, control);
  }
  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& control) override {
    call(hooks_.on_epoch_end, epoch, logs, control);
  }
  void on_train_end(TrainingControl& control) override { call(hooks_.on_train_end, control); }

 private:
  template <class Function, class... Arguments>
  static void call(const Function& function, Arguments&... arguments) {
    if (function) function(arguments...);
  }

  LambdaCallback hooks_;
};

}  // namespace

LambdaCallback::operator CallbackPtr() const {
  return std::make_shared<Hooks>(*this);
}

}  // namespace saltus
