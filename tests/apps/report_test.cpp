// saltus report: what a sweep's folder says on a page.
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using test::Ended;
using testing::HasSubstr;
using testing::Not;

class Report : public test::ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(run(small_sweep()).code, 0);
  }

  /// What stands behind a title in the list of conditions.
  static std::string condition(const std::string& page, const std::string& title) {
    const std::string begin = "<dt>" + title + "</dt><dd>";
    const std::size_t at = page.find(begin) + begin.size();
    return page.substr(at, page.find("</dd>", at) - at);
  }
};

TEST_F(Report, WritesAPageAndTables) {
  const Ended page = run({"report", "out"});
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_EQ(page.out, "wrote out/report.html\n");
  EXPECT_THAT(text("out/report.html"), HasSubstr("2 activations, 2 seeds"));
  const Ended all = run({"report", "out", "--out", "here.html", "--markdown", "--latex"});
  EXPECT_EQ(all.out, "wrote here.html, here.md, here.tex\n") << all.err;
  EXPECT_EQ(text("here.html"), text("out/report.html"));
  EXPECT_THAT(text("here.md"), HasSubstr("| relu |"));
  EXPECT_THAT(text("here.tex"), HasSubstr("\\texttt{relu}"));
}

TEST_F(Report, HasTheCommandThatRepeatsTheSweep) {
  ASSERT_EQ(run({"report", "out"}).code, 0);
  const std::string page = text("out/report.html");
  const std::size_t begin = page.find("<pre>") + 5;
  std::istringstream words(page.substr(begin, page.find("</pre>") - begin));
  std::vector<std::string> command;
  std::string word;
  words >> word;
  EXPECT_EQ(word, "saltus");
  while (words >> word) command.push_back(word);
  command.insert(command.end(), {"--out", "again"});
  const Ended again = run(command);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(
      again.out,
      HasSubstr("digest of the results: " + condition(page, "digest of the results") + "\n"));
}

TEST_F(Report, TrainsNothingAndNeedsNoData) {
  ASSERT_EQ(run({"report", "out"}).code, 0);
  const std::string before = text("out/report.html");
  std::filesystem::remove_all(path("data"));
  EXPECT_EQ(run({"report", "out"}).code, 0);
  EXPECT_EQ(text("out/report.html"), before);
}

TEST_F(Report, SaysWhatIsWrong) {
  EXPECT_EQ(run({"report"}).code, 2);
  const Ended none = run({"report", "data"});
  EXPECT_EQ(none.code, 1);
  EXPECT_EQ(none.err,
            "saltus: data holds no sweep, as it has no sweep.json: name a folder that saltus sweep "
            "wrote\n");
  const Ended table = run({"report", "out", "--out", "a.md", "--markdown"});
  EXPECT_EQ(table.code, 2);
  EXPECT_THAT(table.err, HasSubstr("give it another ending"));
  write("out/sweep.json", "{");
  const Ended damaged = run({"report", "out"});
  EXPECT_EQ(damaged.code, 1);
  EXPECT_THAT(damaged.err, HasSubstr("out/sweep.json cannot be understood"));
}

TEST_F(Report, DrawsPdf) {
  const Ended all = run({"report", "out", "--out", "here.html", "--pdf"});
  EXPECT_EQ(all.out, "wrote here.html, accuracy.pdf, loss.pdf, diagnostics.pdf\n") << all.err;
  EXPECT_THAT(text("accuracy.pdf"), testing::StartsWith("%PDF-"));
}

TEST_F(Report, PicturesAreDrawnAgain) {
  const std::string before = text("out/accuracy.svg");
  std::filesystem::remove(path("out/accuracy.svg"));
  const Ended same = run({"plot", "out"});
  EXPECT_EQ(
      same.out,
      "wrote accuracy.svg, accuracy.png, loss.svg, loss.png, diagnostics.svg, diagnostics.png into "
      "out\n")
      << same.err;
  EXPECT_EQ(text("out/accuracy.svg"), before);
  const Ended some =
      run({"plot", "out", "--activations", "relu", "--figure", "loss", "--out", "new", "--pdf"});
  EXPECT_EQ(some.out, "wrote loss.svg, loss.png, loss.pdf into new\n") << some.err;
  EXPECT_THAT(text("new/loss.svg"), Not(HasSubstr("selu")));
  EXPECT_EQ(text("out/accuracy.svg"), before);
  for (const auto& [option, value, words] :
       {std::tuple("--activations", "gelu", "gelu is not in the sweep"),
        std::tuple("--figure", "los", "did you mean loss?"),
        std::tuple("--activations", "rleu", "did you mean")}) {
    const Ended refused = run({"plot", "out", option, value, "--out", "none"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr(words));
    EXPECT_FALSE(std::filesystem::exists(path("none")));
  }
  EXPECT_THAT(run({"plot", "out", "--drop-first"}).err, HasSubstr("the sweep has one epoch"));
}

}  // namespace
}  // namespace saltus
