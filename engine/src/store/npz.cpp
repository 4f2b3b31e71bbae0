#include "store/npz.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include <saltus/error.h>

#include "core/file.h"

static_assert(std::endian::native == std::endian::little, "numbers are written as they are");

namespace saltus::store {
namespace {

namespace fs = std::filesystem;

// ZIP's records, by their signatures.
constexpr std::uint32_t kLocal = 0x04034b50;
constexpr std::uint32_t kEntry = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint64_t kLocalBytes = 30;
constexpr std::uint64_t kEntryBytes = 46;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kMostComment = 65535;

constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;

/// A byte of deflate stands for fewer than this many.
constexpr std::uint64_t kMostInflation = 1032;

/// The longest file that is read; ZIP has no more without its extension for large ones.
constexpr std::int64_t kMostBytes = std::int64_t{1} << 32;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kSuffix = ".npy";

// Writing.

template <class T>
void put(std::string& text, T value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// What stands before the values in a .npy file of version 1.
std::string npy_header(const Shape& shape) {
  std::string extents;
  for (const std::int64_t extent : shape) extents += fmt::format("{}, ", extent);
  if (shape.size() > 1) extents.resize(extents.size() - 2);
  if (shape.size() == 1) extents.pop_back();
  std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", extents);
  const std::size_t before = kMagic.size() + 4;
  dictionary.append(63 - (before + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  std::string text(kMagic);
  text += {'\1', '\0'};
  put(text, static_cast<std::uint16_t>(dictionary.size()));
  return text + dictionary;
}

/// What a file's two records have in common.
struct Record {
  std::string name;
  std::uint32_t checksum = 0;
  std::uint32_t bytes = 0;
  std::uint32_t offset = 0;

  std::string common() const {
    std::string text;
    put(text, std::uint16_t{20});      // version of ZIP that it takes
    put(text, std::uint16_t{0x0800});  // the name is UTF-8
    put(text, kStored);
    put(text, std::uint16_t{0});       // time
    put(text, std::uint16_t{0x0021});  // date: 1980-01-01
    put(text, checksum);
    put(text, bytes);
    put(text, bytes);
    put(text, static_cast<std::uint16_t>(name.size()));
    put(text, std::uint16_t{0});
    return text;
  }
  std::string local() const {
    std::string text;
    put(text, kLocal);
    return text + common() + name;
  }
  std::string entry() const {
    std::string text;
    put(text, kEntry);
    put(text, std::uint16_t{20});
    text += common();
    put(text, std::uint16_t{0});  // comment
    put(text, std::uint16_t{0});  // disk
    put(text, std::uint16_t{0});  // attributes
    put(text, std::uint32_t{0});
    put(text, offset);
    return text + name;
  }
};

std::string_view bytes_of(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.values.data()),
          tensor.values.size() * sizeof(float)};
}

std::uint32_t checksum_of(std::string_view text, std::uint32_t before = 0) {
  const auto* data = reinterpret_cast<const Bytef*>(text.data());
  return static_cast<std::uint32_t>(crc32_z(before, data, text.size()));
}

// Reading.

/// A part of the file that says where it is.
class NpzReader {
 public:
  NpzReader(const fs::path& path, std::string_view file) : path_(path), file_(file) {}

  [[noreturn]] void fail(std::uint64_t offset, std::string_view what) const {
    throw DataError(fmt::format("{} at byte {}: {}", path_.string(), offset, what));
  }

  std::string_view bytes(std::uint64_t offset, std::uint64_t count, std::string_view what) const {
    if (offset > file_.size() || count > file_.size() - offset) {
      fail(offset, fmt::format("the file ends before {}", what));
    }
    return file_.substr(offset, count);
  }

  template <class T>
  T number(std::uint64_t offset) const {
    T value{};
    std::memcpy(&value, bytes(offset, sizeof(value), "a number").data(), sizeof(value));
    return value;
  }

  std::uint64_t size() const { return file_.size(); }

  /// Where ZIP's last record is.
  std::uint64_t end_record() const {
    if (file_.size() >= kEndBytes) {
      const std::uint64_t last = file_.size() - kEndBytes;
      for (std::uint64_t back = 0; back <= std::min(last, kMostComment); ++back) {
        if (number<std::uint32_t>(last - back) == kEnd &&
            number<std::uint16_t>(last - back + 20) == back) {
          return last - back;
        }
      }
    }
    fail(file_.size(), "it is no ZIP file, or not all of one: its last record is missing");
  }

 private:
  const fs::path& path_;
  std::string_view file_;
};

std::string inflated(const NpzReader& reader, std::uint64_t offset, std::string_view packed,
                     std::uint64_t bytes) {
  if (bytes / kMostInflation > packed.size()) {
    reader.fail(offset, fmt::format("{} bytes cannot be inflated to {}", packed.size(), bytes));
  }
  std::string text(bytes, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));  // NOLINT
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int code = inflate(&stream, Z_FINISH);
  const bool whole = code == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) reader.fail(offset, "the compressed data is damaged");
  return text;
}

/// Takes `token` off a text that begins with it.
bool skip(std::string_view& text, std::string_view token) {
  if (!text.starts_with(token)) return false;
  text.remove_prefix(token.size());
  return true;
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

/// The tuple of a shape: "()", "(3,)", "(3, 4)". False where it is none.
bool read_shape(std::string_view& text, Shape& shape) {
  if (!skip(text, "(")) return false;
  skip_spaces(text);
  while (!skip(text, ")")) {
    std::int64_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0) return false;
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    skip(text, "L");  // of Python 2
    skip_spaces(text);
    const bool more = skip(text, ",");
    skip_spaces(text);
    if (!more && !text.starts_with(")")) return false;
  }
  return true;
}

/// The dictionary of a .npy file. Returns why it cannot be read, or nothing.
std::string read_dictionary(std::string_view text, Shape& shape) {
  if (!skip(text, "{")) return "the header is no dictionary";
  std::set<std::string, std::less<>> seen;
  for (skip_spaces(text); !skip(text, "}"); skip_spaces(text)) {
    std::string_view key;
    for (const std::string_view known : {"'descr': ", "'fortran_order': ", "'shape': "}) {
      if (skip(text, known)) key = known;
    }
    if (key.empty() || !seen.emplace(key).second) return "the header is not as NumPy writes it";
    skip_spaces(text);
    if (key == "'descr': " && !skip(text, "'<f4'")) return "the array is not of float32 (<f4)";
    if (key == "'fortran_order': " && !skip(text, "False")) return "the array is not in C order";
    if (key == "'shape': " && !read_shape(text, shape)) return "the shape is none";
    skip_spaces(text);
    if (!skip(text, ",") && !text.starts_with("}")) return "the header is not as NumPy writes it";
  }
  return seen.size() == 3 ? "" : "the header is not complete";
}

/// A .npy file, which lies in the ZIP file at `offset`.
Tensor tensor_of(const NpzReader& reader, std::uint64_t offset, const std::string& name,
                 std::string_view npy) {
  const auto fail = [&](std::string_view what) {
    reader.fail(offset, fmt::format("array {}: {}", name, what));
  };
  const std::size_t prefix = kMagic.size() + 2;
  if (npy.size() < prefix + 4 || !npy.starts_with(kMagic)) fail("it is no .npy file");
  const int version = npy[kMagic.size()];
  if (version < 1 || version > 3) fail("it is of a version that is not known");
  std::uint32_t length = 0;
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  std::memcpy(&length, npy.data() + prefix, length_bytes);
  npy.remove_prefix(prefix + length_bytes);
  if (length > npy.size()) fail("it ends inside its header");
  Tensor tensor{name, {}, {}};
  std::string_view dictionary = npy.substr(0, length);
  if (const std::string reason = read_dictionary(dictionary, tensor.shape); !reason.empty()) {
    fail(reason);
  }
  npy.remove_prefix(length);
  std::uint64_t bytes = sizeof(float);
  for (const std::int64_t extent : tensor.shape) {
    const auto count = static_cast<std::uint64_t>(extent);
    bytes = count != 0 && bytes > npy.size() / count ? npy.size() + 1 : bytes * count;
  }
  if (bytes != npy.size()) {
    fail(fmt::format("its shape {} does not take its {} bytes", to_string(tensor.shape),
                     npy.size()));
  }
  tensor.values.resize(npy.size() / sizeof(float));
  if (!npy.empty()) std::memcpy(tensor.values.data(), npy.data(), npy.size());
  return tensor;
}

/// The file of an entry of the directory at `offset`, which is moved behind the entry.
Tensor read_entry(const NpzReader& reader, std::uint64_t& offset) {
  const std::uint64_t at = offset;
  reader.bytes(at, kEntryBytes, "an entry of its directory");
  if (reader.number<std::uint32_t>(at) != kEntry) {
    reader.fail(at, "there is no entry of the directory");
  }
  const auto flags = reader.number<std::uint16_t>(at + 8);
  const auto method = reader.number<std::uint16_t>(at + 10);
  const auto checksum = reader.number<std::uint32_t>(at + 16);
  const auto packed_bytes = reader.number<std::uint32_t>(at + 20);
  const auto bytes = reader.number<std::uint32_t>(at + 24);
  const auto name_bytes = reader.number<std::uint16_t>(at + 28);
  const std::uint64_t more =
      std::uint64_t{reader.number<std::uint16_t>(at + 30)} + reader.number<std::uint16_t>(at + 32);
  const auto local = reader.number<std::uint32_t>(at + 42);
  std::string name(reader.bytes(at + kEntryBytes, name_bytes, "the name of a file"));
  offset = at + kEntryBytes + name_bytes + more;
  if ((flags & 1) != 0) reader.fail(at, "a file is encrypted");
  if (method != kStored && method != kDeflated) {
    reader.fail(at, fmt::format("a file is compressed by method {}, which is not known", method));
  }
  if (!name.ends_with(kSuffix)) reader.fail(at, "a file in it is no .npy file");
  name.resize(name.size() - kSuffix.size());

  reader.bytes(local, kLocalBytes, "a file in it");
  if (reader.number<std::uint32_t>(local) != kLocal) {
    reader.fail(local, "a file should begin here");
  }
  const std::uint64_t data = std::uint64_t{local} + kLocalBytes +
                             reader.number<std::uint16_t>(local + 26) +
                             reader.number<std::uint16_t>(local + 28);
  std::string_view npy = reader.bytes(data, packed_bytes, "the data of a file in it");
  std::string text;
  if (method == kDeflated) npy = text = inflated(reader, data, npy, bytes);
  if (npy.size() != bytes || checksum_of(npy) != checksum) {
    reader.fail(data, "the data does not have its checksum");
  }
  return tensor_of(reader, data, name, npy);
}

}  // namespace

