#include "tests/apps/program.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <saltus/model.h>

namespace saltus::test {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream out;
  out << stream.rdbuf();
  return out.str();
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    if (!changes.contains(variable.substr(0, variable.find('=')))) all.push_back(variable);
  }
  for (const auto& [name, value] : changes)
    all.push_back(std::string(name).append("=").append(value));
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// Two classes: the left or the right half of an 8 x 8 image is bright.
void write_images(const fs::path& folder, const std::string& set, int count) {
  std::string pixels;
  std::string labels;
  for (int i = 0; i < count; ++i) {
    const int label = i % 2;
    labels.push_back(static_cast<char>(label));
    for (int pixel = 0; pixel < 64; ++pixel) {
      const bool bright = (pixel % 8 < 4) == (label == 0);
      pixels.push_back(static_cast<char>((bright ? 150 : 0) + (i * 7 + pixel * 13) % 100));
    }
  }
  const auto n = static_cast<std::uint32_t>(count);
  std::ofstream(folder / (set + "-images-idx3-ubyte"), std::ios::binary) << idx({n, 8, 8}, pixels);
  std::ofstream(folder / (set + "-labels-idx1-ubyte"), std::ios::binary) << idx({n}, labels);
}

}  // namespace

std::string idx(const std::vector<std::uint32_t>& extents, const std::string& bytes) {
  std::string file = {0, 0, 8, static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) {
    for (const int shift : {24, 16, 8, 0}) file.push_back(static_cast<char>(extent >> shift));
  }
  return file + bytes;
}

Running::Running(pid_t pid, fs::path out, fs::path err)
    : pid_(pid), out_(std::move(out)), err_(std::move(err)) {}

void Running::send(int signal) const {
  kill(pid_, signal);
}

bool Running::handles(int signal) const {
  std::ifstream status(fmt::format("/proc/{}/status", pid_));
  for (std::string name; status >> name;) {
    std::uint64_t handled = 0;
    if (name == "SigCgt:" && status >> std::hex >> handled)
      return (handled >> (signal - 1) & 1) != 0;
  }
  throw std::runtime_error("no SigCgt in /proc");
}

Ended Running::wait() const {
  int status = 0;
  waitpid(pid_, &status, 0);
  const bool files = fs::is_regular_file(out_);
  return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
          .out = files ? content(out_) : "",
          .err = files ? content(err_) : ""};
}

void ProgramTest::SetUp() {
  fs::create_directory(path("data"));
  write_images(path("data"), "train", 64);
  write_images(path("data"), "t10k", 32);
}

void ProgramTest::write_model(const std::string& name) const {
  Sequential model({8, 8, 1}, {layers::Conv2D{.filters = 2, .activation = "relu"},
                               layers::Flatten{}, layers::Dense{.units = 2}, layers::Softmax{}});
  model.compile({.metrics = {metrics::CategoricalAccuracy{}, metrics::BinaryAccuracy{}},
                 .device = Device::cpu,
                 .threads = 1});
  model.fit(load_dataset(path("data").string()).train);
  model.save(path(name));
}

void ProgramTest::write_data(const std::string& name, const ImageDataset& data) const {
  fs::create_directory(path(name));
  const auto put = [&](const std::string& set, const ImageSet& images) {
    const auto n = static_cast<std::uint32_t>(images.count);
    const auto height = static_cast<std::uint32_t>(images.height);
    const auto width = static_cast<std::uint32_t>(images.width);
    const auto& pixels = std::get<std::vector<std::uint8_t>>(images.pixels);
    write(name + "/" + set + "-images-idx3-ubyte",
          idx({n, height, width}, {pixels.begin(), pixels.end()}));
    write(name + "/" + set + "-labels-idx1-ubyte",
          idx({n}, {images.labels.begin(), images.labels.end()}));
  };
  put("train", data.train);
  put("t10k", data.test);
}

Running ProgramTest::start(const std::vector<std::string>& arguments,
                           const std::map<std::string, std::string>& environment,
                           const std::string& before, const fs::path& terminal) {
  const std::string number = std::to_string(++runs_);
  const fs::path out = terminal.empty() ? path("stdout" + number) : terminal;
  const fs::path err = terminal.empty() ? path("stderr" + number) : terminal;
  std::vector<std::string> command = {"/bin/sh", "-c", before + " && exec \"$0\" \"$@\"",
                                      SALTUS_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment_with(environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, scratch_.path().c_str());
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The tests may run where these are ignored: behind nohup, in the background of a script.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  // The first terminal that the leader of a session opens becomes its own.
  const int session = terminal.empty() ? 0 : POSIX_SPAWN_SETSID;
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | session));
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/bin/sh", &actions, &attributes, pointers(command).data(),
                                pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  EXPECT_EQ(error, 0);
  return {pid, out, err};
}

void ProgramTest::await(const std::string& name) const {
  for (int i = 0; i < 6000 && !fs::exists(path(name)); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(fs::exists(path(name))) << name;
}

std::vector<std::string> ProgramTest::small_sweep(const std::vector<std::string>& more, int seeds) {
  std::vector<std::string> arguments = {"sweep",
                                        "--data",
                                        "data",
                                        "--activations",
                                        "relu,selu",
                                        "--seeds",
                                        std::to_string(seeds),
                                        "--epochs",
                                        "1",
                                        "--batch-size",
                                        "16",
                                        "--threads",
                                        "1",
                                        "--out",
                                        "out"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string ProgramTest::text(const std::string& name) const {
  return content(path(name));
}

void ProgramTest::write(const std::string& name, const std::string& bytes) const {
  std::ofstream(path(name), std::ios::binary) << bytes;
}

std::map<std::string, std::string> ProgramTest::files(const std::string& name) const {
  std::map<std::string, std::string> all;
  if (!fs::exists(path(name))) return all;
  for (const auto& entry : fs::recursive_directory_iterator(path(name))) {
    if (entry.is_regular_file()) all[entry.path().string()] = content(entry.path());
  }
  return all;
}

}  // namespace saltus::test
