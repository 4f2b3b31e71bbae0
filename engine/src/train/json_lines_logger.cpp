#include <fcntl.h>

#include <saltus/callbacks.h>

#include "core/file.h"
#include "core/json.h"

namespace saltus {
namespace {

class JsonLinesLogger : public Callback {
 public:
  JsonLinesLogger(std::filesystem::path path, bool append)
      : path_(std::move(path)), append_(append) {}

  void on_train_begin(const FitInfo& /*info*/, TrainingControl& /*control*/) override {
    file_ = open_file(path_, O_WRONLY | O_CREAT | (append_ ? O_APPEND : O_TRUNC));
  }

  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& /*control*/) override {
    Json line = {{"epoch", epoch}};
    for (const auto& [name, value] : logs) line[name] = json_of(value);
    const std::string text = line.dump() + '\n';
    write_all(file_, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, path_);
  }

  void on_train_end(TrainingControl& /*control*/) override { file_.close(path_); }

 private:
  std::filesystem::path path_;
  bool append_;
  FileDescriptor file_;
};

}  // namespace

CallbackPtr json_lines_logger(std::filesystem::path file, bool append) {
  return std::make_shared<JsonLinesLogger>(std::move(file), append);
}

}  // namespace saltus
