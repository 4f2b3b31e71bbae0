#include <fmt/format.h>
#include <gmock/gmock.h>

#include <saltus/dataset.h>

#include "tests/engine/data_support.h"
#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Table : public DataTest {
 protected:
  ImageDataset load(const std::string& text, const std::string& test = {},
                    const std::string& target = "kind", std::optional<Task> task = {}) const {
    put(folder() / "t.csv", text);
    TableOptions options{.target = target, .test = {}, .task = task};
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

/// Rows of x and one target, and a last one of which `last` is the target.
std::string counting(int count, const std::string& last) {
  std::string rows = "x,kind\n";
  for (int i = 0; i + 1 < count; ++i) rows += fmt::format("{},{}\n", i, i);
  return rows + fmt::format("0.5,{}\n", last);
}

TEST_F(Table, TheTargetSaysWhatTheTaskIs) {
  EXPECT_EQ(load(kSix).task, Task::binary);
  EXPECT_THAT(load(kSix).target_names, ElementsAre("kind"));
  EXPECT_EQ(outputs_of(load(kSix)), 1);
  const std::string test = "x,kind\n1,1\n";
  const ImageDataset classes = load(counting(kMostCountedClasses, "1"), test);
  EXPECT_EQ(classes.task, Task::multi_class);
  EXPECT_EQ(outputs_of(classes), static_cast<std::int64_t>(kMostCountedClasses) - 1);
  const ImageDataset numbers = load(counting(kMostCountedClasses + 2, "1"), test);
  EXPECT_EQ(numbers.task, Task::regression);
  EXPECT_EQ(numbers.classes, 0);
  EXPECT_EQ(outputs_of(numbers), 1);
  EXPECT_THAT(numbers.train.labels, IsEmpty());
  EXPECT_EQ(numbers.train.targets.size(), kMostCountedClasses + 2);
  EXPECT_EQ(numbers.train.targets[7], 7);
  EXPECT_EQ(load(counting(5, "2.5"), "x,kind\n1,-1e3\n").test.targets.front(), -1000);
  EXPECT_EQ(load(counting(5, "2.5"), test).task, Task::regression);
  EXPECT_EQ(load(counting(5, "2"), "x,kind\n1,2.5\n").task, Task::regression);
}

TEST_F(Table, SeveralTargetsAreLabelsOrNumbers) {
  const ImageDataset labels =
      load("sea,x,sun\n1,5,0\n0,6,1\n1.0,7,1\n", "sea,x,sun\n0,8,0\n", "sun,sea");
  EXPECT_EQ(labels.task, Task::multi_label);
  EXPECT_THAT(labels.target_names, ElementsAre("sun", "sea"));
  EXPECT_THAT(labels.train.targets, ElementsAre(0, 1, 1, 0, 1, 1));
  EXPECT_THAT(std::get<std::vector<float>>(labels.train.pixels), ElementsAre(5, 6, 7));
  const ImageDataset numbers = load("a,x,b\n1,5,0\n0,6,1\n1,7,0.5\n", "a,x,b\n0,8,0\n", "b,a");
  EXPECT_EQ(numbers.task, Task::regression);
  EXPECT_EQ(outputs_of(numbers), 2);
  // A column may have a comma in its name.
  EXPECT_EQ(load("\"a,b\",x\n1,5\n0,6\n", "\"a,b\",x\n0,8\n", "a,b").task, Task::binary);
  // Parts of a set keep their targets.
  EXPECT_THAT(numbers.train.first(2).targets, ElementsAre(0, 1, 1, 0));
  EXPECT_EQ(std::get<std::span<const float>>(numbers.train.samples(2).targets).size(), 4u);
}

TEST_F(Table, TheTaskMayBeSaid) {
  const std::string two = "x,kind\n1,0\n2,1\n3,1\n";
  const std::string test = "x,kind\n1,0\n";
  EXPECT_EQ(load(two, test, "kind", Task::regression).task, Task::regression);
  EXPECT_EQ(load(two, test, "kind", Task::multi_label).task, Task::multi_label);
  EXPECT_EQ(load(counting(40, "1"), test, "kind", Task::multi_class).classes, 39);
  const auto refused = [&](const std::string& rows, const std::string& target, Task task) {
    return data_error([&] { load(rows, {}, target, task); });
  };
  EXPECT_THAT(refused(kSix, "kind", Task::regression),
              HasSubstr("t.csv, line 2: column 'kind' is 'b', but the target of a regression"));
  EXPECT_THAT(refused(counting(9, "1"), "kind", Task::multi_label),
              HasSubstr("line 4: column 'kind' is '2', but a label is 0 or 1"));
  EXPECT_THAT(refused("a,x,b\n1,5,0\n0,6,up\n1,7,0\n1,7,0\n1,7,0\n", "a,b", Task::multi_label),
              HasSubstr("line 3: column 'b' is 'up', but each target of a multi-label task"));
  EXPECT_THAT(data_error([&] { load("a,x,b\n1,5,0\n0,6,up\n", "a,x,b\n1,1,1\n", "a,b"); }),
              HasSubstr("line 3: column 'b' is 'up', but several targets are labels"));
  EXPECT_THAT(error_of([&] { load(kSix, {}, "kind,x", Task::multi_class); }),
              HasSubstr("a classification has one target"));
  EXPECT_THAT(error_of([&] { load(kSix, {}, "x,x"); }), HasSubstr("'x' is twice among"));
  EXPECT_THAT(data_error([&] { load("a,b\n1,1\n", {}, "a,b"); }),
              HasSubstr("every column is a target"));
}

TEST_F(Table, BesideANameANumberIsAName) {
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
    EXPECT_THAT(error.what(), HasSubstr("t.csv has no column 'kid' to be a target: did you mean "
                                        "kind?; its columns are x, kind, y"));
  }
  EXPECT_THROW(load_dataset((folder() / "t.csv").string()), InvalidArgument);
  EXPECT_THROW(load_table(folder() / "none.csv", {.target = "kind", .test = {}}), DataError);
}

}  // namespace
}  // namespace saltus
