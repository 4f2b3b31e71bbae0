#include <system_error>

#include <saltus/callbacks.h>

#include "core/boundary.h"
#include "core/file.h"
#include "train/save_clock.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "backup.safetensors";

class Backup : public Callback {
 public:
  explicit Backup(BackupAndRestore options)
      : options_(std::move(options)),
        file_(options_.backup_dir / kName),
        clock_(options_.save_freq, "BackupAndRestore") {}

  void on_train_begin(const FitInfo& /*info*/, TrainingControl& control) override {
    create_folders(options_.backup_dir);
    // What a program left that was killed while it wrote a backup.
    remove_files(options_.backup_dir, [](const fs::directory_entry& entry) {
      return target_of_pending(entry.path().filename().string()) == kName;
    });
    std::error_code error;
    if (fs::exists(file_, error)) control.restore(file_);
    clock_.begin();
  }
  bool wants_batches() const override { return clock_.by_batch(); }
  void on_train_batch_end(std::int64_t /*batch*/, const Logs& /*logs*/,
                          TrainingControl& control) override {
    if (clock_.is_due_after_batch()) control.save(file_);
  }
  void on_batches_end(std::int64_t /*steps_done*/, const Logs& /*logs*/,
                      TrainingControl& control) override {
    if (clock_.is_due_now()) control.save(file_);
  }
  void on_epoch_end(int /*epoch*/, const Logs& /*logs*/, TrainingControl& control) override {
    if (clock_.is_due_after_epoch()) control.save(file_);
  }
  void on_train_end(TrainingControl& control) override {
    if (control.interrupted()) {
      control.save(file_);
    } else if (options_.delete_checkpoint) {
      remove_file(file_);
    }
  }

 private:
  BackupAndRestore options_;
  fs::path file_;
  train::SaveClock clock_;
};

}  // namespace

BackupAndRestore::operator CallbackPtr() const try {
  return std::make_shared<Backup>(*this);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
