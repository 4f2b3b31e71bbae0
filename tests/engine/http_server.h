#pragma once

// A web server on 127.0.0.1 that misbehaves on request.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace saltus::testing {

class HttpServer {
 public:
  /// How one path answers.
  struct Page {
    std::string body;
    std::string type = "application/octet-stream";
    bool ranges = true;                  ///< whether it can send from the middle
    std::size_t cut_after = SIZE_MAX;    ///< sends so many bytes of an answer, then hangs up
    bool stall = false;                  ///< having sent those, it keeps the line open instead
    std::chrono::milliseconds delay{0};  ///< before the answer
  };

  explicit HttpServer(std::map<std::string, Page> pages) : pages_(std::move(pages)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    url_ = fmt::format("http://127.0.0.1:{}/", ntohs(address.sin_port));
    acceptor_ = std::jthread([this] { accept_all(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::scoped_lock lock(mutex_);
      for (const int line : lines_) ::shutdown(line, SHUT_RDWR);
    }
    workers_.clear();
    for (const int line : lines_) ::close(line);
    ::close(listener_);
  }

  const std::string& url() const { return url_; }

  /// What was asked for so far, in order: "PATH" or "PATH from BYTE".
  std::vector<std::string> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    for (int line = 0; (line = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      const std::scoped_lock lock(mutex_);
      lines_.push_back(line);
      workers_.emplace_back([this, line] { answer(line); });
    }
  }

  void answer(int line) {
    std::string head;
    char block[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(line, block, sizeof block, 0);
      if (got <= 0) return;
      head.append(block, static_cast<std::size_t>(got));
    }
    const std::string path = head.substr(5, head.find(' ', 5) - 5);  // GET /PATH HTTP/1.1
    constexpr std::string_view kRange = "Range: bytes=";
    const std::size_t at = head.find(kRange);
    const std::size_t from =
        at == std::string::npos ? 0 : std::stoul(head.substr(at + kRange.size()));
    {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(at == std::string::npos ? path : fmt::format("{} from {}", path, from));
    }
    const auto found = pages_.find(path);
    if (found == pages_.end()) {
      send_all(line, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    } else {
      std::this_thread::sleep_for(found->second.delay);
      send_page(line, found->second, at != std::string::npos, from);
      if (found->second.stall) return;
    }
    ::shutdown(line, SHUT_RDWR);
  }

  static void send_page(int line, const Page& page, bool ranged, std::size_t from) {
    const std::size_t size = page.body.size();
    if (ranged && page.ranges && from >= size) {
      send_all(line, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const std::size_t start = ranged && page.ranges ? from : 0;
    std::string head = ranged && page.ranges
                           ? fmt::format(
                                 "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes "
                                 "{}-{}/{}\r\n",
                                 start, size - 1, size)
                           : "HTTP/1.1 200 OK\r\n";
    head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n\r\n", page.type, size - start);
    send_all(line, head);
    send_all(line, std::string_view(page.body).substr(start, page.cut_after));
  }

  static void send_all(int line, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(line, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::map<std::string, Page> pages_;
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string url_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> lines_;
  std::vector<std::jthread> workers_;
  std::jthread acceptor_;
};

}  // namespace saltus::testing
