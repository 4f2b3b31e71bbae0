// The table of docs/errors.md: each bad input gives one line on standard error and the right exit
// code, and leaves earlier results alone.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include <saltus/model.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using test::Ended;
using test::idx;
using testing::HasSubstr;

class Errors : public test::ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    fs::create_directory(path("out"));
    for (const char* name : {"sweep.json", "history.csv", "results.json", "accuracy.svg"}) {
      write("out/" + std::string(name), "earlier results");
    }
    before_ = files("out");
  }

  /// Runs what must fail.
  void expect(int code, const std::string& message, const std::vector<std::string>& arguments,
              const std::string& shell = "true") {
    const Ended ended = run(arguments, {}, shell);
    const std::string command = testing::PrintToString(arguments);
    EXPECT_EQ(ended.code, code) << command << ended.err;
    EXPECT_THAT(ended.err, testing::StartsWith("saltus: ")) << command;
    EXPECT_THAT(ended.err, HasSubstr(message)) << command;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    EXPECT_EQ(files("out"), before_) << command;
  }

  /// A sweep into the folder with earlier results that would replace them.
  static std::vector<std::string> overwriting(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"sweep", "--out", "out", "--overwrite"};
    for (const auto& [option, value] : {std::pair("--threads", "1"), std::pair("--data", "data")}) {
      if (std::find(more.begin(), more.end(), option) == more.end()) {
        arguments.insert(arguments.end(), {option, value});
      }
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::map<std::string, std::string> before_;
};

TEST_F(Errors, Usage) {
  expect(2, "a command is missing: saltus --help lists", {});
  expect(2, "saltus has no command 'swep': did you mean sweep?", {"swep"});
  expect(2, "saltus sweep has no option --epoch: did you mean --epochs?", overwriting({"--epoch"}));
  expect(2, "--epochs is without its value: write --epochs N,...", overwriting({"--epochs"}));
  expect(2, "--seed is given 2 times: give it once",
         {"sweep", "--seed", "1", "--seed", "2", "--data", "data"});
  expect(2, "--frobnicate", {"sweep", "--frobnicate"});
  expect(2, "--points", {"curves", "--points", "many"});
  expect(2, "'rleu': did you mean relu?", overwriting({"--activations", "rleu"}));
  expect(2, "'foo': saltus activations lists all", overwriting({"--activations", "foo"}));
  expect(2, "softmax cannot be an activation here", overwriting({"--activations", "softmax"}));
  expect(2, "alpha", overwriting({"--activations", "elu:alhpa=1"}));
  expect(2, "is empty", overwriting({"--activations", "relu,,elu"}));
  expect(2, "two activations are called mine: mine = x and mine = 2 * x; rename one",
         overwriting({"--activations", "mine = x, mine = 2 * x"}));
  expect(2, "twice", overwriting({"--activations", "relu,relu"}));
  expect(2, "epochs must be 1 or more", overwriting({"--epochs", "0"}));
  expect(2, "not a whole number", overwriting({"--epochs", "2.5"}));
  expect(2, "unknown initializer 'othogonal': did you mean orthogonal?",
         overwriting({"--initializer", "othogonal"}));
  expect(2, "stddev is -1, but must be", overwriting({"--initializer", "random_normal:stddev=-1"}));
  expect(2, "unknown optimizer 'sdg': did you mean sgd?", overwriting({"--optimizer", "sdg"}));
  expect(2, "exponential_decay needs a decay_rate above 0",
         overwriting({"--schedule", "exponential_decay"}));
  expect(2, "momentum is 1, but must be", overwriting({"--optimizer", "sgd:momentum=1"}));
  expect(2, "not a number", overwriting({"--learning-rate", "fast"}));
  expect(2, "learning", overwriting({"--learning-rate", "-1"}));
  expect(2, "if that is one number, write 0.001", overwriting({"--learning-rate", "0,001"}));
  expect(2, "batch size must be 1 or more", overwriting({"--batch-size", "0"}));
  expect(2, "number of seeds must be 1 or more", overwriting({"--seeds", "0"}));
  expect(2, "limit of training images", overwriting({"--train-limit", "0"}));
  expect(2, "threads must be 1 to 1024", overwriting({"--threads", "-1"}));
  expect(2, "threads must be 1 to 1024", overwriting({"--threads", "100000"}));
  expect(2, "threads must be 1 to 1024", {"accuracy", "relu", "--threads", "100000"});
  expect(2, "at most 100000 trials", overwriting({"--seeds", "1000000000"}));
  expect(2, "epochs must be at most 1000000", overwriting({"--epochs", "2147483647"}));
  expect(2, "side by side must be 1 to 1024", overwriting({"--concurrent", "100000"}));
  expect(2, "2 to 100000 points", {"curves", "--points", "1000000000", "--out", "out"});
  expect(2, "--recipe: 'soup' is none of its values: choose tutorial, matched or critical",
         overwriting({"--recipe", "soup"}));
  expect(2, "categorical_crossentropy cannot be from_logits",
         overwriting({"--loss", "categorical_crossentropy:from_logits=true"}));
  expect(2, "delta is -1, but must be positive", overwriting({"--loss", "huber:delta=-1"}));
  expect(2, "tf32", overwriting({"--precision", "tf32"}));
  expect(2, "gemm cublas exists on GPUs only", overwriting({"--gemm", "cublas"}));
  expect(2, "leave conv away", overwriting({"--conv", "cudnn"}));
  expect(2, "choose saltus or cudnn", overwriting({"--conv", "cudn"}));
  expect(2, "excludes", overwriting({"--clipvalue", "1", "--clipnorm", "1"}));
  expect(2, "exclude", overwriting({"--clipnorm", "1", "--global-clipnorm", "1"}));
  expect(2, "excludes", overwriting({"--resume"}));
  expect(2, "--resume needs --out", {"sweep", "--data", "data", "--resume"});
  expect(2, "by the speed of this machine, but --config takes them from out/sweep.json",
         overwriting({"--quick", "--config", "out/sweep.json"}));
  expect(2, "smaller number", {"curves", "--from", "2", "--to", "1", "--out", "out"});
  expect(2, "curves run from -1e+39 to 5: both must be in [-3.402823e+38, 3.402823e+38]",
         {"curves", "--from", "-1e39", "--out", "out"});
  expect(
      2, "exponential has no finite value from 100 to 200",
      {"curves", "--activations", "exponential", "--from", "100", "--to", "200", "--out", "out"});
  expect(2, "parameter alpha of activation elu must be in [-1000000, 1000000], not 2e6",
         overwriting({"--activations", "elu:alpha=2e6"}));
}

