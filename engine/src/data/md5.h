#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace saltus {

/// MD5 of bytes that arrive piece by piece.
class Md5 {
 public:
  Md5();

  void update(std::span<const std::uint8_t> bytes);

  /// The checksum of all bytes so far, in lower-case hex; ends the digest.
  std::string finish_hex();

 private:
  struct Deleter {
    void operator()(void* context) const noexcept;
  };

  std::unique_ptr<void, Deleter> context_;
};

}  // namespace saltus
