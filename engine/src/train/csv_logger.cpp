#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>

#include <saltus/callbacks.h>
#include <saltus/error.h>

#include "core/file.h"
#include "core/number.h"

namespace saltus {
namespace {

constexpr std::int64_t kLongestLog = std::int64_t{1} << 30;  // bytes; far beyond any real one

std::string header_of(const Logs& logs) {
  std::string text = "epoch";
  for (const auto& [name, value] : logs) text += "," + name;
  return text + "\n";
}

class CsvLogger : public Callback {
 public:
  CsvLogger(std::filesystem::path path, bool append) : path_(std::move(path)), append_(append) {}

  void on_train_begin(const FitInfo& /*info*/, TrainingControl& /*control*/) override {
    header_.clear();
    std::error_code unknown;  // whatever is wrong, opening it says so
    if (append_ && std::filesystem::exists(path_, unknown)) {
      const std::string text = read_file(path_, kLongestLog);
      header_ = text.substr(0, text.find('\n') + 1);
    }
    file_ = open_file(path_, O_WRONLY | O_CREAT | (append_ ? O_APPEND : O_TRUNC));
  }

  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& /*control*/) override {
    const std::string header = header_of(logs);
    std::string text;
    if (header_.empty()) {
      header_ = header;
      text = header;
    } else if (header_ != header) {
      throw DataError(fmt::format(
          "{} has other columns than this training gives; log to another file", path_.string()));
    }
    text += fmt::to_string(epoch);
    for (const auto& [name, value] : logs) text += fmt::format(",{}", written(value));
    text += '\n';
    write_all(file_, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, path_);
  }

  void on_train_end(TrainingControl& /*control*/) override { file_.close(path_); }

 private:
  std::filesystem::path path_;
  bool append_;
  FileDescriptor file_;
  std::string header_;  ///< of the file; empty where it has none yet
};

}  // namespace

CallbackPtr csv_logger(std::filesystem::path file, bool append) {
  return std::make_shared<CsvLogger>(std::move(file), append);
}

}  // namespace saltus
