#include <bit>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "data/idx.h"
#include "tests/engine/data_support.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Idx : public DataTest {
 protected:
  fs::path file() const { return folder() / "images"; }

  IdxArray read(std::string_view bytes, int min_rank = 3, int max_rank = 4) const {
    put(file(), bytes);
    return read_idx(file(), min_rank, max_rank);
  }

  std::string error(std::string_view bytes, int min_rank = 3, int max_rank = 4) const {
    std::string what = data_error([&] { read(bytes, min_rank, max_rank); });
    EXPECT_THAT(what, HasSubstr(file().string()));
    EXPECT_THAT(what, HasSubstr("byte "));
    EXPECT_THAT(what, HasSubstr("expected")) << "for a file of " << bytes.size() << " bytes";
    return what;
  }

  static std::string bytes_of(const IdxArray& array) {
    const auto& values = std::get<std::vector<std::uint8_t>>(array.values);
    return {values.begin(), values.end()};
  }

  const std::string values = noise(2 * 3 * 4);
  const std::string tiny = idx({2, 3, 4}, values);
};

TEST_F(Idx, ReadsPlainAndGzip) {
  for (const std::string& bytes : {tiny, gzip(tiny)}) {
    const IdxArray array = read(bytes);
    EXPECT_EQ(array.dims, (std::vector<std::int64_t>{2, 3, 4}));
    EXPECT_EQ(bytes_of(array), values);
    EXPECT_EQ(array.md5, md5(tiny));
  }
}

TEST_F(Idx, ChecksumIsThatOfMd5sum) {
  // printf "\0\0\10\1\0\0\0\3abc" | md5sum
  EXPECT_EQ(read(idx({3}, "abc"), 1, 1).md5, "ba24380862c233d5de71b298a2718b11");
}

TEST_F(Idx, ReadsMoreThanItsBuffers) {
  const std::string big = noise(3 * 1024 * 1100);
  for (const std::string& bytes : {idx({3, 1024, 1100}, big), gzip(idx({3, 1024, 1100}, big))}) {
    const IdxArray array = read(bytes);
    EXPECT_TRUE(bytes_of(array) == big);
  }
}

TEST_F(Idx, ReadsSeveralGzipMembers) {
  for (std::size_t cut = 0; cut <= tiny.size(); ++cut) {
    const IdxArray array = read(gzip(tiny.substr(0, cut)) + gzip(tiny.substr(cut)));
    EXPECT_EQ(bytes_of(array), values) << cut;
  }
}

TEST_F(Idx, RefusesEveryTruncation) {
  for (std::size_t length = 0; length < tiny.size(); ++length) error(tiny.substr(0, length));
  const std::string packed = gzip(tiny);
  for (std::size_t length = 0; length < packed.size(); ++length) error(packed.substr(0, length));
  // A second member that is cut short damages nothing of the first, and is refused all the same.
  const std::string two = gzip(tiny.substr(0, 20)) + gzip(tiny.substr(20));
  for (std::size_t length = 0; length < two.size(); ++length) error(two.substr(0, length));
}

TEST_F(Idx, RefusesTrailingBytes) {
  EXPECT_THAT(error(tiny + "x"), HasSubstr("byte 40: the file goes on"));
  EXPECT_THAT(error(gzip(tiny + "x")),
              HasSubstr("byte 40 of the decompressed data: the file goes"));
  put(file(), gzip(tiny) + "x");
  EXPECT_THAT(data_error([&] { read_idx(file(), 3, 4); }),
              HasSubstr("gzip data is damaged at byte"));
}

TEST_F(Idx, IgnoresZerosBehindGzipAsGzipDoes) {
  const std::string packed = gzip(tiny);
  for (const std::size_t zeros : {1, 2, 511, 1 << 16, 200000}) {
    EXPECT_EQ(bytes_of(read(packed + std::string(zeros, '\0'))), values) << zeros;
    EXPECT_EQ(
        bytes_of(read(gzip(tiny.substr(0, 9)) + gzip(tiny.substr(9)) + std::string(zeros, '\0'))),
        values);
    // Whatever else stands behind them, another member too, is not part of the file.
    for (const std::string& more : {std::string("x"), packed}) {
      const std::string what = error(packed + std::string(zeros, '\0') + more);
      EXPECT_THAT(what,
                  HasSubstr(fmt::format("damaged at byte {} of the file: zeros stand before it",
                                        packed.size() + zeros)));
    }
  }
  EXPECT_THAT(error(std::string(100, '\0')), HasSubstr("type 0x00"));
  // In front of a member's end they are damage, and behind a file that is no gzip they are values.
  put(file(), packed.substr(0, packed.size() - 4) + std::string(4, '\0'));
  EXPECT_THAT(data_error([&] { read_idx(file(), 3, 4); }), HasSubstr("incorrect length check"));
  EXPECT_THAT(error(tiny + '\0'), HasSubstr("byte 40: the file goes on"));
}