void write_npz(const fs::path& path, const TensorFile& file) {
  std::deque<std::string> own;  // what the parts view
  std::vector<std::string_view> parts;
  std::string directory;
  std::uint64_t end = 0;
  const auto put_part = [&](std::string_view part) {
    parts.push_back(part);
    end += part.size();
  };
  for (const Tensor& tensor : file.tensors) {
    const std::string_view values = bytes_of(tensor);
    const std::string& header = own.emplace_back(npy_header(tensor.shape));
    if (end + header.size() + values.size() >= kMostBytes / 2) {
      throw InvalidArgument(
          "an .npz file holds less than 2 GiB here; save to a file whose name ends in "
          ".safetensors");
    }
    const Record record{
        tensor.name + std::string(kSuffix), checksum_of(values, checksum_of(header)),
        static_cast<std::uint32_t>(header.size() + values.size()), static_cast<std::uint32_t>(end)};
    put_part(own.emplace_back(record.local()));
    put_part(header);
    put_part(values);
    directory += record.entry();
  }
  const auto count = static_cast<std::uint16_t>(file.tensors.size());
  if (count != file.tensors.size()) {
    throw InvalidArgument("an .npz file holds up to 65535 arrays; save to one of safetensors");
  }
  std::string& last = own.emplace_back();
  put(last, kEnd);
  put(last, std::uint32_t{0});
  put(last, count);
  put(last, count);
  put(last, static_cast<std::uint32_t>(directory.size()));
  put(last, static_cast<std::uint32_t>(end));
  put(last, std::uint16_t{0});
  put_part(directory);
  put_part(last);
  write_file_atomic(path, parts);
}

TensorFile read_npz(const fs::path& path) {
  const std::string bytes = read_file(path, kMostBytes);
  const NpzReader reader(path, bytes);
  const std::uint64_t end = reader.end_record();
  const auto count = reader.number<std::uint16_t>(end + 10);
  const auto directory_bytes = reader.number<std::uint32_t>(end + 12);
  std::uint64_t offset = reader.number<std::uint32_t>(end + 16);
  if (offset + directory_bytes != end || count * kEntryBytes > directory_bytes) {
    reader.fail(end, "the directory is not where it should be");
  }
  TensorFile file;
  std::set<std::string> names;
  std::uint64_t all = 0;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t at = offset;
    file.tensors.push_back(read_entry(reader, offset));
    const Tensor& tensor = file.tensors.back();
    if (!names.insert(tensor.name).second) {
      reader.fail(at, fmt::format("there are two arrays {}", tensor.name));
    }
    // Entries that share their data would make much of little.
    all += tensor.values.size() * sizeof(float);
    if (all / kMostInflation > bytes.size()) reader.fail(at, "its files overlap");
  }
  if (offset != end) reader.fail(offset, "the directory does not end here");
  return file;
}

}  // namespace saltus::store
