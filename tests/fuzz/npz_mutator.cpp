#include "tests/fuzz/npz_mutator.h"

#include <cstring>
#include <random>
#include <string>

#include <zlib.h>

#include "tests/fuzz/inflated.h"
#include "tests/fuzz/target.h"

namespace saltus::fuzz {
namespace {

constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEntryBytes = 46;
constexpr std::size_t kLocalBytes = 30;

/// The bytes of a file as numbers.
struct File {
  std::uint8_t* data;
  std::size_t size;

  bool holds(std::size_t offset, std::size_t count) const {
    return offset <= size && count <= size - offset;
  }
  template <class T>
  T get(std::size_t offset) const {
    T value{};
    std::memcpy(&value, data + offset, sizeof(value));
    return value;
  }
  template <class T>
  void set(std::size_t offset, T value) {
    std::memcpy(data + offset, &value, sizeof(value));
  }
};

/// Puts sizes and checksums of the directory's entries right, as far as entries can be found.
void mend(File file) {
  if (file.size < kEndBytes) return;
  std::size_t entry = file.get<std::uint32_t>(file.size - kEndBytes + 16);
  while (file.holds(entry, kEntryBytes)) {
    const auto method = file.get<std::uint16_t>(entry + 10);
    const auto bytes = file.get<std::uint32_t>(entry + 20);
    const std::size_t local = file.get<std::uint32_t>(entry + 42);
    if (file.holds(local, kLocalBytes)) {
      const std::size_t data = local + kLocalBytes + file.get<std::uint16_t>(local + 26) +
                               file.get<std::uint16_t>(local + 28);
      if (file.holds(data, bytes)) {
        std::string text(reinterpret_cast<const char*>(file.data) + data, bytes);
        if (method == 8) text = inflated(file.data + data, bytes, -15);
        const auto* begin = reinterpret_cast<const Bytef*>(text.data());
        file.set(entry + 16,
                 static_cast<std::uint32_t>(crc32(0, begin, static_cast<uInt>(text.size()))));
        file.set(entry + 24, static_cast<std::uint32_t>(text.size()));
      }
    }
    entry += kEntryBytes + file.get<std::uint16_t>(entry + 28) +
             file.get<std::uint16_t>(entry + 30) + file.get<std::uint16_t>(entry + 32);
  }
}

}  // namespace

std::size_t mutate_npz(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  size = LLVMFuzzerMutate(data, size, max_size);
  if (random() % 4 != 0) mend({data, size});
  return size;
}

}  // namespace saltus::fuzz
