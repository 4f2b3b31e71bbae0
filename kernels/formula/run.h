// What runs the formulas of a source that engine/src/formula/device_source.h has written: the loop
// over values, and the mending of what is beyond floats. Such a source has a struct for each
// formula:
//
//     struct Formula0;  // evaluate(float x, const float* p, float* results): f and f'
//                       // bool evaluate_wide(double x, const float* p, double* results)
//     struct Learned0;  // value(), slopes(), and evaluate_wide() for all
//     struct Loss0;     // evaluate(double y, double t, double* results)
//
// and a struct Source that finds them by their numbers. It calls what it is given with the struct
// as template argument. (A list of types would be part of every function's name, which for a
// hundred formulas is a tenth of the time to compile.)
//
//     static const Use& use(int number);  // of the formulas
//     template <class Function>
//     static void with_formula(int number, Function&& function);
//     ... with_learned(...), with_loss(...)
#pragma once

#include <saltus/kernels/formula/linked.h>
#include <saltus/kernels/formula/mend.h>
#include <saltus/kernels/formula/programs.h>

#if defined(__CUDACC__)
#define SALTUS_OF_FORMULAS static __device__ __noinline__
#define SALTUS_TABLE static __device__ const
#else
#define SALTUS_OF_FORMULAS static
#define SALTUS_TABLE static const
#endif

namespace saltus::kernels::formula {

/// What f and f' come to at an infinity.
struct Limits {
  double value, slope;
};

/// A formula with values of its parameters.
struct Use {
  int formula;      ///< its number among the formulas of the source
  float low, high;  ///< inputs between these are for floats
  Limits left, right;
};

struct Values {
  float value, slope;
};

/// Computes in double, as formula::mend() does on a CPU. One function for all formulas: for each
/// its own would take half a second of a hundred's time to compile.
template <class Source>
SALTUS_OF_FORMULAS Values mend(const Use& use, const float* parameters, float x) {
  if (x != x) return {x, x};
  const Limits& limits = x > 0 ? use.right : use.left;
  if (x - x != 0) return {static_cast<float>(limits.value), static_cast<float>(limits.slope)};
  double results[2] = {};
  bool overflows = false;
  Source::with_formula(use.formula, [&]<class Formula>() {
    overflows = Formula::evaluate_wide(x, parameters, results);
  });
  return {mended(results[0], limits.value, overflows), mended(results[1], limits.slope, overflows)};
}

/// A formula of `count` values, in place, and its slopes unless `slopes` is null.
template <class Source, class Formula>
SALTUS_OF_FORMULAS void run(const Use& use, const float* parameters, float* values, int value_step,
                            float* slopes, long long slope_step, int count) {
  const float low = use.low;
  const float high = use.high;
#if defined(__CUDACC__)
#pragma unroll 1
#endif
  for (int i = 0; i < count; ++i) {
    const float x = *values;
    float results[2];
    Formula::evaluate(x, parameters, results);
    // Each by itself: f alone has the bits that it has beside f'.
    const bool is_outside = !(x >= low && x <= high);
    const bool mends_value = is_outside || results[0] != results[0];
    const bool mends_slope = slopes != nullptr && (is_outside || results[1] != results[1]);
    if (mends_value || mends_slope) {
      const Values known = mend<Source>(use, parameters, x);
      if (mends_value) results[0] = known.value;
      if (mends_slope) results[1] = known.slope;
    }
    *values = results[0];
    values += value_step;
    if (slopes == nullptr) continue;
    *slopes = results[1];
    slopes += slope_step;
  }
}

/// What an activation with learned parameters comes to.
struct LearnedPoint {
  float value;
  LearnedSlopes slopes;
};

/// All of that in double, where floats overflow on the way. One function for all of a source, which
/// takes the parameters as numbers: to pass an array of them, the usual way would need memory, too.
template <class Source>
SALTUS_OF_FORMULAS LearnedPoint learned_in_double(int number, float x, float p0, float p1, float p2,
                                                  float p3) {
  const float parameters[] = {p0, p1, p2, p3};
  double results[6] = {};
  Source::with_learned(number,
                       [&]<class Learned>() { Learned::evaluate_wide(x, parameters, results); });
  const auto result = [&](int i) { return mended(results[i], 0, false); };
  return {result(0), {result(1), {result(2), result(3), result(4), result(5)}}};
}

template <class Source>
SALTUS_HD float learned_value(int number, float x, float p0, float p1, float p2, float p3) {
  const float parameters[] = {p0, p1, p2, p3};
  float value = 0;
  Source::with_learned(number, [&]<class Learned>() { Learned::value(x, parameters, &value); });
  if (value == value) return value;
  return learned_in_double<Source>(number, x, p0, p1, p2, p3).value;
}

template <class Source>
SALTUS_HD LearnedSlopes learned_slopes(int number, float x, float p0, float p1, float p2,
                                       float p3) {
  const float parameters[] = {p0, p1, p2, p3};
  float results[5] = {};
  Source::with_learned(number, [&]<class Learned>() { Learned::slopes(x, parameters, results); });
  bool is_nan = false;
  for (const float result : results) is_nan |= result != result;
  if (is_nan) return learned_in_double<Source>(number, x, p0, p1, p2, p3).slopes;
  return {results[0], {results[1], results[2], results[3], results[4]}};
}

template <class Source>
SALTUS_HD LossTerm loss_term(int number, double y, double t) {
  double results[2] = {};
  Source::with_loss(number, [&]<class Loss>() { Loss::evaluate(y, t, results); });
  return {results[0], results[1]};
}

}  // namespace saltus::kernels::formula

/// The functions that kernels call, for the formulas of a source.
#define SALTUS_LINK(Source)                                                                       \
  SALTUS_LINKED void saltus_evaluate_formula(int number, const float* parameters, float* values,  \
                                             int value_step, float* slopes, long long slope_step, \
                                             int count) {                                         \
    const Use& use = Source::use(number);                                                         \
    Source::with_formula(use.formula, [&]<class Formula>() {                                      \
      run<Source, Formula>(use, parameters, values, value_step, slopes, slope_step, count);       \
    });                                                                                           \
  }                                                                                               \
  SALTUS_LINKED float saltus_learned_value(int number, float x, float p0, float p1, float p2,     \
                                           float p3) {                                            \
    return learned_value<Source>(number, x, p0, p1, p2, p3);                                      \
  }                                                                                               \
  SALTUS_LINKED LearnedSlopes saltus_learned_slopes(int number, float x, float p0, float p1,      \
                                                    float p2, float p3) {                         \
    return learned_slopes<Source>(number, x, p0, p1, p2, p3);                                     \
  }                                                                                               \
  SALTUS_LINKED LossTerm saltus_loss_term(int number, double y, double t) {                       \
    return loss_term<Source>(number, y, t);                                                       \
  }
