#include "tests/fault-injection/fuzz/targets.hpp"

namespace escrow::fuzz {

const std::vector<Target>& world_targets() {
  static const std::vector<Target> all{
      {"f_api_stateful", api_stateful, 64},
      {"f_scenario_yaml", scenario_yaml, 2048},
  };
  return all;
}

}  // namespace escrow::fuzz
