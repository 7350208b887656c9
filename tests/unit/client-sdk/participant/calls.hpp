#pragma once

#include <string>

#include <catch2/catch.hpp>

#include <escrow/branch.hpp>

namespace escrow::test {

/// A call as the coordinator makes it.
inline Branch call_of(Operation operation, Phase phase, const std::string& gid = "order-17", const std::string& id = "stock") {
  Branch::Headers headers{{"Escrow-Gid", gid},
                          {"Escrow-Operation", std::string(protocol::to_string(operation))},
                          {"Escrow-Phase", std::string(protocol::to_string(phase))},
                          {"Escrow-Attempt", "1"}};
  if (operation != Operation::check) headers.emplace_back("Escrow-Branch", id);
  auto branch = Branch::from_headers(headers);
  REQUIRE(branch.has_value());
  return std::move(*branch);
}

/// In the phase the coordinator gives it: forward operations `forward`, all others `final`.
inline Branch call_of(Operation operation) {
  const bool forward = operation == Operation::action || operation == Operation::try_;
  return call_of(operation, forward ? Phase::forward : Phase::final);
}

}  // namespace escrow::test
