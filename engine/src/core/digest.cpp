#include "core/digest.h"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <saltus/error.h>

namespace saltus {
namespace {

EVP_MD_CTX* context_of(void* context) {
  return static_cast<EVP_MD_CTX*>(context);
}

}  // namespace

void Digest::Deleter::operator()(void* context) const noexcept {
  EVP_MD_CTX_free(context_of(context));
}

Digest::Digest(const char* algorithm) : context_(EVP_MD_CTX_new()) {
  // A system in FIPS mode knows no MD5.
  const EVP_MD* method = EVP_get_digestbyname(algorithm);
  if (!context_ || method == nullptr ||
      EVP_DigestInit_ex(context_of(context_.get()), method, nullptr) != 1) {
    throw Error(fmt::format("the OpenSSL of this system offers no {}", algorithm));
  }
}

Digest Digest::md5() {
  return Digest("MD5");
}
Digest Digest::sha256() {
  return Digest("SHA256");
}

void Digest::update(std::span<const std::uint8_t> bytes) {
  if (EVP_DigestUpdate(context_of(context_.get()), bytes.data(), bytes.size()) != 1) {
    throw Error("OpenSSL failed to compute a checksum");
  }
}

std::string Digest::finish_hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context_of(context_.get()), value.data(), &size) != 1) {
    throw Error("OpenSSL failed to compute a checksum");
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i)
    fmt::format_to(std::back_inserter(hex), "{:02x}", value[i]);
  return hex;
}

std::string sha256_hex(std::string_view text) {
  Digest digest = Digest::sha256();
  digest.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return digest.finish_hex();
}

}  // namespace saltus
