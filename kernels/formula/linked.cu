// Compiled for a GPU, the one copy of these functions that all formulas are linked with; for the
// host, what tests link formulas with.
#include <saltus/kernels/elementwise/evaluate.h>
#include <saltus/kernels/formula/linked.h>
#include <saltus/kernels/formula/programs.h>

namespace saltus::kernels::formula {
namespace {

struct Operate {
  double a, b, c;
  double result = 0;

  template <class Op>
  SALTUS_HD void operator()() {
    result = apply<Op>(a, b, c);
  }
};

template <class T>
struct EvaluateOne {
  bool slope;
  T x;
  Parameters<T> parameters;
  T result = 0;

  template <class Entry>
  SALTUS_HD void operator()() {
    result = slope ? Entry::df(x, parameters) : Entry::f(x, parameters);
  }
};

template <class T>
SALTUS_HD T evaluate_one(int id, bool slope, T x, float p0, float p1, float p2, float p3) {
  EvaluateOne<T> evaluate{slope, x, {{T(p0), T(p1), T(p2), T(p3)}}};
  kernels::dispatch(id, evaluate);
  return evaluate.result;
}

}  // namespace

SALTUS_LINKED void saltus_evaluate_listed(int id, const float* parameters, float* values,
                                          int value_step, float* slopes, long long slope_step,
                                          int count) {
  const ActivationRef activation{id, {parameters[0], parameters[1], parameters[2], parameters[3]}};
  kernels::dispatch(
      id, kernels::detail::Evaluate{activation, {values, value_step, slopes, slope_step, count}});
}

SALTUS_LINKED double saltus_operation(int code, double a, double b, double c) {
  Operate operate{a, b, c};
  dispatch(code, operate);
  return operate.result;
}

SALTUS_LINKED float saltus_listed(int id, bool slope, float x, float p0, float p1, float p2,
                                  float p3) {
  return evaluate_one<float>(id, slope, x, p0, p1, p2, p3);
}

SALTUS_LINKED double saltus_wide_listed(int id, bool slope, double x, float p0, float p1, float p2,
                                        float p3) {
  return evaluate_one<double>(id, slope, x, p0, p1, p2, p3);
}

}  // namespace saltus::kernels::formula
