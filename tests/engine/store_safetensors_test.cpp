#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "store/safetensors.h"
#include "tests/engine/error_of.h"

namespace saltus::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Safetensors : public testing::Test {
 protected:
  ScratchFolder folder_{testing::TempDir()};
  std::filesystem::path path_ = folder_.path() / "a.safetensors";

  /// What is said of a file with this header, and so many bytes of data.
  std::string refusal(const std::string& header, std::size_t bytes = 0) {
    return refusal_of(prefix(header.size()) + header + std::string(bytes, 'x'));
  }
  std::string refusal_of(const std::string& file) {
    write_file_atomic(path_, file);
    return error_of<DataError>([&] { read_safetensors(path_); });
  }
  static std::string prefix(std::uint64_t length) {
    return {reinterpret_cast<const char*>(&length), sizeof(length)};
  }
};

TEST_F(Safetensors, IsTheFormat) {
  write_safetensors(path_, {{{"b", {2}, {1, 2}}, {"a/x", {}, {3}}}, {{"k", "v"}}});
  const std::string bytes = read_file(path_, 1000);
  const std::string header =
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("a/x":{"dtype":"F32","shape":[],"data_offsets":[8,12]}})";
  const std::size_t padded = (header.size() + 7) / 8 * 8;
  ASSERT_EQ(bytes.size(), 8 + padded + 12);
  EXPECT_EQ(bytes.substr(0, 8), prefix(padded));
  EXPECT_EQ(bytes.substr(8, padded), header + std::string(padded - header.size(), ' '));
  EXPECT_EQ(bytes.substr(8 + padded, 4), std::string("\0\0\x80\x3f", 4)) << "1, little-endian";
}

TEST_F(Safetensors, ComesBack) {
  const TensorFile file{{{"b", {1, 2}, {1, -0.0F}}, {"none", {0, 3}, {}}, {"a", {}, {3}}},
                        {{"k", "\"v\"\n"}}};
  write_safetensors(path_, file);
  const TensorFile read = read_safetensors(path_);
  ASSERT_EQ(read.tensors.size(), 3U);
  EXPECT_EQ(read.tensors[0].name, "b");
  EXPECT_THAT(read.tensors[0].shape, ElementsAre(1, 2));
  EXPECT_TRUE(std::signbit(read.tensors[0].values[1]));
  EXPECT_TRUE(read.tensors[1].values.empty());
  EXPECT_THAT(read.tensors[2].values, ElementsAre(3));
  EXPECT_EQ(read.metadata, file.metadata);
}

TEST_F(Safetensors, OfOneNameTwiceOrWithoutUtf8AreNotWritten) {
  EXPECT_THAT(error_of([&] {
                write_safetensors(path_, {{{"a", {1}, {1}}, {"a", {1}, {1}}}});
              }),
              HasSubstr("two tensors have the name 'a'"));
  EXPECT_THAT(error_of([&] {
                write_safetensors(path_, {{{"\xff", {1}, {1}}}});
              }),
              HasSubstr("not UTF-8"));
}

TEST_F(Safetensors, ThatAreNotWholeOrLieAreRefusedWithTheReasonAndThePlace) {
  EXPECT_THAT(refusal_of(""), HasSubstr("at byte 0: it ends before the length"));
  EXPECT_THAT(refusal_of("saltus!"), HasSubstr("at byte 7: it ends before the length"));
  EXPECT_THAT(refusal_of("PK\3\4 a zip file"), HasSubstr("bytes is announced, but 7 follow"));
  EXPECT_THAT(refusal_of(prefix(std::uint64_t{1} << 62) + "{}"), HasSubstr("at byte 0: a header"));
  EXPECT_THAT(refusal("nothing"), HasSubstr("at byte 10: the header is no JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("at byte 8: the header cannot be understood"));
  EXPECT_THAT(refusal("{}", 4), HasSubstr("the tensors end at 0, but there are 4 bytes"));
  const auto entry = [](const std::string& shape, const std::string& offsets,
                        const std::string& type = "F32") {
    return R"({"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
  };
  const auto one = [&](const std::string& shape, const std::string& offsets) {
    return refusal(R"({"a":)" + entry(shape, offsets) + "}", 8);
  };
  EXPECT_THAT(one("[2]", "[0,12]"), HasSubstr("has data_offsets [0,12], but there are 8 bytes"));
  EXPECT_THAT(one("[2]", "[8,0]"), HasSubstr("has data_offsets [8,0]"));
  EXPECT_THAT(one("[2]", "[0,8,9]"), HasSubstr("has data_offsets [0,8,9]"));
  EXPECT_THAT(one("[3]", "[0,8]"), HasSubstr("tensor \"a\" of shape (3,) has data_offsets [0,8]"));
  EXPECT_THAT(one("[4294967296,4294967296,4294967296]", "[0,8]"), HasSubstr("of shape"));
  EXPECT_THAT(one("[18446744073709551615]", "[0,8]"), HasSubstr("has an extent of"));
  EXPECT_THAT(one("[-1]", "[0,8]"), HasSubstr("-1 is not a whole number"));
  EXPECT_THAT(one("[2.0]", "[0,8]"), HasSubstr("2.0 is not a whole number"));
  EXPECT_THAT(one("[1]", "[4,8]"), HasSubstr("begins at 4, but that before ends at 0"));
  EXPECT_THAT(one("[1]", "[0,4]"), HasSubstr("the tensors end at 4, but there are 8 bytes"));
  EXPECT_THAT(refusal(R"({"a":)" + entry("[4]", "[0,8]", "F16") + "}", 8),
              HasSubstr("tensor \"a\" is of type \"F16\", but only F32 is read"));
  EXPECT_THAT(
      refusal(R"({"a":)" + entry("[2]", "[0,8]") + R"(,"b":)" + entry("[2]", "[0,8]") + "}", 8),
      HasSubstr("begins at 0, but that before ends at 8"))
      << "they overlap";
  EXPECT_THAT(
      refusal(R"({"a":)" + entry("[1]", "[0,4]") + R"(,"a":)" + entry("[1]", "[4,8]") + "}", 8),
      HasSubstr("the key \"a\" is there twice"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"more":1}})", 4),
              HasSubstr("'more' is not known here"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":1}})"), HasSubstr("cannot be understood"));
}

TEST_F(Safetensors, AreNoFolders) {
  EXPECT_THAT(error_of<DataError>([] { read_safetensors("/tmp"); }),
              HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace saltus::store
