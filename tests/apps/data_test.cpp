// --data of other kinds than IDX files: tables, signals that are computed, images by class.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Ended;
using testing::HasSubstr;

class Data : public test::ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    std::string table = "size,kind,weight\n";
    for (int i = 0; i < 20; ++i)
      table += fmt::format("{},{},{}\n", i % 2 == 0 ? 1 : -1, i % 2 == 0 ? "cat" : "dog", i * 0.01);
    write("t.csv", table);
    write("more.csv", "size,kind,weight\n1,cat,0.07\n-1,dog,0.07\n1,cat,0.08\n");
  }

  /// A sweep of a moment.
  std::vector<std::string> sweep(const std::vector<std::string>& more) const {
    std::vector<std::string> all = {"sweep", "--activations", "relu", "--epochs", "2",  "--threads",
                                    "1",     "--network",     "mlp",  "--out",    "out"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::string refusal(const std::vector<std::string>& arguments, int code) {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.code, code) << ended.err;
    return ended.err;
  }
};

TEST_F(Data, IsShownAsANetworkGetsIt) {
  ImageDataset small;
  small.name = "small";
  small.classes = 2;
  small.train = {.count = 2, .height = 2, .width = 3};
  small.train.pixels = std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 128, 255, 255, 0, 0};
  small.train.labels = {0, 1};
  small.test = small.train.first(1);
  write_data("small", small);
  const Ended images = run({"data", "show", "small", "--image", "1"});
  ASSERT_EQ(images.code, 0) << images.err;
  EXPECT_THAT(images.out,
              HasSubstr("train       2  2 x 3 x 1  bytes / 255  0 to 1  0.2085  0.3797"));
  EXPECT_THAT(images.out, HasSubstr("training image 1, class 1, one-hot 0 1\n   +@\n  @\n"));
  const Ended table = run({"data", "show", "t.csv", "--target", "kind", "--test", "more.csv"});
  ASSERT_EQ(table.code, 0) << table.err;
  // Of 20 rows half are 1 and half -1, the weights 0 to 0.19: mean and variance of all 40 numbers.
  EXPECT_THAT(table.out,
              HasSubstr("train      20  1 x 1 x 2  as they are  -1 to 1  0.0475  0.7099"));
  EXPECT_THAT(table.out, HasSubstr("cat       10     2\ndog       10     1\n"));
  EXPECT_THAT(table.out, HasSubstr("training image 0, class cat, target 0\n"));
  const Ended numbers = run(
      {"data", "show", "t.csv", "--target", "weight,size", "--task", "regression", "--image", "2"});
  EXPECT_EQ(numbers.code, 1);  // the other column is names
  write("n.csv", "a,b,c\n1,0.5,3\n2,1.5,4\n3,2.5,5\n4,3.5,6\n5,4.5,7\n");
  const Ended regression = run({"data", "show", "n.csv", "--target", "b,c", "--image", "2"});
  ASSERT_EQ(regression.code, 0) << regression.err;
  EXPECT_THAT(regression.out, HasSubstr("n, regression\n"));
  EXPECT_THAT(regression.out, HasSubstr("b       0.5 to 3.5     2  1.118\n"));
  EXPECT_THAT(regression.out, HasSubstr("training image 2, target 2.5 5\n"));
  EXPECT_THAT(refusal({"data", "show", "t.csv", "--target", "kind", "--image", "20"}, 2),
              HasSubstr("there is no training image 20: --image takes 0 to 15"));
}