TEST_F(Errors, Folder) {
  expect(2, "is not empty", {"sweep", "--data", "data", "--out", "out"});
  write("file", "");
  expect(1, "file", {"sweep", "--data", "data", "--out", "file"});
  expect(1, "file/out", {"sweep", "--data", "data", "--out", "file/out"});
  expect(1, "cannot", {"sweep", "--data", "data", "--out", "/proc/saltus"});
  expect(1, "results.json", {"sweep", "--data", "data", "--out", "out", "--resume"});
  expect(1, "sweep.json", {"sweep", "--data", "data", "--out", "out", "--resume", "--quick"});
}

TEST_F(Errors, Config) {
  const auto with = [](const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"--config", file};
    all.insert(all.end(), more.begin(), more.end());
    return overwriting(all);
  };
  expect(1, "out/sweep.json cannot be understood", with("out/sweep.json"));
  expect(1, "nowhere.json: No such file or directory", with("nowhere.json"));
  expect(1, "cannot read data: it is not a regular file", with("data"));
  std::vector<std::string> sweep = small_sweep();
  sweep.back() = "good";
  sweep.insert(sweep.end(), {"--device", "cpu"});
  ASSERT_EQ(run(sweep).code, 0);
  expect(1, "good/results.json cannot be understood: it is not of format saltus-sweep 1",
         with("good/results.json"));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string json = text("good/sweep.json");
    const std::size_t at = json.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write("bad.json", json.replace(at, from.size(), to));
    return with("bad.json");
  };
  expect(1, "bad.json", changed("\"relu\"", "\"rleu\""));
  expect(1, "bad.json", changed("\"seeds\": 2", "\"seeds\": 0"));
  expect(1, "bad.json", changed("\"config\"", "\"confit\""));
  // What only this machine, or what is typed, has against it.
  expect(2, "(options that are not typed are those of bad.json)",
         changed("\"precision\": \"fp32\"", "\"precision\": \"tf32\""));
  expect(2, "must be 1 or more, not 0 (options that are not typed are those of good/sweep.json)",
         with("good/sweep.json", {"--epochs", "0"}));
}

TEST_F(Errors, ConfigData) {
  std::vector<std::string> sweep = small_sweep();
  sweep.back() = "good";
  ASSERT_EQ(run(sweep).code, 0);
  const std::vector<std::string> command = {"sweep", "--config", "good/sweep.json",
                                            "--out", "out",      "--overwrite"};
  std::string labels = text("data/t10k-labels-idx1-ubyte");
  std::swap(labels[8], labels[9]);
  write("data/t10k-labels-idx1-ubyte", labels);
  expect(1, "good/sweep.json: that sweep had other data: its test labels", command);
  fs::rename(path("data"), path("moved"));
  expect(1, "/data, which is no folder now: name its folder with --data", command);
}

