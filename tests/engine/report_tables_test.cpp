// The tables of curves and of predictions.
#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "core/file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TablesTest : public testing::Test {
 protected:
  std::string text(const char* name) const { return read_file(folder_ / name, 1 << 24); }

  ScratchFolder scratch_{fs::temp_directory_path()};
  const fs::path& folder_ = scratch_.path();
};

TEST_F(TablesTest, CurvesAreThoseOfTheActivation) {
  const Activation elu = Activation::parse("elu:alpha=0.2");
  const Curve curve = compute_curve(elu, {.from = -1, .to = 1, .points = 5});
  EXPECT_EQ(curve.x, (std::vector<float>{-1, -0.5F, 0, 0.5F, 1}));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(curve.f[i], elu.f(curve.x[i]));
    EXPECT_EQ(curve.df[i], elu.df(curve.x[i]));
  }
  write_curves_csv(folder_ / "curves.csv", {curve});
  EXPECT_THAT(text("curves.csv"),
              testing::StartsWith("activation,x,f,df\nelu:alpha=0.2,-1,-0.1264241"));
  draw_curves(folder_, {curve, compute_curve(Activation::parse("stair"))});
  EXPECT_THAT(text("curves.svg"), HasSubstr("stair"));
  EXPECT_THAT(text("curves.svg"), HasSubstr("f = x if x > 0 else alpha (exp(x) - 1)"));
  EXPECT_THAT(text("curves.svg"), HasSubstr("f' = 1 if x > 0 else alpha exp(x)"));
  // What takes more than three lines ends in dots.
  draw_curves(folder_, {compute_curve("x * tanh(softplus(x)) + 0.125 * sin(x) * cos(x) * erf(x)")});
  EXPECT_THAT(text("curves.svg"), HasSubstr(" ..."));
  // As far as float32 goes, and with values that overflow.
  draw_curves(folder_, {compute_curve(elu, {.from = -3.4e38, .to = 3.4e38}),
                        compute_curve(Activation::parse("squared_relu"), {.to = 3.4e38})});
  EXPECT_THAT(text("curves.svg"), HasSubstr("squared_relu"));
  EXPECT_THROW(compute_curve(elu, {.from = 1, .to = 1}), InvalidArgument);
  EXPECT_THROW(compute_curve(elu, {.points = 1}), InvalidArgument);
  // No float32, or one for both ends.
  EXPECT_THROW(compute_curve(elu, {.from = -1e39}), InvalidArgument);
  EXPECT_THROW(compute_curve(elu, {.to = 1e39}), InvalidArgument);
  EXPECT_THROW(compute_curve(elu, {.from = 1, .to = 1 + 1e-9}), InvalidArgument);
  // Nothing to draw.
  EXPECT_THROW(compute_curve(Activation::parse("exponential"), {.from = 100, .to = 200}),
               InvalidArgument);
  EXPECT_THROW(compute_curve(elu, {.to = std::numeric_limits<double>::quiet_NaN()}),
               InvalidArgument);
}

TEST_F(TablesTest, PredictionsHaveARowForEachLabel) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::int32_t> labels = {3, 1, 0};
  const std::vector<float> outputs = {0.1F, 2.5e-10F, -nan, 1, 2, 2};
  const std::string csv =
      "number,label,predicted,output_0,output_1\n"
      "0,3,0,0.1,2.5e-10\n"
      "1,1,,nan,1\n"
      "2,0,0,2,2\n";
  EXPECT_EQ(predictions_csv(labels, outputs), csv);
  write_predictions_csv(folder_ / "p.csv", labels, outputs);
  EXPECT_EQ(text("p.csv"), csv);
  EXPECT_EQ(predictions_csv(labels, std::vector<float>{1, 2, 3}),
            "number,label,predicted,output_0\n0,3,,1\n1,1,,2\n2,0,,3\n");
  for (const std::size_t size : {0u, 2u, 4u}) {
    EXPECT_THROW(predictions_csv(labels, std::vector<float>(size)), InvalidArgument) << size;
  }
  EXPECT_THROW(predictions_csv({}, outputs), InvalidArgument);
}

}  // namespace
}  // namespace saltus
