#pragma once

#include <iosfwd>

#include "protocol/result.hpp"
#include "tests/fault-injection/sim/history.hpp"

/// A history as a file: a JSON object a line, in the order in which things happened; what stood at the end comes last. Whoever observes
/// real processes writes the same lines, and every history can be judged again when an oracle has changed.
namespace escrow::oracles {

void write_history(const sim::History& history, std::ostream& out);

/// The error names the line.
[[nodiscard]] Result<sim::History> read_history(std::istream& in);

}  // namespace escrow::oracles
