// Published tables, computed again.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/published_table.h>

#include "core/file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PublishedTable : public testing::Test {
 protected:
  std::vector<PublishedRow> read(const std::string& text) const {
    std::ofstream(scratch_.path() / "table.csv", std::ios::binary) << text;
    return read_published_table(scratch_.path() / "table.csv");
  }

  std::string error_of(const std::string& text) const {
    try {
      read(text);
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }

  std::vector<std::string> faults(const std::string& rows,
                                  const PublishedTableOptions& options) const {
    return check_published_table(read("name,mean,sd,n\n" + rows), options).faults;
  }

  ScratchFolder scratch_{fs::temp_directory_path()};
};

TEST_F(PublishedTable, ReadsWhatSpreadsheetsWrite) {
  const auto rows = read(
      "\xEF\xBB\xBFn,remark,sd,mean,name\r\n"
      "5,\"so, so\",0.30,91.250,\"a \"\"b\"\", c\"\r\n"
      "\r\n"
      " 1 , , 0 , 9e1 , relu \r\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "a \"b\", c");
  EXPECT_EQ(rows[0].mean, 91.25);
  EXPECT_EQ(rows[0].mean_digits, 3);
  EXPECT_EQ(rows[0].sd, 0.3);
  EXPECT_EQ(rows[0].sd_digits, 2);
  EXPECT_EQ(rows[0].n, 5);
  EXPECT_EQ(rows[0].line, 2u);
  EXPECT_EQ(rows[1].name, "relu");
  EXPECT_EQ(rows[1].mean, 90);
  EXPECT_EQ(rows[1].line, 4u);
}

TEST_F(PublishedTable, SaysWhatCannotBeRead) {
  EXPECT_THAT(error_of(""), HasSubstr("has no rows"));
  EXPECT_THAT(error_of("name,mean,sd,n\n"), HasSubstr("has no rows"));
  EXPECT_THAT(error_of("name,mean,n\na,1,2\n"), HasSubstr("line 1: there is no column 'sd'"));
  EXPECT_THAT(error_of("name,mean,sd,n\na,91,2;0.3,5\n"), HasSubstr("line 2: sd is '2;0.3'"));
  EXPECT_THAT(error_of("name,mean,sd,n\na,nan,0.3,5\n"), HasSubstr("mean is 'nan'"));
  EXPECT_THAT(error_of("name,mean,sd,n\na,91,0.3\n"), HasSubstr("has 3 fields and no n"));
  EXPECT_THAT(error_of("name,mean,sd,n\na,91,0.3,2.5\n"), HasSubstr("n is 2.5"));
  EXPECT_THAT(error_of("name,mean,sd,n\na,91,0.3,0\n"), HasSubstr("n is 0"));
  EXPECT_THAT(error_of("name,mean,sd,n\n\"a,91,0.3,2\n"), HasSubstr("a quote has no end"));
}

TEST_F(PublishedTable, ComputesIntervalsAndPairs) {
  // Student's sleep data (1908) by their means and deviations: published t = -1.8608, p = 0.07919
  // for independent samples, and intervals of the means by t(0.975, 9) = 2.262157.
  const auto rows = read("name,mean,sd,n\na,0.75,1.789010,10\nb,2.33,2.002249,10\nc,2.33,2,1\n");
  const PublishedTableCheck check = check_published_table({rows[0], rows[1]});
  ASSERT_EQ(check.pairs.size(), 1u);
  EXPECT_NEAR(check.pairs[0].comparison.t, -1.8608, 5e-5);
  EXPECT_NEAR(check.pairs[0].comparison.p, 0.07919, 5e-6);
  EXPECT_EQ(check.pairs[0].p_holm, check.pairs[0].comparison.p);
  EXPECT_NEAR(check.rows[0].interval->high, 0.75 + 2.262157 * 1.789010 / std::sqrt(10), 1e-5);
  EXPECT_TRUE(check.faults.empty());
}

TEST_F(PublishedTable, CorrectsForAllPairsOrThoseWithTheBaseline) {
  const auto rows = read("name,mean,sd,n\na,1,1,10\nb,2,1,10\nc,4,1,10\nd,9,0,1\n");
  const PublishedTableCheck all = check_published_table(rows);
  ASSERT_EQ(all.pairs.size(), 3u) << "d has one repeat";
  std::vector<double> p;
  for (const PublishedPair& pair : all.pairs) p.push_back(pair.comparison.p);
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all.pairs[i].p_holm, corrected[i]);
  PublishedTableOptions options;
  options.baseline = "b";
  const PublishedTableCheck some = check_published_table(rows, options);
  ASSERT_EQ(some.pairs.size(), 2u);
  EXPECT_EQ(some.pairs[0].comparison.difference, -1);
  EXPECT_EQ(some.pairs[1].comparison.difference, 2);
  options.baseline = "e";
  EXPECT_THROW(check_published_table(rows, options), InvalidArgument);
}

TEST_F(PublishedTable, FindsWhatCannotBeRight) {
  using testing::ElementsAre;
  EXPECT_THAT(faults("a,1,-0.1,3\n", {}), ElementsAre(HasSubstr("line 2, a: sd is -0.1")));
  EXPECT_THAT(faults("a,1,0.1,1\n", {}), ElementsAre(HasSubstr("one repeat has no")));
  EXPECT_THAT(faults("a,1,0.1,2\na,1,0.1,2\n", {}), ElementsAre(HasSubstr("that of line 2, too")));
  PublishedTableOptions percent;
  percent.range = Interval{0, 100};
  EXPECT_THAT(faults("a,100.4,0.1,2\n", percent), ElementsAre(HasSubstr("outside of 0 to 100")));
  EXPECT_TRUE(faults("a,100,0,2\n", percent).empty());
  // Two values with the mean 99 are 98 and 100 at the furthest: their deviation is sqrt(2).
  EXPECT_TRUE(faults("a,99.00,1.41,2\n", percent).empty());
  EXPECT_THAT(faults("a,99.00,1.43,2\n", percent), ElementsAre(HasSubstr("1.421 at most")));
  // 3 values with the mean 50: 0, 50, 100.
  EXPECT_TRUE(faults("a,50.0,50.0,3\n", percent).empty());
  EXPECT_EQ(faults("a,50.0,50.3,3\n", percent).size(), 1u);
}

TEST_F(PublishedTable, FindsMeansThatNoCountGives) {
  PublishedTableOptions options;
  options.images = 28;
  // Brown and Heathers (2017): 28 answers cannot have the mean 5.19, as 145 / 28 is 5.18 and
  // 146 / 28 is 5.21. As percentages of so many images: 17 of 28 are 60.71 %.
  EXPECT_TRUE(faults("a,60.71,0,1\n", options).empty());
  EXPECT_THAT(faults("a,60.75,0,1\n", options),
              testing::ElementsAre(HasSubstr("60.714 and 64.286 are next to it")));
  // Two repeats can be half an image off, and few digits say less.
  EXPECT_TRUE(faults("a,62.50,1,2\n", options).empty());
  options.images = 0;
  EXPECT_THROW(faults("a,1,0,1\n", options), InvalidArgument);
  options.images.reset();
  options.range = Interval{1, 1};
  EXPECT_THROW(faults("a,1,0,1\n", options), InvalidArgument);
}

}  // namespace
}  // namespace saltus
