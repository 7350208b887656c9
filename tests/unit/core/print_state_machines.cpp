#include <iostream>

#include "tests/unit/core/state_machine_page.hpp"

int main() {
  std::cout << escrow::tests::state_machine_page();
  return std::cout.flush() ? 0 : 1;
}
