#include <fmt/format.h>
#include <gmock/gmock.h>

#include <saltus/dataset.h>

#include "tests/engine/data_support.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Table : public DataTest {
 protected:
  ImageDataset load(const std::string& text, const std::string& test = {}) const {
    put(folder() / "t.csv", text);
    TableOptions options{.target = "kind", .test = {}};
    if (!test.empty()) {
      put(folder() / "test.csv", test);
      options.test = folder() / "test.csv";
    }
    return load_table(folder() / "t.csv", options);
  }
  std::string error(const std::string& text, const std::string& test = {}) const {
    return data_error([&] { load(text, test); });
  }
};

const std::string kSix = "x,kind,y\n1,b,2\n3,a,4\n5,b,6\n7,a,8\n9,b,10\n11,a,12\n";

TEST_F(Table, TheLastFifthIsForTesting) {
  const ImageDataset data = load(kSix);
  EXPECT_EQ(data.name, "t");
  EXPECT_EQ(data.source, folder() / "t.csv");
  EXPECT_EQ(data.target, "kind");
  EXPECT_EQ(data.test_source, "");
  EXPECT_EQ(data.classes, 2);
  EXPECT_THAT(data.class_names, ElementsAre("a", "b"));
  EXPECT_EQ(data.train.count, 5);
  EXPECT_EQ(data.test.count, 1);
  EXPECT_EQ(data.train.height, 1);
  EXPECT_EQ(data.train.width, 1);
  EXPECT_EQ(data.train.channels, 2);
  EXPECT_THAT(data.train.labels, ElementsAre(1, 0, 1, 0, 1));
  EXPECT_THAT(data.test.labels, ElementsAre(0));
  EXPECT_THAT(std::get<std::vector<float>>(data.train.pixels),
              ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_THAT(std::get<std::vector<float>>(data.test.pixels), ElementsAre(11, 12));

  std::string rows = "x,kind\n";
  for (int i = 0; i < 24; ++i) rows += fmt::format("{},{}\n", i, i % 2);
  EXPECT_EQ(load(rows).train.count, 20);
  EXPECT_EQ(std::get<std::vector<float>>(load(rows).test.pixels).front(), 20);
}

TEST_F(Table, OfTestRowsOfItsOwn) {
  const ImageDataset data = load(kSix, "x,kind,y\n0.5,b,-1e3\n");
  EXPECT_EQ(data.train.count, 6);
  EXPECT_EQ(data.test_source, folder() / "test.csv");
  EXPECT_THAT(data.test.labels, ElementsAre(1));
  EXPECT_THAT(std::get<std::vector<float>>(data.test.pixels), ElementsAre(0.5F, -1000));
  EXPECT_THAT(error(kSix, "y,kind,x\n1,b,1\n"),
              HasSubstr("test.csv, line 1: the columns are y, kind, x, expected x, kind, y as in"));
  EXPECT_THAT(error(kSix, "x,kind,y\n\n1,c,1\n"),
              HasSubstr("test.csv, line 3: no training row is of the class 'c'"));
}

TEST_F(Table, NumbersAreClassesInTheirOrder) {
  const ImageDataset data =
      load("kind,x\n10,1\n9.0,2\n-1,3\n9,4\n-0,5\n", "kind,x\n10,5\n0,6\n9.00,7\n");
  EXPECT_THAT(data.class_names, ElementsAre("-1", "0", "9", "10"));
  EXPECT_THAT(data.train.labels, ElementsAre(3, 2, 0, 2, 1));
  EXPECT_THAT(data.test.labels, ElementsAre(3, 1, 2));
}

TEST_F(Table, QuotesAndBlankLines) {
  const ImageDataset data =
      load("\xEF\xBB\xBF\"x, in \"\"m\"\"\" , kind\r\n\r\n 1 ,\"a, b\"\r\n2,c\n",
           "\"x, in \"\"m\"\"\",kind\n\"3\",c");
  EXPECT_THAT(data.class_names, ElementsAre("a, b", "c"));
  EXPECT_THAT(std::get<std::vector<float>>(data.test.pixels), ElementsAre(3));
  EXPECT_THAT(error("x,kind\n1,\"a\n"), HasSubstr("t.csv, line 2: a quote has no end"));
}

TEST_F(Table, NamesLineAndColumn) {
  EXPECT_THAT(error("x,kind\n1,a\ntwo,b\n"),
              HasSubstr("t.csv, line 3: column 'x' is 'two', which is not a number"));
  EXPECT_THAT(error("x,kind\n,a\n"),
              HasSubstr("t.csv, line 2: column 'x' is '', which is not a number"));
  EXPECT_THAT(error("x,kind\nnan,a\n"), HasSubstr("column 'x' is 'nan', which is not a number"));
  EXPECT_THAT(error("x,kind\n1e39,a\n"), HasSubstr("column 'x' is 1e39, more than a 32-bit float"));
  EXPECT_THAT(error("x,kind\n1,a\n1,a,2\n"), HasSubstr("line 3: 3 fields, expected 2"));
  EXPECT_THAT(error("x,kind\n1,\n"), HasSubstr("line 2: column 'kind' is empty"));
}

TEST_F(Table, RefusesRealNumbersAsTarget) {
  EXPECT_THAT(
      error("x,kind\n1,1\n2,2\n3,1\n4,2\n5,2.5\n"),
      HasSubstr("t.csv, line 6: column 'kind' is 2.5: a target is a class, by its name or a "
                "whole number; real numbers are not supported"));
  // Beside a name, a number is a name.
  EXPECT_THAT(load("x,kind\n1,1\n2,2.5\n3,none\n", "x,kind\n1,2.5\n").class_names,
              ElementsAre("1", "2.5", "none"));
}

TEST_F(Table, RefusesWhatTeachesNothing) {
  EXPECT_THAT(error(""), HasSubstr("t.csv is empty: its first line must name the columns"));
  EXPECT_THAT(error("x,kind\n"), HasSubstr("t.csv has no rows behind its first line"));
  EXPECT_THAT(error("kind\na\n"), HasSubstr("line 1: 'kind' is the only column"));
  EXPECT_THAT(error("x,kind,x\n"), HasSubstr("line 1: two columns are called 'x'"));
  EXPECT_THAT(error("x,kind\n1,a\n2,b\n3,a\n4,b\n"), HasSubstr("t.csv has 4 rows, expected 5"));
  EXPECT_THAT(error("x,kind\n1,a\n2,a\n3,a\n4,a\n5,b\n"),
              HasSubstr("the training rows are of 1 class of column 'kind', expected 2"));
  EXPECT_THAT(error("x,kind\n1,a\n2,b\n3,a\n4,a\n5,c\n"),
              HasSubstr("line 6: no training row is of the class 'c': the last fifth of the rows"));
}

TEST_F(Table, AnUnknownTargetIsTheCallersMistake) {
  put(folder() / "t.csv", kSix);
  try {
    load_table(folder() / "t.csv", {.target = "kid", .test = {}});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("t.csv has no column 'kid' for the classes: did you mean "
                                        "kind?; its columns are x, kind, y"));
  }
  EXPECT_THROW(load_dataset((folder() / "t.csv").string()), InvalidArgument);
  EXPECT_THROW(load_table(folder() / "none.csv", {.target = "kind", .test = {}}), DataError);
}

}  // namespace
}  // namespace saltus
