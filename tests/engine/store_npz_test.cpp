#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "store/npz.h"
#include "tests/engine/error_of.h"

namespace saltus::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Npz : public testing::Test {
 protected:
  ScratchFolder folder_{testing::TempDir()};
  std::filesystem::path path_ = folder_.path() / "a.npz";

  void SetUp() override {
    write_npz(path_,
              {{{"dense/kernel", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"bias", {1}, {7}}, {"s", {}, {8}}}});
    good_ = read_file(path_, 10000);
  }

  /// What is said of the file with `from` changed to `to`, of the same length.
  std::string refusal(const std::string& from, const std::string& to) {
    std::string bytes = good_;
    const std::size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write_file_atomic(path_, bytes.replace(at, from.size(), to));
    return error_of<DataError>([&] { read_npz(path_); });
  }

  std::string good_;
};

TEST_F(Npz, ComesBack) {
  const TensorFile file = read_npz(path_);
  ASSERT_EQ(file.tensors.size(), 3U);
  EXPECT_EQ(file.tensors[0].name, "dense/kernel");
  EXPECT_THAT(file.tensors[0].shape, ElementsAre(2, 3));
  EXPECT_THAT(file.tensors[0].values, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(file.tensors[1].shape, ElementsAre(1));
  EXPECT_THAT(file.tensors[1].values, ElementsAre(7));
  EXPECT_TRUE(file.tensors[2].shape.empty());
}

TEST_F(Npz, IsRefusedWithTheReasonAndThePlace) {
  EXPECT_THAT(refusal("(2, 3)", "(2, 4)"), HasSubstr("does not have its checksum"));
  EXPECT_THAT(refusal("PK\1\2", "PK\1\3"), HasSubstr("there is no entry of the directory"));
  EXPECT_THAT(refusal("PK\3\4", "PK\3\5"), HasSubstr("at byte 0: a file should begin here"));
  EXPECT_THAT(refusal("PK\5\6", "PK\5\7"), HasSubstr("its last record is missing"));
  write_file_atomic(path_, good_.substr(0, good_.size() - 30));
  EXPECT_THAT(error_of<DataError>([&] { read_npz(path_); }), HasSubstr("or not all of one"));
  write_file_atomic(path_, "");
  EXPECT_THAT(error_of<DataError>([&] { read_npz(path_); }), HasSubstr("at byte 0: it is no ZIP"));
}

}  // namespace
}  // namespace saltus::store
