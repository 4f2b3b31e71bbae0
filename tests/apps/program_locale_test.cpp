// The program's output and files in the user's locale.
#include <gmock/gmock.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using testing::HasSubstr;

class ProgramLocale : public test::ProgramTest {};

TEST_F(ProgramLocale, ChangesNothing) {
  const std::vector<std::vector<std::string>> commands = {
      {"activations", "--json"},
      {"curves", "--activations", "SILU,elu:alpha=0.2", "--from", "-0.5", "--to", "2.5", "--points",
       "7", "--out", "curves"},
      {"curves", "--from", "-0,5"},
      {"sweep", "--data", "data", "--learning-rate", "0,001"}};
  std::map<std::string, std::string> expected;
  for (const std::string locale : {"C", "de_DE.UTF-8", "tr_TR.UTF-8", "ps_AF.UTF-8"}) {
    SCOPED_TRACE(locale);
    std::map<std::string, std::string> found;
    for (const auto& command : commands) {
      const test::Ended ended = run(command, {{"LOCPATH", SALTUS_LOCALES}, {"LC_ALL", locale}});
      found[testing::PrintToString(command)] = ended.out + ended.err;
    }
    found.merge(files("curves"));
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected);
  }
  EXPECT_THAT(expected.at(testing::PrintToString(commands[0])), HasSubstr("\"default\": 0.2"));
  EXPECT_THAT(expected.at(path("curves/curves.csv").string()), HasSubstr("silu,-0.5,"));
  EXPECT_THAT(expected.at(testing::PrintToString(commands[2])),
              HasSubstr("'-0,5' is not a number"));
}

TEST_F(ProgramLocale, ADecimalCommaIsNoList) {
  const auto error = [this](const std::string& option, const std::string& value) {
    const test::Ended ended = run({"sweep", "--data", "nowhere", option, value});
    EXPECT_EQ(ended.code, 2) << option << ' ' << value;
    return ended.err;
  };
  EXPECT_THAT(error("--learning-rate", "0,001"),
              HasSubstr("'0,001' is read as a list with 0 and 001 in it: if that is one number, "
                        "write 0.001; if it is two, write 0.0 for the 0"));
  EXPECT_THAT(error("--learning-rate", "1e-3,0,5"), HasSubstr("write 0.5"));
  EXPECT_THAT(error("--learning-rate", "0.1,0"), HasSubstr("if it is two, write 0.0"));
  EXPECT_THAT(error("--learning-rate", "1,05"), HasSubstr("write 1.05"));
  EXPECT_THAT(error("--clipvalue", "0,5"), HasSubstr("write 0.5"));
  EXPECT_THAT(error("--clipnorm", "none,0,25"), HasSubstr("write 0.25"));
  EXPECT_THAT(error("--global-clipnorm", "1,00"), HasSubstr("write 1.00"));
  EXPECT_THAT(error("--batch-size", "1,024"), HasSubstr("write 1024\n"));
  EXPECT_THAT(error("--activations", "elu:alpha=0,2"), HasSubstr("as in elu:alpha=0.2"));
  // A rate of 0 that is meant, and lists that are: only the data are missing.
  for (const char* rates : {"0", "0.0,0.001", "1,2", "10,5e-3"}) {
    EXPECT_THAT(error("--learning-rate", rates), HasSubstr("no data set \"nowhere\"")) << rates;
  }
}

}  // namespace
}  // namespace saltus
