// Formulas on the command line.
#include <gmock/gmock.h>

#include "tests/apps/program.h"

namespace saltus::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Formulas : public ProgramTest {};

TEST_F(Formulas, AreDescribed) {
  const Ended mine = run({"activations", "mine = where(x > 0, x, a * expm1(x)); a = 0.5"});
  EXPECT_EQ(mine.code, 0) << mine.err;
  EXPECT_EQ(mine.out,
            "mine\n"
            "  definition    mine = where(x > 0, x, a * expm1(x)); a = 0.5\n"
            "  derivative    where(x > 0, 1, a * exp(x))\n"
            "  range         (-0.5, inf)\n"
            "  shape         monotone\n"
            "  saturates     left\n"
            "  limits of f   -0.5 and inf\n"
            "  limits of f'  0 and 1\n"
            "  kinks         0 (f' = 0.5 there)\n"
            "  operations    4, and 7 with f'\n"
            "  gain          1.36559\n"
            "  the same as   elu:alpha=0.5\n");
  EXPECT_THAT(run({"activations", "--json", "1 / x^2"}).out,
              HasSubstr("\"derivative\": \"-2 * (x / (x * x) / (x * x))\""));
}

TEST_F(Formulas, ErrorsShowTheText) {
  const Ended bad = run({"activations", "x * tanhh(x)"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.err,
            "saltus: in the formula, at column 5: unknown function tanhh; did you mean tanh?\n"
            "  x * tanhh(x)\n"
            "      ^\n");
}

TEST_F(Formulas, AreSweptBesideTheList) {
  const Ended sweep = run({"sweep", "--data", "data", "--out", "out", "--epochs", "1",
                           "--activations", "relu, mine = max(x, a * x); a = 0.1, mine:a=0.3"});
  EXPECT_EQ(sweep.code, 0) << sweep.err;
  EXPECT_THAT(sweep.out, HasSubstr("mine:a=0.3"));
  EXPECT_THAT(sweep.err, Not(HasSubstr("warning")));
  EXPECT_THAT(text("out/history.csv"), HasSubstr("\nmine,a=0.1,"));
  EXPECT_THAT(text("out/results.json"),
              HasSubstr("\"formula\": \"mine = max(x, a * x); a = 0.3\""));
  EXPECT_THAT(text("out/sweep.json"), HasSubstr("mine = max(x, a * x); a = 0.1"));
  const Ended again = run({"sweep", "--config", "out/sweep.json", "--out", "out", "--resume"});
  EXPECT_EQ(again.code, 0) << again.err;
}

TEST_F(Formulas, LearnTheirParametersAgainstABaseline) {
  const Ended sweep =
      run({"sweep", "--data", "data", "--out", "out", "--epochs", "2", "--seeds", "3",
           "--activations", "mine = max(x, a * x); a = 0.1 learned channel", "--baseline", "elu"});
  EXPECT_EQ(sweep.code, 0) << sweep.err;
  EXPECT_THAT(sweep.out, HasSubstr("to elu"));
  EXPECT_THAT(sweep.out, HasSubstr("mean difference to elu"));
  EXPECT_THAT(sweep.out, HasSubstr("parameters.png"));
  const std::string history = text("out/history.csv");
  EXPECT_THAT(history, HasSubstr(",trial,activation/a,activation_1/a,activation_2/a\n"));
  EXPECT_THAT(history, HasSubstr("\nmine,a=0.1 learned channel,"));
  EXPECT_THAT(history, HasSubstr("\nelu,alpha=1,"));
  EXPECT_THAT(text("out/results.json"), HasSubstr("\"learned\": {\n        \"a\": \"channel\""));
  EXPECT_THAT(text("out/sweep.json"), HasSubstr("\"baseline\": \"elu\""));
  EXPECT_THAT(run({"sweep", "--config", "out/sweep.json", "--out", "out", "--resume"}).out,
              HasSubstr("to elu"));
  EXPECT_THAT(
      run({"sweep", "--config", "out/sweep.json", "--out", "out", "--resume", "--baseline", "none"})
          .out,
      HasSubstr("to first"));
}

TEST_F(Formulas, AreLosses) {
  const Ended sweep = run({"sweep", "--data", "data", "--out", "out", "--epochs", "1",
                           "--activations", "relu", "--loss", "mine=(y-t)^2*b;b=2"});
  EXPECT_EQ(sweep.code, 0) << sweep.err;
  EXPECT_THAT(text("out/sweep.json"), HasSubstr("\"loss\": \"mine = (y - t)^2 * b; b = 2\""));
  const Ended again = run({"sweep", "--config", "out/sweep.json", "--out", "out", "--resume"});
  EXPECT_EQ(again.code, 0) << again.err;
  const Ended bad = run({"sweep", "--loss", "(x - t)^2"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.err,
            "saltus: in the formula, at column 2: there is no x here; use y and t\n"
            "  (x - t)^2\n"
            "   ^\n");
}

TEST_F(Formulas, WithoutANameAreQuotedInTables) {
  const Ended curves = run({"curves", "--activations", "max(x, 0.1 * x)", "--out", "out"});
  EXPECT_EQ(curves.code, 0) << curves.err;
  EXPECT_THAT(text("out/curves.csv"), HasSubstr("\n\"max(x, 0.1 * x)\",-5,-0.5,0.1\n"));
}

TEST_F(Formulas, ComeFromAFile) {
  write("mine.txt",
        "# two of mine\ngate = sigmoid(b * x); b = 1.5\n\ngated = x * gate(x)  # one\n");
  const Ended sweep = run({"sweep", "--data", "data", "--out", "out", "--epochs", "1",
                           "--activations-file", "mine.txt"});
  EXPECT_EQ(sweep.code, 0) << sweep.err;
  EXPECT_THAT(text("out/history.csv"), HasSubstr("\ngated,"));
  write("bad.txt", "relu\nx +\n");
  const Ended bad = run({"sweep", "--data", "data", "--out", "o", "--activations-file", "bad.txt"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, StartsWith("saltus: bad.txt:2: in the formula, at column 4: expected"));
  const Ended none = run({"sweep", "--data", "data", "--out", "o", "--activations-file", "none"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("none: No such file or directory"));
}

TEST_F(Formulas, LostDigitsAreReportedBeforeASweep) {
  const Ended sweep = run({"sweep", "--data", "data", "--out", "out", "--epochs", "1",
                           "--activations", "lossy = log(x^2 + 1.5) - log(1.5)"});
  EXPECT_EQ(sweep.code, 0) << sweep.err;
  EXPECT_THAT(sweep.err, HasSubstr("saltus: warning: f of lossy loses digits: "));
  EXPECT_THAT(run({"accuracy", "x * atan(exp(x))"}).out, HasSubstr("| `x * atan(exp(x))` |"));
}

}  // namespace
}  // namespace saltus::test
