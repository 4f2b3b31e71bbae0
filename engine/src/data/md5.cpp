#include "data/md5.h"

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

void Md5::Deleter::operator()(void* context) const noexcept {
  EVP_MD_CTX_free(context_of(context));
}

Md5::Md5() : context_(EVP_MD_CTX_new()) {
  // A system in FIPS mode knows no MD5.
  const EVP_MD* method = EVP_get_digestbyname("MD5");
  if (!context_ || method == nullptr ||
      EVP_DigestInit_ex(context_of(context_.get()), method, nullptr) != 1) {
    throw Error("the OpenSSL of this system offers no MD5");
  }
}

void Md5::update(std::span<const std::uint8_t> bytes) {
  if (EVP_DigestUpdate(context_of(context_.get()), bytes.data(), bytes.size()) != 1) {
    throw Error("OpenSSL failed to compute a checksum");
  }
}

std::string Md5::finish_hex() {
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

}  // namespace saltus
