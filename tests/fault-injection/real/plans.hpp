#pragma once

#include <string>
#include <vector>

#include "tests/fault-injection/explore/scenarios.hpp"
#include "tests/fault-injection/process/plan.hpp"

/// The canonical scenarios, as transactions that clients really start.
namespace escrow::real {

/// What of a scenario's own course the proxy has to see to, since it is no choice of its participants and clients.
[[nodiscard]] std::vector<sim::Fired> course_of(const explore::Scenario& scenario);

/// A plan for each of its transactions, numbered from `first`. `refusals`: further branches whose business says no.
[[nodiscard]] std::vector<processes::Plan> plans_of(const explore::Scenario& scenario, int first, const processes::Urls& urls,
                                                    const std::vector<std::pair<int, int>>& refusals);

}  // namespace escrow::real