// Values as numpy writes them, most significant byte first: the bytes are from
// numpy.array([...], '>f4').tobytes().hex() and so on.
TEST_F(Idx, ReadsEveryType) {
  const auto of_type = [](char type, std::uint32_t count, std::string_view bytes) {
    std::string file = idx({count}, bytes);
    file[2] = type;
    return file;
  };
  const auto check = [&](char type, std::string_view name, std::int64_t size,
                         std::string_view bytes, const auto& expected) {
    const std::string file = of_type(type, static_cast<std::uint32_t>(expected.size()), bytes);
    for (const std::string& content : {file, gzip(file)}) {
      const IdxArray array = read(content, 1, 1);
      EXPECT_EQ(std::get<std::decay_t<decltype(expected)>>(array.values), expected);
      EXPECT_EQ(array.type, name);
      EXPECT_EQ(array.value_bytes, size);
      EXPECT_EQ(array.md5, md5(file));
    }
    for (std::size_t length = 0; length < file.size(); ++length) {
      error(file.substr(0, length), 1, 1);
    }
    EXPECT_THAT(error(file + 'x', 1, 1), HasSubstr("the file goes on, expected its end after"));
  };
  using namespace std::string_view_literals;
  using Integers = std::vector<std::int32_t>;
  using Floats = std::vector<float>;
  check(0x08, "unsigned bytes", 1, "\x00\x7f\x80\xff"sv,
        std::vector<std::uint8_t>{0, 127, 128, 255});
  check(0x09, "signed bytes", 1, "\x00\x7f\x80\xff"sv, Integers{0, 127, -128, -1});
  check(0x0b, "16-bit integers", 2, "\x00\x01\x7f\xff\x80\x00\xff\xfe"sv,
        Integers{1, 32767, -32768, -2});
  check(0x0c, "32-bit integers", 4,
        "\x00\x00\x01\x00\x7f\xff\xff\xff\x80\x00\x00\x00\xff\xff\xff\xfd"sv,
        Integers{256, 2147483647, -2147483647 - 1, -3});
  check(0x0d, "32-bit floats", 4,
        "\x3e\xcc\xcc\xcd\xbf\x80\x00\x00\x00\x00\x00\x01\x7f\x7f\xff\xff"sv,
        Floats{0.4F, -1.0F, 1.401298464324817e-45F, 3.4028234663852886e38F});
  check(0x0e, "64-bit floats", 8,
        "\x3f\xd9\x99\x99\x99\x99\x99\x9a\xc0\x00\x00\x00\x00\x00\x00\x00"sv, Floats{0.4F, -2.0F});

  const auto refused = [&](char type, std::string_view bytes, std::string_view message) {
    EXPECT_THAT(error(of_type(type, 2, bytes), 1, 1), HasSubstr(std::string(message)));
  };
  refused(0x0d, "\x3f\x80\x00\x00\x7f\xc0\x00\x00"sv,
          "byte 12: the value is nan, expected a finite");
  refused(0x0d, "\xff\x80\x00\x00\x3f\x80\x00\x00"sv, "byte 8: the value is -inf");
  refused(0x0e, "\x3f\xf0\x00\x00\x00\x00\x00\x00\x7f\xf0\x00\x00\x00\x00\x00\x00"sv,
          "byte 16: the value is inf");
  refused(0x0e, "\x48\x00\x00\x00\x00\x00\x00\x00\x3f\xf0\x00\x00\x00\x00\x00\x00"sv,
          "that 32 bits can hold");
}

TEST_F(Idx, ReadsWiderTypesThatAreLargerThanItsBuffers) {
  std::string file = idx({100, 70, 50}, "");
  file[2] = 0x0d;
  std::vector<float> expected;
  for (int i = 0; i < 100 * 70 * 50; ++i) {
    expected.push_back(static_cast<float>(i) / 7);
    const auto bits = std::bit_cast<std::uint32_t>(expected.back());
    for (const int shift : {24, 16, 8, 0}) file.push_back(static_cast<char>(bits >> shift & 0xffU));
  }
  for (const std::string& content : {file, gzip(file)}) {
    EXPECT_TRUE(std::get<std::vector<float>>(read(content).values) == expected);
  }
}

TEST_F(Idx, RefusesEveryHeaderBitFlipped) {
  for (std::size_t byte = 0; byte < 16; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      if (byte == 2 && bit == 0) continue;  // as many signed bytes
      std::string wrong = tiny;
      wrong[byte] = static_cast<char>(wrong[byte] ^ 1 << bit);
      error(wrong);
      error(gzip(wrong));
    }
  }
}

