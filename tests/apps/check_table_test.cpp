// saltus check-table: what is said of a published table.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using test::Ended;
using testing::HasSubstr;
using testing::Not;

class CheckTable : public test::ProgramTest {};

TEST_F(CheckTable, ComputesAndNamesWhatCannotBeRight) {
  write("table.csv", "name,mean,sd,n\nrelu,91.11,0.97,3\ngelu,92.50,0.30,3\nmine,93.07,41.4,3\n");
  const Ended sound = run({"check-table", "table.csv"});
  EXPECT_EQ(sound.code, 0) << sound.err;
  EXPECT_THAT(sound.out, HasSubstr("gelu  92.50  0.30  3   91.75 to 93.25"));
  EXPECT_THAT(sound.out, HasSubstr("relu - gelu"));
  EXPECT_THAT(sound.out, HasSubstr("relu - mine"));
  EXPECT_THAT(sound.out, Not(HasSubstr("cannot be right")));
  const Ended percent = run({"check-table", "table.csv", "--range", "0,100"});
  EXPECT_EQ(percent.code, 1);
  EXPECT_THAT(percent.out, HasSubstr("what cannot be right:\n  line 4, mine: sd is 41.4"));
  EXPECT_THAT(percent.out, Not(HasSubstr("relu - mine")));
  const Ended baseline = run({"check-table", "table.csv", "--baseline", "gelu"});
  EXPECT_THAT(baseline.out, HasSubstr("mine - gelu"));
  EXPECT_THAT(baseline.out, Not(HasSubstr("relu - mine")));
  // 4,555.5 of 5,000 images in one repeat, 13,666.5 in three: nearest 91.1066 and 91.1133.
  EXPECT_EQ(run({"check-table", "table.csv", "--images", "5000"}).code, 0);
  EXPECT_EQ(run({"check-table", "table.csv", "--images", "50"}).code, 1);
}

TEST_F(CheckTable, SaysWhatIsWrongWithTheFileOrTheOptions) {
  EXPECT_EQ(run({"check-table"}).code, 2);
  EXPECT_THAT(run({"check-table", "none.csv"}).err, HasSubstr("none.csv"));
  write("table.csv", "name;mean;sd;n\nrelu;91,11;0,97;3\n");
  const Ended semicolons = run({"check-table", "table.csv"});
  EXPECT_EQ(semicolons.code, 1);
  EXPECT_THAT(semicolons.err, HasSubstr("line 1: there is no column 'name'"));
  write("table.csv", "name,mean,sd,n\nrelu,91.11,0.97,3\n");
  EXPECT_THAT(run({"check-table", "table.csv", "--baseline", "rleu"}).err,
              HasSubstr("no row is called rleu: did you mean relu?"));
  EXPECT_THAT(run({"check-table", "table.csv", "--range", "100"}).err,
              HasSubstr("is not two numbers"));
  EXPECT_EQ(run({"check-table", "table.csv", "--range", "100,0"}).code, 2);
}

}  // namespace
}  // namespace saltus
