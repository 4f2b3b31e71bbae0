#include "data/idx.h"

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

#include "core/digest.h"
#include "data/byte_source.h"

namespace saltus {
namespace {

constexpr int kUnsignedByte = 0x08;

std::string_view type_name(int type) {
  switch (type) {
    case kUnsignedByte:
      return "unsigned bytes";
    case 0x09:
      return "signed bytes";
    case 0x0b:
      return "16-bit integers";
    case 0x0c:
      return "32-bit integers";
    case 0x0d:
      return "32-bit floats";
    case 0x0e:
      return "64-bit floats";
    default:
      return "no known type";
  }
}

class IdxReader {
 public:
  explicit IdxReader(const std::filesystem::path& path) : source_(path) {}

  IdxArray read(int min_rank, int max_rank) {
    IdxArray array;
    const int rank = read_rank(min_rank, max_rank);
    std::int64_t total = 1;
    for (int axis = 0; axis < rank; ++axis) {
      array.dims.push_back(read_size(axis));
      if (array.dims.back() > kMaxIdxValues / total) {
        fail(source_.offset() - 4,
             fmt::format("the sizes {} multiply to more than {} values, expected fewer",
                         fmt::join(array.dims, " x "), kMaxIdxValues));
      }
      total *= array.dims.back();
    }
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

  int read_rank(int min_rank, int max_rank) {
    const auto magic = read_word("an IDX header");
    if (magic[0] != 0 || magic[1] != 0) {
      fail(0, fmt::format("found {:02x} {:02x}, expected the 00 00 of an IDX file or 1f 8b of gzip",
                          magic[0], magic[1]));
    }
    if (magic[2] != kUnsignedByte) {
      fail(2, fmt::format("type {:#04x} ({}), expected {:#04x} ({})", magic[2], type_name(magic[2]),
                          kUnsignedByte, type_name(kUnsignedByte)));
    }
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
    const std::int64_t start = source_.offset();
    const std::string announced =
        fmt::format("{} bytes of values ({})", total, fmt::join(array.dims, " x "));
    const std::int64_t room = source_.max_bytes() - start;
    if (total > room) {
      fail(start,
           fmt::format("the header announces {}, expected at most the {} that the file holds",
                       announced, room));
    }
    reserve(array.values, total, start);
    constexpr std::int64_t kStep = 1 << 20;
    for (std::int64_t done = 0; done < total;) {
      const std::int64_t step = std::min(kStep, total - done);
      array.values.resize(static_cast<std::size_t>(done + step));
      const std::span block = std::span(array.values).last(static_cast<std::size_t>(step));
      if (source_.read(block) < block.size()) {
        fail(source_.offset(), fmt::format("the file ends, expected {}", announced));
      }
      digest_.update(block);
      done += step;
    }
    std::uint8_t extra = 0;
    if (source_.read({&extra, 1}) != 0) {
      fail(source_.offset() - 1,
           fmt::format("the file goes on, expected its end after {}", announced));
    }
  }

  // Address space only: the pages are touched as the data arrives.
  void reserve(std::vector<std::uint8_t>& values, std::int64_t total, std::int64_t start) const {
    try {
      values.reserve(static_cast<std::size_t>(total));
    } catch (const std::bad_alloc&) {
      fail(start, fmt::format("no memory for the {} bytes that the header announces", total));
    }
  }

  ByteSource source_;
  Digest digest_ = Digest::md5();
};

}  // namespace

IdxArray read_idx(const std::filesystem::path& path, int min_rank, int max_rank) {
  return IdxReader(path).read(min_rank, max_rank);
}

}  // namespace saltus
