#pragma once

#include <string>

namespace escrow::tests {

/// docs/state-machines.md, its tables printed from what `decide` consults.
[[nodiscard]] std::string state_machine_page();

}  // namespace escrow::tests
