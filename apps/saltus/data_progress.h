// Progress of a download, on the terminal.
#pragma once

#include <memory>
#include <string>

#include <saltus/dataset.h>
#include <saltus/progress.h>

namespace saltus::app {

/// Shows what load_dataset() and fetch_dataset() do, on standard error, and lets Ctrl-C end it.
class DataProgress {
 public:
  DataProgress();

  /// To be given to them; must not outlive this.
  FetchOptions options();

 private:
  void update(std::string_view file, std::int64_t done, std::int64_t total);

  bool in_place_;
  bool ascii_;
  std::string file_;
  std::unique_ptr<ProgressBar> bar_;
};

}  // namespace saltus::app
