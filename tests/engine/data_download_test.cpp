#include <cstdlib>

#include <gmock/gmock.h>

#include "data/download.h"
#include "tests/engine/data_support.h"
#include "tests/engine/http_server.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::HasSubstr;

class DownloadTest : public DataTest {
 protected:
  DownloadTest() { EXPECT_EQ(setenv("no_proxy", "127.0.0.1", 1), 0); }

  fs::path part() const { return folder() / "part"; }

  DownloadResult get_at_most(std::int64_t bytes) {
    Download request;
    request.url = server_.url() + "file";
    request.part = part();
    request.max_bytes = bytes;
    return download(request);
  }

  const std::string body_ = noise(3 << 20);
  HttpServer server_{{{"file", {.body = body_}}}};
};

TEST_F(DownloadTest, TakesWhatIsAsLongAsItMayBe) {
  EXPECT_EQ(get_at_most(3 << 20).status, DownloadStatus::complete);
  EXPECT_TRUE(get(part()) == body_);
}

TEST_F(DownloadTest, WritesNoMoreThanItMay) {
  for (const std::int64_t most : {(3 << 20) - 1, 1 << 20, 1000}) {
    fs::remove(part());
    const DownloadResult result = get_at_most(most);
    EXPECT_EQ(result.status, DownloadStatus::refused) << most;
    EXPECT_THAT(result.reason, HasSubstr(fmt::format("more than the {} bytes", most)));
    const std::int64_t written =
        fs::exists(part()) ? static_cast<std::int64_t>(fs::file_size(part())) : 0;
    EXPECT_LE(written, most);
  }
}

TEST_F(DownloadTest, WhatIsThereAlreadyCounts) {
  put(part(), body_.substr(0, 1 << 20));
  const DownloadResult result = get_at_most((3 << 20) - 1);
  EXPECT_EQ(result.status, DownloadStatus::refused);
  EXPECT_LE(static_cast<std::int64_t>(fs::file_size(part())), (3 << 20) - 1);
  put(part(), body_.substr(0, 1 << 20));
  EXPECT_EQ(get_at_most(3 << 20).status, DownloadStatus::complete);
  EXPECT_TRUE(get(part()) == body_);
}

}  // namespace
}  // namespace saltus
