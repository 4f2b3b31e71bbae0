// The effective rank of a matrix, from eigenvalues of our own: the matrices are small.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace saltus::diagnostics {

/// Eigenvalues, in no order, of a symmetric matrix [n][n] of finite numbers: Householder
/// reflections to a tridiagonal one, then QR steps with Wilkinson's shifts (Golub and Van Loan,
/// "Matrix Computations", sections 8.3.1 and 8.3.3). Takes about 4/3 n^3 multiplications.
std::vector<double> symmetric_eigenvalues(std::vector<double> matrix, std::size_t n);

/// Of a matrix [rows][columns]: exp of the entropy of its singular values over their sum. 0 of a
/// matrix of zeros, NaN where an element is not finite.
double effective_rank(std::span<const float> matrix, std::size_t rows, std::size_t columns);

}  // namespace saltus::diagnostics
