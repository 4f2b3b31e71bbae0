// The functions that activations are made of, for host and device.
//
// For T = float they are branch-free code from + - * / fma, square root, rounding, selects and bit
// casts, with no call into a mathematical library: loops over them vectorise, and they give the
// same bits on every instruction set and on the device, as long as the compiler neither contracts
// a * b + c nor reassociates (-ffp-contract=off, -fmad=false). The worst errors that a walk
// through all floats finds are in docs/numerics.md. For any other T they forward to std::, or to
// what argument-dependent lookup finds, so one template also gives a high-precision reference and,
// with dual numbers, its own derivative.
//
// The sign of a result that is zero is not part of the contract.
#pragma once

#include <saltus/kernels/math/basic.h>
#include <saltus/kernels/math/exponential.h>
#include <saltus/kernels/math/normal.h>
#include <saltus/kernels/math/trigonometric.h>
