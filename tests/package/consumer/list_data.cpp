// Finds no data set, and says which there are.
#include <iostream>

#include <saltus/dataset.h>
#include <saltus/error.h>
#include <saltus/model.h>

int main() {
  for (const saltus::KnownDataset& known : saltus::known_datasets())
    std::cout << known.name << '\n';
  try {
    saltus::load_dataset("/nowhere/at/all");
  } catch (const saltus::Error& error) {
    std::cout << error.what() << '\n';
    return 0;
  }
  return 1;
}
