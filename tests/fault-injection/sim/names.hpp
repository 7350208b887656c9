#pragma once

#include <string_view>

#include "protocol/names.hpp"

/// The names of simulated transactions and branches, t0, t1, ... and b0, b1, ...: made once for all runs, so that everything else can be
/// told by its number.
namespace escrow::sim {

/// Numbers are below this.
inline constexpr int most_names = 64;

[[nodiscard]] const protocol::Gid& gid_of(int transaction);
[[nodiscard]] const protocol::BranchId& branch_of(int branch);

/// As a participant reads it from its headers; empty for -1.
[[nodiscard]] std::string_view branch_text(int branch);

/// The number behind the letter of a simulated gid or branch id; -1: none.
[[nodiscard]] int ordinal_of(std::string_view name);

}  // namespace escrow::sim
