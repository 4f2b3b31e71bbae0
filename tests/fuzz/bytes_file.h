// Bytes as a file for readers that take a path, without a disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace saltus::fuzz {

/// A file in memory that holds what it was last given.
class BytesFile {
 public:
  std::filesystem::path holding(const std::uint8_t* data, std::size_t size) const {
    if (fd_ < 0 || ftruncate(fd_, 0) != 0 ||
        pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size)) {
      std::abort();
    }
    return fmt::format("/proc/self/fd/{}", fd_);
  }

 private:
  int fd_ = memfd_create("fuzz", MFD_CLOEXEC);
};

}  // namespace saltus::fuzz
