#include "data/download.h"

#include <array>
#include <exception>
#include <memory>
#include <new>
#include <system_error>

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/version.h>

#include "core/file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr long kMaxRedirects = 5;
constexpr long kRangeNotSatisfiable = 416;

// One try at one address. libcurl calls back through C, so whatever is thrown there waits in
// error_.
class Transfer {
 public:
  explicit Transfer(const Download& request) : request_(request) {
    std::error_code none;
    const std::uintmax_t size = fs::file_size(request.part, none);
    if (!none) have_ = static_cast<std::int64_t>(size);
  }

  DownloadResult run() {
    if (!curl_) throw std::bad_alloc();
    const CURLcode code = perform();
    if (error_) std::rethrow_exception(error_);
    return result_of(code);
  }

 private:
  CURLcode perform() {
    CURL* curl = curl_.get();
    curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http,file");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "saltus/" SALTUS_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request_.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(have_));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message_.data());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
    return curl_easy_perform(curl);
  }

  DownloadResult result_of(CURLcode code) const {
    using enum DownloadStatus;
    if (too_long_) {
      return {refused,
              fmt::format("it sends more than the {} bytes expected at most", request_.max_bytes)};
    }
    if (stalled_) return {unreachable, fmt::format("it sends no more after {} bytes", received_)};
    const std::string reason = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
    switch (code) {
      case CURLE_OK:
        return {complete, ""};
      case CURLE_UNSUPPORTED_PROTOCOL:
      case CURLE_URL_MALFORMAT:
      case CURLE_COULDNT_RESOLVE_PROXY:
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_CONNECT:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_OPERATION_TIMEDOUT:
        return {unreachable, reason};
      case CURLE_PARTIAL_FILE:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR:
      case CURLE_GOT_NOTHING:
        return {interrupted, reason};
      case CURLE_RANGE_ERROR:
      case CURLE_BAD_DOWNLOAD_RESUME:
        remove_file(request_.part);  // the next try starts from nothing
        return {interrupted, "it cannot resume a file"};
      case CURLE_HTTP_RETURNED_ERROR:
        if (response_code() != kRangeNotSatisfiable) return {refused, reason};
        remove_file(request_.part);  // the next try starts from nothing
        return {interrupted, "it has no more than was here already"};
      default:
        return {refused, reason};
    }
  }

  long response_code() const {
    long code = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &code);
    return code;
  }

  static std::size_t on_data(const char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      transfer.received_ += static_cast<std::int64_t>(size);
      if (transfer.have_ + transfer.received_ > transfer.request_.max_bytes) {
        transfer.too_long_ = true;
        return 0;
      }
      // Not before there is something to write: a mirror that is away leaves no empty file.
      if (transfer.file_.get() < 0) {
        transfer.file_ = open_file(transfer.request_.part, O_WRONLY | O_CREAT | O_APPEND);
      }
      write_all(transfer.file_, {reinterpret_cast<const std::uint8_t*>(data), size},
                transfer.request_.part);
      return size;
    } catch (...) {
      transfer.error_ = std::current_exception();
      return 0;
    }
  }

  // libcurl calls this with every piece of data, and about once a second while none comes.
  static int on_progress(void* self, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      const Clock::time_point now = Clock::now();
      if (transfer.received_ != transfer.last_received_) {
        transfer.last_received_ = transfer.received_;
        transfer.last_change_ = now;
      }
      transfer.stalled_ = now - transfer.last_change_ > transfer.limit();
      if (transfer.stalled_) return 1;
      if (transfer.request_.progress && transfer.received_ > 0) {
        transfer.request_.progress(transfer.have_ + transfer.received_,
                                   total > 0 ? transfer.have_ + total : 0);
      }
      return 0;
    } catch (...) {
      transfer.error_ = std::current_exception();
      return 1;
    }
  }

  // Until the first data the connection, with its own limit, is part of the silence.
  std::chrono::milliseconds limit() const {
    return request_.stall_timeout +
           (received_ == 0 ? request_.connect_timeout : std::chrono::milliseconds(0));
  }

  struct Cleanup {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  };

  const Download& request_;
  FileDescriptor file_;
  std::unique_ptr<CURL, Cleanup> curl_{curl_easy_init()};
  std::array<char, CURL_ERROR_SIZE> message_{};
  std::int64_t have_ = 0;
  std::int64_t received_ = 0;
  std::int64_t last_received_ = 0;
  Clock::time_point last_change_ = Clock::now();
  bool stalled_ = false;
  bool too_long_ = false;
  std::exception_ptr error_;
};

}  // namespace

DownloadResult download(const Download& request) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) {
    throw Error(fmt::format("libcurl does not start: {}", curl_easy_strerror(initialised)));
  }
  return Transfer(request).run();
}

}  // namespace saltus
