// NumPy's files of named arrays, .npz: a ZIP file of .npy files.
#pragma once

#include <filesystem>

#include "store/tensor_file.h"

namespace saltus::store {

/// Writes a file that numpy.load() reads, whole or not at all; nothing is compressed. Throws
/// InvalidArgument where it would be of 4 GiB or more, DataError where it cannot be written.
void write_npz(const std::filesystem::path& path, const TensorFile& file);

/// Reads what numpy.savez() or numpy.savez_compressed() wrote: arrays of little-endian float32 in C
/// order. Throws DataError, which says what is wrong and where, for any other. What the file claims
/// is checked against its size before memory is taken for it.
TensorFile read_npz(const std::filesystem::path& path);

}  // namespace saltus::store