TEST_F(Data, ATableIsTrainedAndTestedOn) {
  const Ended ended = run(sweep({"--data", "t.csv", "--target", "kind", "--learning-rate", "0.01",
                                 "--batch-size", "4", "--save", "last"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("t: 16 training and 4 test images\n"));
  EXPECT_THAT(ended.out,
              HasSubstr("the last 4 rows of t.csv are the test rows, as there is no --test\n"));
  EXPECT_THAT(ended.out, HasSubstr("classes, from number 0: cat, dog\n"));
  EXPECT_THAT(ended.out, HasSubstr("kind says which of two classes a row is: one sigmoid unit"));
  EXPECT_THAT(ended.out, HasSubstr("each column is standardised by its mean"));
  EXPECT_THAT(ended.out, HasSubstr("mlp, tutorial recipe, binary_crossentropy"));
  const json data = json::parse(text("out/sweep.json")).at("data");
  EXPECT_EQ(data.at("source"), path("t.csv").string());
  EXPECT_EQ(data.at("target"), "kind");
  EXPECT_EQ(data.at("class_names"), (json{"cat", "dog"}));
  EXPECT_FALSE(data.contains("test_source"));

  const fs::path model = fs::directory_iterator(path("out/models"))->path();
  const Ended test = run({"evaluate", model.string(), "--data", "t.csv", "--target", "kind",
                          "--test", "more.csv", "--json"});
  ASSERT_EQ(test.code, 0) << test.err;
  EXPECT_EQ(json::parse(test.out).at("binary_accuracy"), 1.0);
  const Ended predicted =
      run({"predict", model.string(), "--data", "t.csv", "--target", "kind", "--test", "more.csv"});
  EXPECT_THAT(predicted.out, HasSubstr("\n1,1,1,")) << predicted.err;
}

TEST_F(Data, ATableIsFoundAgainByConfig) {
  ASSERT_EQ(run(sweep({"--data", "t.csv", "--target", "kind", "--test", "more.csv"})).code, 0);
  EXPECT_EQ(json::parse(text("out/sweep.json")).at("data").at("test_source"),
            path("more.csv").string());
  const auto again = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"sweep", "--config", "out/sweep.json",
                                    "--out", "again",    "--overwrite"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  };
  const Ended ended = again({});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("20 training and 3 test images"));
  EXPECT_EQ(text("again/sweep.json"), text("out/sweep.json"));
  EXPECT_THAT(again({"--target", "size"}).err, HasSubstr("name it with --data"));
  write("more.csv", "size,kind,weight\n1,cat,0\n");
  EXPECT_THAT(again({}).err, HasSubstr("that sweep had other data: its test images"));
  fs::remove(path("t.csv"));
  EXPECT_THAT(again({}).err, HasSubstr("which is no file now: name its file with --data"));
}

TEST_F(Data, ATableNeedsItsColumnAndAnMlp) {
  EXPECT_THAT(refusal(sweep({"--data", "t.csv"}), 2), HasSubstr("--target"));
  EXPECT_THAT(refusal(sweep({"--data", "t.csv", "--test", "more.csv"}), 2),
              HasSubstr("t.csv is a table, so --target is needed"));
  EXPECT_THAT(refusal(sweep({"--data", "data", "--target", "kind"}), 2),
              HasSubstr("--target belongs to a table, but --data is data, which is no file"));
  EXPECT_THAT(refusal(sweep({"--data", "t.csv", "--target", "knid"}), 2),
              HasSubstr("t.csv has no column 'knid' to be a target: did you mean kind?"));
  EXPECT_THAT(refusal({"sweep", "--out", "out", "--data", "t.csv", "--target", "kind"}, 1),
              HasSubstr("choose --network mlp"));
  EXPECT_THAT(refusal(sweep({"--data", "t.csv", "--target", "weight"}), 1),
              HasSubstr("t.csv, line 2: column 'kind' is 'cat', which is not a number"));
}

