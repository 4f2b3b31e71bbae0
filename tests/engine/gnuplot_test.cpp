// gnuplot: what it is told, and what is said where it fails.
#include "report/gnuplot.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "core/file.h"
#include "report/axis.h"
#include "report/figure.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(Gnuplot, QuotesAndReportsErrors) {
  EXPECT_EQ(gnuplot_quote("it's"), "'it''s'");
  try {
    run_gnuplot("set terminal svg\nplot nonsense(x)\n");
    ADD_FAILURE() << "an error went by";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("gnuplot failed"));
  }
}

/// What write_figure() says with this shell script in gnuplot's place.
class FakeGnuplot : public testing::Test {
 protected:
  void SetUp() override {
    path_ = getenv("PATH");
    setenv("PATH", (scratch_.path().string() + ":" + path_).c_str(), 1);
  }
  void TearDown() override { setenv("PATH", path_.c_str(), 1); }

  std::string error_of(const std::string& script) {
    const fs::path program = scratch_.path() / "gnuplot";
    std::ofstream(program) << "#!/bin/sh\n" << script;
    fs::permissions(program, fs::perms::owner_all);
    try {
      write_figure(scratch_.path(), "figure", {.width = 10, .height = 10}, {}, "");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::string path_;
  ScratchFolder scratch_{fs::temp_directory_path()};
};

TEST_F(FakeGnuplot, APictureThatIsCutOffIsAnError) {
  EXPECT_THAT(error_of("printf '<svg><path d='"), HasSubstr("figure.svg: gnuplot wrote 13 bytes"));
  EXPECT_THAT(error_of("true"), HasSubstr("figure.svg: gnuplot wrote 0 bytes"));
  EXPECT_FALSE(fs::exists(scratch_.path() / "figure.svg"));
  const std::string svg_then = "grep -q 'terminal svg' && echo '<svg></svg>' || ";
  EXPECT_THAT(error_of(svg_then + "printf 'PNG IEND'"), HasSubstr("figure.png: gnuplot wrote 8"));
  EXPECT_FALSE(fs::exists(scratch_.path() / "figure.png"));
  EXPECT_EQ(error_of(svg_then + R"(printf 'PNG IEND\256\102\140\202')"), "");
  EXPECT_TRUE(fs::exists(scratch_.path() / "figure.png"));
}

TEST_F(FakeGnuplot, WhatKilledItIsNamed) {
  EXPECT_THAT(error_of("kill -XFSZ $$"), HasSubstr("killed by signal 25 (File size limit"));
  EXPECT_THAT(error_of("kill -KILL $$"), HasSubstr("killed by signal 9"));
  EXPECT_THAT(error_of("echo 'no font' >&2; exit 3"), HasSubstr("gnuplot failed: no font"));
}

TEST(Axis, PutsAccuraciesByWhatIsMissing) {
  const Axis wide = Axis::accuracy({0.1, 0.99});
  EXPECT_NEAR(wide.place(0.99), 1, 1e-9);
  EXPECT_THAT(wide.setup(), HasSubstr("'98' 2"));
  EXPECT_GT(wide.place(1), 0);  // still on a logarithmic axis
  EXPECT_THAT(Axis::accuracy({0, 0.9}).setup(), HasSubstr("set yrange [100:"));
  const Axis narrow = Axis::accuracy({0.97, 0.98});
  EXPECT_NEAR(narrow.place(0.97), 97, 1e-9);
  EXPECT_TRUE(wide.is_logarithmic());
  EXPECT_FALSE(narrow.is_logarithmic());
  EXPECT_TRUE(Axis::loss({0.01, 1}).is_logarithmic());
  EXPECT_FALSE(Axis::loss({0, 1}).is_logarithmic());
  EXPECT_THAT(Axis::loss({0.01, 1}).setup(), HasSubstr("set logscale y"));
  EXPECT_THAT(Axis::loss({0, 1}).setup(), HasSubstr("unset logscale y"));
}

}  // namespace
}  // namespace saltus
