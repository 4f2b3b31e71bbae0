// saltus data show: what a network gets of a data set.
#pragma once

#include <cstdint>
#include <string>

#include <saltus/image_set.h>

namespace saltus::app {

/// Sizes, the values as a network sees them, images of each class, and training image number
/// `image` (from 0) with its target. Throws InvalidArgument if there is no such image.
std::string text_of_data(const ImageDataset& data, std::int64_t image);

}  // namespace saltus::app
