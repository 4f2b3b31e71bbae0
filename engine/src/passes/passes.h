// What backends make of a program before they compile it. A pass takes a program and leaves one
// that computes the same; pipelines.h says which backend takes which, in which order.
#pragma once

#include <saltus/precision.h>

#include "plan/program.h"

namespace saltus::passes {

/// Replaces activation and max-pooling behind it by one step: f is then evaluated at a quarter of
/// the positions (of a 2x2 window), and neither the full activation nor its slope is ever stored.
void fuse_activation_pool(plan::Program& program);

/// Lets the derivatives of a learned activation in front of a max-pooling be found at the places
/// alone where maxima were taken: elsewhere nothing arrives.
void differentiate_pooled(plan::Program& program);

/// Lets the gradient of a max-pool go straight into the backward step of the convolution before it:
/// three of four positions (of a 2x2 window) are known to be zero.
void fuse_pooled_convolution(plan::Program& program);

/// Lets the backward pass compute cheap activations again instead of keeping them for the whole
/// batch.
void recompute(plan::Program& program);

/// Lets two convolutions of a grey image, their activations and the max-pooling behind them be one
/// step, where blocks of a GPU may have as many bytes of shared memory as that takes.
void fuse_convolutions(plan::Program& program, Precision precision, std::int64_t shared_bytes);

/// Lets a convolution or matrix product apply the activation behind it.
void fuse_epilogue(plan::Program& program);

/// Lets the gradient of a max-pool be one step with those of the activation and the dropout behind
/// it.
void fuse_pooled_gradient(plan::Program& program);

/// Lets the gradients of such a block of convolutions be one step, from that of the max-pool on.
void fuse_convolutions_gradient(plan::Program& program, Precision precision,
                                std::int64_t shared_bytes);

/// Lets one step make the last dense layer's product, the loss, and the gradients that are a
/// row's own, back to the activation before that layer.
void fuse_head(plan::Program& program);

/// Lets the update make the gradients of large dense layers itself, where batches of up to so many
/// samples make that the shorter way.
void fuse_update(plan::Program& program, std::int64_t max_rows);

/// Stores what matrix products read as bf16.
void store_bf16(plan::Program& program);

/// Cuts the steps into segments, of steps that can be taken a few samples at a time and of others,
/// and lets a tensor that one sliced segment needs alone live in a slice.
void slice(plan::Program& program);

/// Gives the tensors with rows offsets, such that no two that live at once overlap: largest first,
/// each at the lowest free place.
void pack(plan::Program& program);

}  // namespace saltus::passes
