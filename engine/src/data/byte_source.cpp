#include "data/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include <saltus/error.h>

#include "data/md5.h"

namespace saltus {
namespace {

constexpr std::array<std::uint8_t, 2> kGzipMagic = {0x1f, 0x8b};
constexpr int kGzipWindow = 15 + 16;  // the largest window; + 16 asks zlib for the gzip format

// deflate's best case: 258 equal bytes in a length and a distance code of one bit each.
constexpr std::int64_t kMaxExpansion = 1032;

}  // namespace

ByteSource::ByteSource(std::filesystem::path path)
    : path_(std::move(path)), file_(open_regular_file(path_)) {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw_file_error("read", path_, errno);
  file_bytes_ = status.st_size;
  refill();
  compressed_ = unread_.size() >= 2 && unread_[0] == kGzipMagic[0] && unread_[1] == kGzipMagic[1];
  if (compressed_ && inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
}

ByteSource::~ByteSource() {
  if (compressed_) inflateEnd(&stream_);
}

std::size_t ByteSource::read(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    if (unread_.empty() && !refill()) {
      if (inside_member_) throw_gzip_error("it ends there, expected more compressed data");
      break;
    }
    done += compressed_ ? inflate_some(out.subspan(done)) : read_plain(out.subspan(done));
  }
  offset_ += static_cast<std::int64_t>(done);
  return done;
}

std::string ByteSource::describe(std::int64_t offset) const {
  return fmt::format("byte {}{}", offset, compressed_ ? " of the decompressed data" : "");
}

std::int64_t ByteSource::max_bytes() const {
  return compressed_ ? file_bytes_ * kMaxExpansion : file_bytes_;
}

bool ByteSource::refill() {
  const std::size_t got = read_some(file_, buffer_, path_);
  unread_ = std::span(buffer_).first(got);
  file_offset_ += static_cast<std::int64_t>(got);
  return got > 0;
}

std::size_t ByteSource::read_plain(std::span<std::uint8_t> out) {
  const std::size_t size = std::min(out.size(), unread_.size());
  std::copy_n(unread_.begin(), size, out.begin());
  unread_ = unread_.subspan(size);
  return size;
}

// One call of inflate(); gzip files may be several members one after another, and zeros may fill
// the last block of a tape behind them.
std::size_t ByteSource::inflate_some(std::span<std::uint8_t> out) {
  if (!inside_member_) {
    padded_ = padded_ || (any_member_ && unread_.front() == 0);
    if (padded_) return skip_padding();
    inflateReset(&stream_);
    inside_member_ = true;
    any_member_ = true;
  }
  constexpr std::size_t kMaxOut = 1 << 30;  // avail_out is 32 bits wide
  const std::size_t room = std::min(out.size(), kMaxOut);
  stream_.next_in = const_cast<std::uint8_t*>(unread_.data());  // NOLINT: zlib's old interface
  stream_.avail_in = static_cast<uInt>(unread_.size());
  stream_.next_out = out.data();
  stream_.avail_out = static_cast<uInt>(room);
  const int status = inflate(&stream_, Z_NO_FLUSH);
  unread_ = unread_.last(stream_.avail_in);
  if (status == Z_STREAM_END) {
    inside_member_ = false;
  } else if (status == Z_MEM_ERROR) {
    throw std::bad_alloc();
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    throw_gzip_error(stream_.msg != nullptr ? stream_.msg : "invalid data");
  }
  return room - stream_.avail_out;
}

std::size_t ByteSource::skip_padding() {
  const auto other = std::ranges::find_if(unread_, [](std::uint8_t byte) { return byte != 0; });
  unread_ = unread_.subspan(static_cast<std::size_t>(other - unread_.begin()));
  if (!unread_.empty())
    throw_gzip_error("zeros stand before it, expected nothing else behind them");
  return 0;
}

void ByteSource::throw_gzip_error(std::string_view what) const {
  throw DataError(fmt::format("{}: the gzip data is damaged at byte {} of the file: {}",
                              path_.string(),
                              file_offset_ - static_cast<std::int64_t>(unread_.size()), what));
}

std::string md5_of_file(const std::filesystem::path& path, std::int64_t max_bytes) {
  ByteSource source(path);
  Md5 digest;
  std::array<std::uint8_t, 1 << 16> block;
  while (const std::size_t got = source.read(block)) {
    if (source.offset() > max_bytes) {
      throw DataError(
          fmt::format("{}: it holds more than the {} bytes expected", path.string(), max_bytes));
    }
    digest.update(std::span(block).first(got));
  }
  return digest.finish_hex();
}

}  // namespace saltus
