#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// The planted bugs of the product (protocol/planted_bug.hpp), each a line in its code that is compiled for these tests only. An oracle
/// that does not find the bug it is named for proves nothing.
namespace escrow::mutants {

struct PlantedBug {
  std::string_view name;
  /// core, node, barrier or store, and the file in it.
  std::string_view where;
  std::string_view what_it_breaks;
  /// The oracle that must find it, by its id.
  std::string_view oracle;
  /// Who is known to have shipped it, or a design that invites it; empty: none that we know.
  std::string_view seen_at = {};
  /// Where a hunt begins that names no seed: behind 1 for what fewer than one seed in a hundred thousand meets.
  std::uint64_t first_seed = 1;
};

[[nodiscard]] std::span<const PlantedBug> planted_bugs();
[[nodiscard]] std::optional<PlantedBug> bug_named(std::string_view name);

}  // namespace escrow::mutants
