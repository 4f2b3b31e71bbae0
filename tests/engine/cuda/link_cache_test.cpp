#include "backend/cuda/libraries/link_cache.h"

#include <chrono>
#include <filesystem>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/file.h"

namespace saltus::cuda {
namespace {

namespace fs = std::filesystem;

class LinkCacheTest : public testing::Test {
 protected:
  fs::path folder() const { return scratch_.path() / "cache" / "linked"; }
  fs::path only_file() const {
    EXPECT_EQ(std::distance(fs::directory_iterator(folder()), {}), 1);
    return fs::directory_iterator(folder())->path();
  }

  ScratchFolder scratch_{fs::temp_directory_path()};
};

TEST_F(LinkCacheTest, FindsWhatWasKeptUnderItsKeyAlone) {
  const LinkCache cache(folder());
  EXPECT_EQ(cache.find("a key"), std::nullopt);
  const std::string code("code\0with\nanything", 18);
  cache.keep("a key", code);
  cache.keep("another\nkey", "other code");
  EXPECT_EQ(LinkCache(folder()).find("a key"), code);
  EXPECT_EQ(cache.find("another\nkey"), "other code");
  EXPECT_EQ(cache.find("a ke"), std::nullopt);
  EXPECT_EQ(LinkCache("").find("a key"), std::nullopt);
}

TEST_F(LinkCacheTest, IgnoresABrokenFile) {
  const LinkCache cache(folder());
  cache.keep("key", "the code");
  const std::string whole = read_file(only_file(), 1000);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_file_atomic(only_file(), changed);
    EXPECT_EQ(cache.find("key"), std::nullopt) << "byte " << i;
    write_file_atomic(only_file(), whole.substr(0, i));
    EXPECT_EQ(cache.find("key"), std::nullopt) << i << " bytes";
  }
  write_file_atomic(only_file(), whole + "x");
  EXPECT_EQ(cache.find("key"), std::nullopt);
  cache.keep("key", "the code");
  EXPECT_EQ(cache.find("key"), "the code");
}

TEST_F(LinkCacheTest, AFileOfAnotherKeyIsNotTaken) {
  const LinkCache cache(folder());
  cache.keep("key", "the code");
  const fs::path of_key = only_file();
  cache.keep("other", "of the other");
  for (const fs::directory_entry& entry : fs::directory_iterator(folder()))
    if (entry.path() != of_key) fs::rename(entry.path(), of_key);
  EXPECT_EQ(cache.find("key"), std::nullopt);
}

TEST_F(LinkCacheTest, WhatCannotBeWrittenIsNotKept) {
  write_file_atomic(scratch_.path() / "file", "not a folder");
  const LinkCache cache(scratch_.path() / "file");
  cache.keep("key", "code");
  EXPECT_EQ(cache.find("key"), std::nullopt);
}

TEST_F(LinkCacheTest, TheOldestGo) {
  const LinkCache cache(folder());
  cache.keep("oldest", "code");
  fs::last_write_time(only_file(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  for (std::size_t i = 1; i < LinkCache::kMost; ++i) cache.keep(fmt::format("key {}", i), "code");
  EXPECT_EQ(cache.find("oldest"), "code");
  cache.keep("one more", "code");
  EXPECT_EQ(cache.find("oldest"), std::nullopt);
  EXPECT_EQ(cache.find("key 1"), "code");
  EXPECT_EQ(cache.find("one more"), "code");
}

TEST(LinkCacheFolder, IsThatOfTheUser) {
  const auto folder_with = [](const char* cache, const char* home) {
    ::setenv("XDG_CACHE_HOME", cache, 1);
    ::setenv("HOME", home, 1);
    return link_cache_folder();
  };
  const char* const cache_before = std::getenv("XDG_CACHE_HOME");
  const std::string home_before = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  EXPECT_EQ(folder_with("/c", "/h"), "/c/saltus/linked");
  EXPECT_EQ(folder_with("relative", "/h"), "/h/.cache/saltus/linked");
  EXPECT_EQ(folder_with("", ""), "");
  static_cast<void>(folder_with(cache_before == nullptr ? "" : cache_before, home_before.c_str()));
}

}  // namespace
}  // namespace saltus::cuda
