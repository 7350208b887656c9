#include <fstream>
#include <iostream>

#include "tests/fault-injection/oracles/history_file.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

/// escrow-judge FILE: what the oracles say of a history that was written down. Ends with 0: nothing; 1: violations; 3: no history.
int main(int argc, char** argv) {
  using namespace escrow;
  std::ifstream file(argc == 2 ? argv[1] : "");
  if (!file) {
    std::cerr << "usage: escrow-judge FILE\n";
    return 3;
  }
  const auto history = oracles::read_history(file);
  if (!history) {
    std::cerr << history.error().detail << '\n';
    return 3;
  }
  const auto violations = oracles::judge(oracles::Evidence(*history));
  for (const auto& violation : violations) std::cout << violation.oracle << " t" << violation.transaction << ": " << violation.what << '\n';
  return violations.empty() ? 0 : 1;
}