TEST_F(Errors, FolderInUse) {
  const int folder = open(path("out").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(folder, LOCK_SH | LOCK_NB), 0);
  expect(1, "is in use", overwriting({}));
  close(folder);
}

TEST_F(Errors, Data) {
  expect(2, "nowhere", overwriting({"--data", "nowhere"}));
  fs::create_directory(path("empty"));
  expect(1, "empty", overwriting({"--data", "empty"}));

  fs::copy(path("data"), path("bad"));
  write("bad/t10k-labels-idx1-ubyte", idx({32}, std::string(31, '\0')));
  expect(1, "t10k-labels", overwriting({"--data", "bad"}));
  write("bad/t10k-labels-idx1-ubyte", idx({33}, std::string(33, '\0')));
  expect(1, "33", overwriting({"--data", "bad"}));
  write("bad/t10k-labels-idx1-ubyte", "no idx file at all");
  expect(1, "t10k-labels", overwriting({"--data", "bad"}));
  fs::remove(path("bad/t10k-labels-idx1-ubyte"));
  write("bad/t10k-labels-idx1-ubyte.gz", std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03garbage", 17));
  expect(1, "t10k-labels-idx1-ubyte.gz", overwriting({"--data", "bad"}));
  fs::remove(path("bad/t10k-labels-idx1-ubyte.gz"));
  // A class that no training image has.
  write("bad/t10k-labels-idx1-ubyte", idx({32}, std::string(31, '\0') + '\x07'));
  expect(1, "label", overwriting({"--data", "bad"}));
}

TEST_F(Errors, ImagesAndLabels) {
  const auto folder = [this](const std::string& name, std::uint32_t side,
                             const std::string& labels) {
    fs::create_directory(path(name));
    for (const std::string set : {"train", "t10k"}) {
      write(name + '/' + set + "-images-idx3-ubyte",
            idx({4, side, side}, std::string(4 * side * side, 'x')));
      write(name + '/' + set + "-labels-idx1-ubyte", labels);
    }
  };
  folder("five", 5, idx({4}, std::string("\0\1\0\1", 4)));
  expect(1, "five: images of 5 x 5 are too small", overwriting({"--data", "five"}));
  folder("one", 8, idx({4}, "\3\3\3\3"));
  expect(1, "one/train-labels-idx1-ubyte: all 4 training labels are 3",
         overwriting({"--data", "one"}));
  folder("sorted", 8, idx({4}, std::string("\0\0\1\1", 4)));
  expect(1, "sorted: all 2 training images that are used have label 0",
         overwriting({"--data", "sorted", "--train-limit", "2"}));
  std::string signed_labels = idx({4}, std::string("\0\1\xff\1", 4));
  signed_labels[2] = 0x09;
  folder("negative", 8, signed_labels);
  expect(1, "negative/train-labels-idx1-ubyte, byte 10: label -1, expected 0 to 65535",
         overwriting({"--data", "negative"}));
  std::string floats = idx({1}, "\x7f\xc0\1\1");
  floats[2] = 0x0d;
  folder("floats", 8, floats);
  expect(1, "byte 8: the value is nan", overwriting({"--data", "floats"}));
}

TEST_F(Errors, DeviceAndNetwork) {
  expect(1, "CUDA", overwriting({"--device", "cuda"}));
  expect(2, "fashion-mnist", {"data", "fetch", "fashion-mnits"});
}

TEST_F(Errors, Models) {
  write_model("m");
  const auto with = [](const char* command, const std::string& model,
                       const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {command, model, "--device", "cpu"};
    if (std::ranges::find(more, "--data") == more.end()) all.insert(all.end(), {"--data", "data"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect(2, "MODEL is required (saltus predict --help shows", {"predict", "--data", "data"});
  expect(2, "--data is required (saltus evaluate --help shows", {"evaluate", "m"});
  expect(2, "--onnx is required (saltus export --help shows", {"export", "m"});
  expect(2, "needs a model's file, or --activations for the networks of a sweep", {"summary"});
  expect(2, "MODEL excludes --activations", {"summary", "m", "--activations", "relu"});
  expect(2, "--limit must be 1 or more, not 0", with("predict", "m", {"--limit", "0"}));
  expect(2, "did you mean relu?", {"summary", "--activations", "rleu"});
  expect(2, "threads must be 1 to 1024", with("evaluate", "m", {"--threads", "-1"}));
  expect(2, "there is no data set \"nowhere\"", with("predict", "m", {"--data", "nowhere"}));
  expect(1, "CUDA", {"predict", "m", "--data", "data", "--device", "cuda"});

  for (const auto& input : {Shape{6, 6, 1}, Shape{4, 16, 1}, Shape{65}}) {
    Sequential(input, {layers::Flatten{}, layers::Dense{.units = 2}}).save(path("other"));
    expect(2,
           "data: images of shape (8, 8, 1) do not fit the network in other, whose input is " +
               to_string(input) + ": give --data such images",
           with("predict", "other"));
  }
  Sequential model({8, 8, 1}, {layers::Flatten{}, layers::Dense{.units = 2}});
  model.save(path("never"));
  expect(2, "never was never compiled, so that it has no loss to evaluate: compile it in C++",
         with("evaluate", "never"));
  model.compile(
      {.loss = Loss::custom("mine", [](auto, auto, auto) { return 1.0; }), .device = Device::cpu});
  model.save(path("custom"));
  expect(2, "custom loss 'mine', which a file cannot hold: load it in C++",
         with("evaluate", "custom"));
  std::string labels(32, '\0');
  labels[5] = 2;
  fs::copy(path("data"), path("three"));
  write("three/t10k-labels-idx1-ubyte", idx({32}, labels));
  labels.resize(64);
  write("three/train-labels-idx1-ubyte", idx({64}, labels));
  expect(2, "target 5 of the samples is class 2, but the network tells classes 0 to 1 apart",
         with("evaluate", "m", {"--data", "three"}));
  Model images = Sequential({8, 8, 1}, {layers::Dense{.units = 2}, layers::Softmax{}});
  images.compile({.device = Device::cpu});
  images.save(path("images"));
  expect(2, "shape (8, 8, 2) has more than one axis of classes; put a Flatten before its last",
         with("evaluate", "images"));

  const std::string whole = text("m");
  write("short", whole.substr(0, whole.size() - 1));
  write("empty", "");
  write("text", "no model at all");
  model.save_weights(path("weights"));
  for (const char* command : {"predict", "evaluate"}) {
    expect(1, "cannot open missing: No such file or directory", with(command, "missing"));
    expect(1, "cannot read data: it is not a regular file", with(command, "data"));
    expect(1, "short at byte ", with(command, "short"));
    expect(1, "empty at byte 0: it ends before the length", with(command, "empty"));
    expect(1, "text at byte ", with(command, "text"));
    expect(1, "weights is no model of format saltus-model 1", with(command, "weights"));
  }
  expect(1, "empty at byte 0", {"summary", "empty"});
  expect(1, "empty at byte 0", {"export", "empty", "--onnx", "out/m.onnx"});
  expect(1, "cannot write no/p.csv: no is no folder: create it first",
         with("predict", "m", {"--out", "no/p.csv"}));
  expect(1, "cannot write out: it is a folder: name a file in it",
         with("predict", "m", {"--out", "out"}));
  expect(1, "no/m.onnx: No such file or directory", {"export", "m", "--onnx", "no/m.onnx"});
}

TEST_F(Errors, FileSizeLimit) {
  // Of 512 bytes each: not even sweep.json fits.
  expect(1, "out/sweep.json", overwriting({"--activations", "relu", "--epochs", "1"}),
         "ulimit -f 1");
}

TEST_F(Errors, FileSizeLimitOfPictures) {
  // Of 10 kB: tables and JSON fit, a picture does not.
  const Ended ended = run(small_sweep({"--overwrite", "--no-diagnostics"}), {}, "ulimit -f 20");
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("gnuplot was killed by signal 25 (File size limit exceeded)"));
  EXPECT_TRUE(fs::exists(path("out/results.json")));
  EXPECT_FALSE(fs::exists(path("out/accuracy.svg")));
}

TEST_F(Errors, FullDisk) {
  fs::create_directory(path("disk"));
  if (mount("tmpfs", path("disk").c_str(), "tmpfs", 0, "size=16k") != 0) {
    GTEST_SKIP() << "this user may not mount a file system";
  }
  write("disk/filler", std::string(12 << 10, 'x'));
  const auto before = files("disk");
  expect(1, "No space left",
         {"sweep", "--data", "data", "--activations", "relu,elu,selu,tanh", "--epochs", "20",
          "--threads", "1", "--out", "disk/out"});
  for (const auto& [name, content] : files("disk")) {
    // What is there is whole: JSON ends with its brace.
    if (name.ends_with(".json")) {
      EXPECT_TRUE(content.ends_with("}\n")) << name;
    }
    EXPECT_EQ(name.find(".tmp"), std::string::npos) << name;
  }
  EXPECT_EQ(files("disk").at(path("disk/filler").string()), before.begin()->second);
  umount2(path("disk").c_str(), MNT_DETACH);
}

TEST_F(Errors, StandardOutput) {
  for (const auto& arguments : {std::vector<std::string>{"activations"}, {"--help"}}) {
    expect(1, "cannot write to standard output: No space left", arguments, "exec > /dev/full");
  }
}

}  // namespace
}  // namespace saltus
