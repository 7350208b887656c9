#include <fmt/format.h>

#include <escrow/schema.hpp>
#include <escrow/sqlite/handlers.hpp>

#include "bench/micro/cases.hpp"
#include "bench/micro/saga.hpp"

namespace escrow::bench::micro {

void barrier_action(std::size_t times) {
  // One connection, since one thread uses the pool: all calls see the same database in memory.
  const sqlite::Connections connections(":memory:");
  require(sqlite::create_barrier_schema(connections.lease()->get()).has_value(), "the barrier's tables can't be made");
  const auto handler = sqlite::behind_barrier(connections, [](const sqlite::Call&) { return Outcome::succeeded(); });
  for (std::size_t i = 0; i < times; ++i) {
    const auto branch = Branch::from_headers(Branch::Headers{{"Escrow-Gid", gid_text(i)},
                                                             {"Escrow-Branch", "stock"},
                                                             {"Escrow-Operation", "action"},
                                                             {"Escrow-Phase", "forward"},
                                                             {"Escrow-Attempt", "1"}});
    require(branch.has_value(), "the call is malformed");
    for (int copy = 0; copy < 2; ++copy)
      require(handler(*branch, "{}").kind() == Outcome::Kind::succeeded, "the barrier did not let the action through");
  }
}

}  // namespace escrow::bench::micro
