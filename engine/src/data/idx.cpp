#include "data/idx.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

#include "data/byte_source.h"
#include "data/md5.h"

namespace saltus {
namespace {

/// One of the format's types of values.
struct Type {
  int code;
  std::string_view name;
  std::int64_t bytes;
};

constexpr Type kTypes[] = {{0x08, "unsigned bytes", 1},  {0x09, "signed bytes", 1},
                           {0x0b, "16-bit integers", 2}, {0x0c, "32-bit integers", 4},
                           {0x0d, "32-bit floats", 4},   {0x0e, "64-bit floats", 8}};

/// An unsigned integer of sizeof(T) bytes, most significant first.
template <class T>
T from_big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | bytes[i];
  return static_cast<T>(value);
}

class IdxReader {
 public:
  explicit IdxReader(const std::filesystem::path& path) : source_(path) {}

  IdxArray read(int min_rank, int max_rank) {
    IdxArray array;
    const int rank = read_header(min_rank, max_rank);
    std::int64_t total = 1;
    for (int axis = 0; axis < rank; ++axis) {
      array.dims.push_back(read_size(axis));
      const std::int64_t most = kMaxIdxBytes / type_.bytes;
      if (array.dims.back() > most / total) {
        fail(source_.offset() - 4,
             fmt::format("the sizes {} multiply to more than {} values, expected fewer",
                         fmt::join(array.dims, " x "), most));
      }
      total *= array.dims.back();
    }
    array.type = type_.name;
    array.value_bytes = type_.bytes;
    read_values(array, total);
    array.md5 = digest_.finish_hex();
    return array;
  }

 private:
  [[noreturn]] void fail(std::int64_t offset, const std::string& what) const {
    throw DataError(
        fmt::format("{}, {}: {}", source_.path().string(), source_.describe(offset), what));
  }

  std::array<std::uint8_t, 4> read_word(std::string_view expected) {
    std::array<std::uint8_t, 4> word{};
    const std::size_t got = source_.read(word);
    if (got < word.size()) {
      fail(source_.offset(), fmt::format("the file ends, expected {}", expected));
    }
    digest_.update(word);
    return word;
  }

  int read_header(int min_rank, int max_rank) {
    const auto magic = read_word("an IDX header");
    if (magic[0] != 0 || magic[1] != 0) {
      fail(0, fmt::format("found {:02x} {:02x}, expected the 00 00 of an IDX file or 1f 8b of gzip",
                          magic[0], magic[1]));
    }
    const auto* type = std::ranges::find(kTypes, int{magic[2]}, &Type::code);
    if (type == std::end(kTypes)) {
      fail(2, fmt::format(
                  "type {:#04x}, expected one of 0x08 (unsigned bytes) to 0x0e (64-bit floats)",
                  magic[2]));
    }
    type_ = *type;
    const int rank = magic[3];
    if (rank < min_rank || rank > max_rank) {
      fail(3, fmt::format("{} dimensions, expected {}", rank,
                          min_rank == max_rank ? fmt::format("{}", min_rank)
                                               : fmt::format("{} to {}", min_rank, max_rank)));
    }
    return rank;
  }

  std::int64_t read_size(int axis) {
    std::int64_t size = 0;
    for (const std::uint8_t byte : read_word(fmt::format("the size of dimension {}", axis))) {
      size = size << 8 | byte;
    }
    if (size == 0) {
      fail(source_.offset() - 4,
           fmt::format("the size of dimension {} is 0, expected at least 1", axis));
    }
    return size;
  }

  void read_values(IdxArray& array, std::int64_t total) {
    start_ = source_.offset();
    const std::int64_t bytes = total * type_.bytes;
    const std::string announced =
        fmt::format("{} bytes of values ({} {})", bytes, fmt::join(array.dims, " x "), type_.name);
    const std::int64_t room = source_.max_bytes() - start_;
    if (bytes > room) {
      fail(start_,
           fmt::format("the header announces {}, expected at most the {} that the file holds",
                       announced, room));
    }
    switch (type_.code) {
      case 0x08:
        array.values = read_as<std::uint8_t, std::uint8_t>(total, announced);
        break;
      case 0x09:
        array.values = read_as<std::int8_t, std::int32_t>(total, announced);
        break;
      case 0x0b:
        array.values = read_as<std::int16_t, std::int32_t>(total, announced);
        break;
      case 0x0c:
        array.values = read_as<std::int32_t, std::int32_t>(total, announced);
        break;
      case 0x0d:
        array.values = read_as<float, float>(total, announced);
        break;
      default:
        array.values = read_as<double, float>(total, announced);
        break;
    }
    std::uint8_t extra = 0;
    if (source_.read({&extra, 1}) != 0) {
      fail(source_.offset() - 1,
           fmt::format("the file goes on, expected its end after {}", announced));
    }
  }

  /// `total` values of type Stored in the file.
  template <class Stored, class Value>
  std::vector<Value> read_as(std::int64_t total, const std::string& announced) {
    std::vector<Value> values;
    reserve(values, total);
    constexpr std::int64_t kStep = (1 << 20) / sizeof(Stored);
    std::vector<std::uint8_t> buffer(sizeof(Stored) *
                                     static_cast<std::size_t>(std::min(kStep, total)));
    for (std::int64_t done = 0; done < total;) {
      const auto step = static_cast<std::size_t>(std::min(kStep, total - done));
      const std::span block = std::span(buffer).first(step * sizeof(Stored));
      if (source_.read(block) < block.size()) {
        fail(source_.offset(), fmt::format("the file ends, expected {}", announced));
      }
      digest_.update(block);
      values.resize(static_cast<std::size_t>(done) + step);
      for (std::size_t i = 0; i < step; ++i) {
        const std::int64_t place = done + static_cast<std::int64_t>(i);
        values[static_cast<std::size_t>(place)] =
            decode<Stored, Value>(block.data() + i * sizeof(Stored), place);
      }
      done += static_cast<std::int64_t>(step);
    }
    return values;
  }

  /// The value at a place in the file's array.
  template <class Stored, class Value>
  Value decode(const std::uint8_t* bytes, std::int64_t place) const {
    if constexpr (std::is_integral_v<Stored>) {
      return from_big_endian<Stored>(bytes);
    } else {
      using Bits = std::conditional_t<sizeof(Stored) == 4, std::uint32_t, std::uint64_t>;
      const auto stored = std::bit_cast<Stored>(from_big_endian<Bits>(bytes));
      if (!(std::abs(stored) <= Stored{std::numeric_limits<Value>::max()})) {
        fail(
            start_ + place * std::int64_t{sizeof(Stored)},
            fmt::format("the value is {}, expected a finite number that 32 bits can hold", stored));
      }
      return static_cast<Value>(stored);
    }
  }

  // Address space only: the pages are touched as the data arrives.
  template <class Value>
  void reserve(std::vector<Value>& values, std::int64_t total) const {
    try {
      values.reserve(static_cast<std::size_t>(total));
    } catch (const std::bad_alloc&) {
      fail(start_, fmt::format("no memory for the {} bytes that the header announces",
                               total * type_.bytes));
    }
  }

  ByteSource source_;
  Md5 digest_;
  Type type_ = kTypes[0];
  std::int64_t start_ = 0;  ///< of the values
};

}  // namespace

IdxArray read_idx(const std::filesystem::path& path, int min_rank, int max_rank) {
  return IdxReader(path).read(min_rank, max_rank);
}

}  // namespace saltus
