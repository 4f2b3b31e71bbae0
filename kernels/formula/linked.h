// What joins formulas that are compiled at run time and kernels that were compiled before:
// functions of plain types, which the linker finds by their names.
#pragma once

#if defined(__CUDACC__)
#define SALTUS_LINKED extern "C" __host__ __device__
#else
#define SALTUS_LINKED extern "C"
#endif

namespace saltus::kernels::formula {

// The kernels call these; kernels/elementwise/evaluate.h says what the values are.

/// An activation of the list.
SALTUS_LINKED void saltus_evaluate_listed(int id, const float* parameters, float* values,
                                          int value_step, float* slopes, long long slope_step,
                                          int count);

/// A formula, by its number in the source that defines this function.
SALTUS_LINKED void saltus_evaluate_formula(int number, const float* parameters, float* values,
                                           int value_step, float* slopes, long long slope_step,
                                           int count);

/// f of an activation with learned parameters, by its number likewise, and those parameters.
SALTUS_LINKED float saltus_learned_value(int number, float x, float p0, float p1, float p2,
                                         float p3);

/// Its derivatives; 0 by parameters that are not learned.
struct LearnedSlopes {
  float by_x;
  float by_parameter[4];
};
SALTUS_LINKED LearnedSlopes saltus_learned_slopes(int number, float x, float p0, float p1, float p2,
                                                  float p3);

/// What an output y and its target t add to a loss or a metric, by its number likewise, and the
/// derivative of that by y: 0 for a metric.
struct LossTerm {
  double value, slope;
};
SALTUS_LINKED LossTerm saltus_loss_term(int number, double y, double t);

// Formulas call these; kernels/formula/linked.cu has them.

/// The operation of a code, in double. Operations of less than three arguments leave out the last.
SALTUS_LINKED double saltus_operation(int code, double a, double b, double c);

/// f or f' of an activation of the list with its four parameters.
SALTUS_LINKED float saltus_listed(int id, bool slope, float x, float p0, float p1, float p2,
                                  float p3);
SALTUS_LINKED double saltus_wide_listed(int id, bool slope, double x, float p0, float p1, float p2,
                                        float p3);

}  // namespace saltus::kernels::formula
