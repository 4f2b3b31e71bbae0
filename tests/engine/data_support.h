#pragma once

// What the tests of the data room share: a folder that goes away, IDX bytes, gzip, small data sets.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include <saltus/error.h>

#include "core/file.h"
#include "data/md5.h"

namespace saltus::testing {

namespace fs = std::filesystem;

/// A folder for one test.
class DataTest : public ::testing::Test {
 public:
  const fs::path& folder() const { return scratch_.path(); }

 private:
  ScratchFolder scratch_{fs::temp_directory_path()};
};

inline void put(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.flush().good()) << path;
}

inline std::string get(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// An IDX file of unsigned bytes. `values` may be of any length: files that lie are tested, too.
inline std::string idx(const std::vector<std::uint32_t>& dims, std::string_view values) {
  std::string out{'\0', '\0', '\x08', static_cast<char>(dims.size())};
  for (const std::uint32_t size : dims) {
    for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(size >> shift & 0xffU));
  }
  return out.append(values);
}

/// One gzip member.
inline std::string gzip(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string md5(std::string_view bytes) {
  Md5 digest;
  digest.update({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return digest.finish_hex();
}

/// `size` bytes that follow no pattern a compressor could use, the same every time.
inline std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    seed = seed * 1664525U + 1013904223U;
    out.push_back(static_cast<char>(seed >> 24));
  }
  return out;
}

/// What `action` throws, in words; fails the test where it throws no DataError.
template <class Action>
std::string data_error(Action&& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "expected a DataError, got: " << error.what();
    return "";
  }
  ADD_FAILURE() << "expected a DataError";
  return "";
}

/// The four files of a small data set, by name: 12 training and 5 test images of 3 x 2 in 4
/// classes.
inline std::map<std::string, std::string> small_files() {
  return {{"train-images-idx3-ubyte", idx({12, 3, 2}, noise(72))},
          {"train-labels-idx1-ubyte", idx({12}, std::string_view("\0\1\2\3\0\1\2\3\0\1\2\3", 12))},
          {"t10k-images-idx3-ubyte", idx({5, 3, 2}, noise(30, 2))},
          {"t10k-labels-idx1-ubyte", idx({5}, std::string_view("\0\1\2\3\0", 5))}};
}

}  // namespace saltus::testing