TEST_F(Idx, NoticesEveryBitFlippedInGzip) {
  const std::string packed = gzip(tiny);
  for (std::size_t byte = 0; byte < packed.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string wrong = packed;
      wrong[byte] = static_cast<char>(wrong[byte] ^ 1 << bit);
      put(file(), wrong);
      // The flags, time and system in gzip's header (bytes 3 to 9) say nothing about the data,
      // nor do the bits that pad the last byte before the 8 of the trailer.
      const bool harmless = (byte >= 3 && byte < 10) || byte == packed.size() - 9;
      try {
        const IdxArray array = read_idx(file(), 3, 4);
        EXPECT_EQ(bytes_of(array), values);
        EXPECT_TRUE(harmless) << "byte " << byte << " bit " << bit;
      } catch (const DataError&) {
      }
    }
  }
}

TEST_F(Idx, SaysWhatIsWrongWithTheHeader) {
  std::string floats = tiny;
  floats[2] = 0x0d;
  EXPECT_THAT(error(floats), HasSubstr("announces 96 bytes of values (2 x 3 x 4 32-bit floats)"));
  std::string unknown = tiny;
  unknown[2] = 0x0a;
  EXPECT_THAT(error(unknown), HasSubstr("byte 2: type 0x0a, expected one of 0x08"));
  EXPECT_THAT(error(tiny, 1, 1), HasSubstr("byte 3: 3 dimensions, expected 1"));
  EXPECT_THAT(error(idx({2, 0, 4}, "")), HasSubstr("byte 8: the size of dimension 1 is 0"));
  EXPECT_THAT(error("PK\x03\x04 a zip"), HasSubstr("byte 0: found 50 4b, expected the 00 00"));
  EXPECT_THAT(error(""), HasSubstr("byte 0: the file ends, expected an IDX header"));
}

TEST_F(Idx, RefusesAbsurdSizesBeforeAnyMemoryIsTaken) {
  // 2^32 - 1 to the fourth power overflows 64 bits; 65536 x 65536 is the cap, and more than is
  // there.
  EXPECT_THAT(error(idx({~0U, ~0U, ~0U, ~0U}, values)), HasSubstr("byte 8: the sizes"));
  EXPECT_THAT(error(idx({65536, 65536, 2}, values)), HasSubstr("multiply to more than 4294967296"));
  EXPECT_THAT(error(idx({65536, 256, 256}, values)), HasSubstr("expected at most the"));
  EXPECT_THAT(error(gzip(idx({65536, 256, 256}, values))), HasSubstr("expected at most the"));
  std::string doubles = idx({65536, 256, 64}, values);
  doubles[2] = 0x0e;
  EXPECT_THAT(error(doubles), HasSubstr("multiply to more than 536870912 values"));
}

// A member of gzip that inflates to 1 GiB, made of one MiB of zeros compressed once: the middle of
// a deflate stream that was flushed can be repeated.
std::string bomb(std::string_view start) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string zeros(1 << 20, '\0');
  std::string out(1 << 21, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const auto add = [&](std::string_view bytes) {
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    EXPECT_EQ(deflate(&stream, Z_FULL_FLUSH), Z_OK);
    return static_cast<std::size_t>(stream.total_out);
  };
  const std::size_t from = add(start);
  const std::size_t to = add(zeros);
  deflateEnd(&stream);
  std::string all = out.substr(0, from);
  for (int i = 0; i < 1024; ++i) all.append(out, from, to - from);
  return all;
}

TEST_F(Idx, BombCostsNoMemory) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer reserves terabytes of address space";
#endif
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  const std::string bytes = bomb(tiny);
  const std::string announced = bomb(idx({1024, 1024, 1024}, ""));
  rlimit tight = before;
  tight.rlim_cur = rlim_t{1} << 29;  // half of what they would inflate to
  ASSERT_EQ(setrlimit(RLIMIT_AS, &tight), 0);
  EXPECT_THAT(error(bytes), HasSubstr("the file goes on, expected its end after 24 bytes"));
  // Where the header announces the whole bomb, that there is no memory for it is an error, no
  // crash.
  put(file(), announced);
  EXPECT_THAT(data_error([&] { read_idx(file(), 3, 4); }),
              HasSubstr("no memory for the 1073741824"));
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
}

TEST_F(Idx, RefusesWhatIsNoFile) {
  EXPECT_THAT(data_error([&] { read_idx(folder(), 3, 4); }), HasSubstr("not a regular file"));
  EXPECT_THAT(data_error([&] { read_idx(folder() / "nothing", 3, 4); }),
              AllOf(HasSubstr("nothing"), HasSubstr("No such file")));
  ASSERT_EQ(::mkfifo((folder() / "pipe").c_str(), 0600), 0);  // must not wait for a writer
  EXPECT_THAT(data_error([&] { read_idx(folder() / "pipe", 3, 4); }), HasSubstr("not a regular"));
}

}  // namespace
}  // namespace saltus
