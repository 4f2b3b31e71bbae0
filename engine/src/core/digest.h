#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace saltus {

/// Checksum of bytes that arrive piece by piece.
class Digest {
 public:
  static Digest md5();
  static Digest sha256();

  void update(std::span<const std::uint8_t> bytes);

  /// The checksum of all bytes so far, in lower-case hex; ends the digest.
  std::string finish_hex();

 private:
  struct Deleter {
    void operator()(void* context) const noexcept;
  };

  explicit Digest(const char* algorithm);

  std::unique_ptr<void, Deleter> context_;
};

/// SHA-256 of a text, in hex.
std::string sha256_hex(std::string_view text);

}  // namespace saltus
