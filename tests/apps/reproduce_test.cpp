// saltus reproduce: published claims, on data of a few images.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using test::Ended;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Reproduce : public test::ProgramTest {};

TEST_F(Reproduce, ListsClaimsWithTheirCost) {
  const Ended list = run({"reproduce"}, {{"COLUMNS", "1000"}});
  EXPECT_EQ(list.code, 0) << list.err;
  for (const char* claim : {"elu-mnist", "gelu-mnist", "glorot-depth", "snn-mlp"})
    EXPECT_THAT(list.out, HasSubstr(claim));
  EXPECT_THAT(list.out,
              HasSubstr("Small: 30 trials of 5 epochs, 9 million images; "
                        "--published-size: 30 trials of 300 epochs, 540 million images."));
}

TEST_F(Reproduce, EndsInASentenceWithIntervals) {
  // Each kind of figure, and initializers that are told apart.
  for (const char* claim : {"elu-mnist", "glorot-depth", "snn-mlp"}) {
    const Ended ended = run({"reproduce", claim, "--data", "data"}, {{"COLUMNS", "1000"}});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, ContainsRegex(std::string(claim) +
                                         ", in a smaller training, "
                                         "(reproduced|not reproduced|undecided): "
                                         "[a-z_]+ after the last epoch, .* minus .*: "
                                         "[+-][0-9.]+.* \\([+-][0-9.]+ to [+-][0-9.]+\\)"));
    EXPECT_THAT(ended.out, HasSubstr("as a sweep, with files: saltus sweep --data "));
    EXPECT_THAT(ended.out, Not(HasSubstr("nan")));
  }
}

}  // namespace
}  // namespace saltus
