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

  const std::string values = noise(2 * 3 * 4);
  const std::string tiny = idx({2, 3, 4}, values);
};

TEST_F(Idx, ReadsPlainAndGzip) {
  for (const std::string& bytes : {tiny, gzip(tiny)}) {
    const IdxArray array = read(bytes);
    EXPECT_EQ(array.dims, (std::vector<std::int64_t>{2, 3, 4}));
    EXPECT_EQ(std::string(array.values.begin(), array.values.end()), values);
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
    EXPECT_TRUE(
        std::equal(big.begin(), big.end(), array.values.begin(), array.values.end(),
                   [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }));
  }
}

TEST_F(Idx, ReadsSeveralGzipMembers) {
  for (std::size_t cut = 0; cut <= tiny.size(); ++cut) {
    const IdxArray array = read(gzip(tiny.substr(0, cut)) + gzip(tiny.substr(cut)));
    EXPECT_EQ(std::string(array.values.begin(), array.values.end()), values) << cut;
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

TEST_F(Idx, RefusesEveryHeaderBitFlipped) {
  for (std::size_t byte = 0; byte < 16; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
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
        EXPECT_EQ(std::string(array.values.begin(), array.values.end()), values);
        EXPECT_TRUE(harmless) << "byte " << byte << " bit " << bit;
      } catch (const DataError&) {
      }
    }
  }
}

TEST_F(Idx, SaysWhatIsWrongWithTheHeader) {
  std::string floats = tiny;
  floats[2] = 0x0d;
  EXPECT_THAT(error(floats), HasSubstr("byte 2: type 0x0d (32-bit floats), expected 0x08"));
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