TEST_F(Data, ATableOfNumbersIsARegression) {
  std::string table = "size,rooms,price,garden,garage\n";
  for (int i = 0; i < 60; ++i)
    table +=
        fmt::format("{},{},{},{},{}\n", 40 + i, i % 5, 1000.5 * i + 7, i % 2, i % 3 == 0 ? 1 : 0);
  write("houses.csv", table);
  const Ended ended = run(sweep({"--data", "houses.csv", "--target", "price", "--save", "last"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("price is a number: regression, linear output, ranked by RMSE; "
                                   "--task classification for classes\n"));
  EXPECT_THAT(ended.out, HasSubstr("tutorial recipe, mean_squared_error"));
  EXPECT_THAT(ended.out, HasSubstr("test RMSE "));
  EXPECT_THAT(ended.out, HasSubstr("RMSE, root of the mean squared error, and MAE"));
  const fs::path model = fs::directory_iterator(path("out/models"))->path();
  const Ended predicted =
      run({"predict", model.string(), "--data", "houses.csv", "--target", "price", "--limit", "1"});
  EXPECT_THAT(predicted.out, HasSubstr("number,price,predicted_price\n0,48031,")) << predicted.err;
  const Ended evaluated =
      run({"evaluate", model.string(), "--data", "houses.csv", "--target", "price"});
  EXPECT_THAT(evaluated.out, HasSubstr("mean_absolute_error")) << evaluated.err;
  EXPECT_THAT(
      refusal({"predict", model.string(), "--data", "houses.csv", "--target", "garden,garage"}, 2),
      HasSubstr("do not fit the network"));
  const Ended reported = run({"report", "out"});
  ASSERT_EQ(reported.code, 0) << reported.err;
  EXPECT_THAT(text("out/report.html"), HasSubstr("--target price --task regression"));
  EXPECT_FALSE(fs::exists(path("out/accuracy.svg")));
  const auto again = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"sweep", "--config", "out/sweep.json",
                                    "--out", "again",    "--overwrite"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  };
  ASSERT_EQ(again({}).code, 0);
  EXPECT_EQ(text("again/sweep.json"), text("out/sweep.json"));
  // Other targets of the same table have their own loss.
  const Ended labels = again({"--data", "houses.csv", "--target", "garden,garage"});
  ASSERT_EQ(labels.code, 0) << labels.err;
  EXPECT_THAT(labels.out, HasSubstr("garden,garage are 2 labels, each 0 or 1: a sigmoid unit"));
  EXPECT_THAT(labels.out, HasSubstr("tutorial recipe, binary_crossentropy"));
  EXPECT_THAT(
      refusal(
          sweep({"--data", "houses.csv", "--target", "price", "--loss", "hinge", "--overwrite"}),
          2),
      HasSubstr("the target price makes the task regression, whose network ends with linear "
                "units"));
  EXPECT_THAT(
      refusal(sweep({"--data", "t.csv", "--target", "kind", "--task", "regression", "--overwrite"}),
              1),
      HasSubstr("column 'kind' is 'cat', but the target of a regression is a number"));
  EXPECT_THAT(refusal(sweep({"--data", "data", "--task", "regression", "--overwrite"}), 2),
              HasSubstr("--task belongs to a table"));
}

TEST_F(Data, SignalsAreComputed) {
  const Ended ended = run({"sweep", "--data", "mnist1d", "--activations", "relu", "--epochs", "1",
                           "--network", "cnn:filters=4", "--train-limit", "100", "--out", "out"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("mnist1d: 100 training and 1,000 test images"));
  const json data = json::parse(text("out/sweep.json")).at("data");
  EXPECT_EQ(data.at("source"), "");
  EXPECT_EQ(data.at("image"), (json{1, 40, 1}));
  const Ended again = run({"sweep", "--config", "out/sweep.json", "--out", "again"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(text("again/sweep.json"), text("out/sweep.json"));
}

TEST_F(Data, ListsWhatIsNotFetched) {
  const std::string listed = run({"data", "list"}).out;
  for (const char* name : {"mnist ", "fashion-mnist ", "cifar10 ", "cifar100 ", "mnist1d "})
    EXPECT_THAT(listed, HasSubstr(name));
  EXPECT_THAT(run({"sweep", "--help"}).out,
              HasSubstr("mnist|fashion-mnist|cifar10|cifar100|mnist1d|DIR|FILE"));
}

}  // namespace
}  // namespace saltus
