#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include <saltus/progress.h>

namespace saltus {

/// One file to fetch.
struct Download {
  std::string url;
  std::filesystem::path part;  ///< takes the bytes; what it holds already is not asked for again
  std::int64_t max_bytes = 0;  ///< a longer file is refused
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds stall_timeout{10000};
  Progress progress;  ///< in bytes; what it throws ends the download and is passed on
};

enum class DownloadStatus {
  complete,     ///< the server sent all it has
  interrupted,  ///< it stopped on the way: worth another try, which resumes
  refused,      ///< it does not have the file, or not one like that
  unreachable,  ///< no connection, or it stalls: not worth a try for another file either
};

struct DownloadResult {
  DownloadStatus status = DownloadStatus::refused;
  std::string reason;  ///< in words, unless complete
};

/// Fetches a file by HTTP, HTTPS or from a file address. What a server does is a result; DataError
/// is thrown only where `part` cannot be written.
DownloadResult download(const Download& request);

}  // namespace saltus
