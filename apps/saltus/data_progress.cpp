#include "data_progress.h"

#include <iostream>

#include <unistd.h>

#include <saltus/dataset.h>

#include "interrupt.h"
#include "output.h"
#include "terminal.h"

namespace saltus::app {

DataProgress::DataProgress() : in_place_(can_redraw(STDERR_FILENO)), ascii_(!shows_unicode()) {}

FetchOptions DataProgress::options() {
  FetchOptions options;
  options.on_progress = [this](std::string_view file, std::int64_t done, std::int64_t total) {
    throw_if_interrupted();
    update(file, done, total);
  };
  options.on_message = [this](std::string_view message) {
    throw_if_interrupted();
    bar_.reset();
    file_.clear();
    note("{}\n", message);
  };
  return options;
}

void DataProgress::update(std::string_view file, std::int64_t done, std::int64_t total) {
  if (file != file_) {
    file_ = file;
    bar_ = std::make_unique<ProgressBar>(
        std::cerr, in_place_,
        ProgressBarOptions{
            .unit = ProgressUnit::bytes, .label = std::string(file), .ascii = ascii_});
  }
  bar_->update(done, total);
  if (total > 0 && done == total) bar_->finish();
}

}  // namespace saltus::app
