#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {

#define SALTUS_STRING(x) #x
#define SALTUS_NAME(x) SALTUS_STRING(x)

const Loops table = {
    .name = SALTUS_NAME(SALTUS_ISA),
    .load = load,
    .activate = activate,
    .activate_learned = activate_learned,
    .activate_learned_backward = activate_learned_backward,
    .activate_pool = activate_pool,
    .multiply = multiply,
    .drop = drop,
    .drop_backward = drop_backward,
    .add_noise = add_noise,
    .max_pool = max_pool,
    .max_pool_backward = max_pool_backward,
    .gather_pooled = gather_pooled,
    .average_pool = average_pool,
    .average_pool_backward = average_pool_backward,
    .depthwise_forward = depthwise_forward,
    .depthwise_backward_data = depthwise_backward_data,
    .depthwise_backward_weights = depthwise_backward_weights,
    .add = add,
    .updates = &updates,
    .average = average,
    .sum_squares = sum_squares,
    .all_finite = all_finite,
    .pooled_convolution_supported = pooled_convolution_supported,
    .pooled_convolution_weights_size = pooled_convolution_weights_size,
    .pooled_convolution_scratch_size = pooled_convolution_scratch_size,
    .pooled_convolution_prepare = pooled_convolution_prepare,
    .pooled_convolution_weights = pooled_convolution_weights,
    .pooled_convolution_finish = pooled_convolution_finish,
    .pooled_convolution_data = pooled_convolution_data,
};

}  // namespace saltus::cpu::SALTUS_ISA
