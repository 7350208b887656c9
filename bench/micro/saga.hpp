#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "coordinator/core/decide.hpp"

/// The saga that the cases work on: two branches with payloads of 200 bytes, waited for.
namespace escrow::bench::micro {

inline constexpr core::Time begun_at{core::Duration(1'700'000'000'000)};

/// Of the n-th transaction; as long as a generated one.
[[nodiscard]] std::string gid_text(std::size_t number);
[[nodiscard]] std::string start_body(std::size_t number);
[[nodiscard]] std::shared_ptr<const protocol::StartRequest> start_request(std::size_t number);
/// What a participant that has done it answers with.
[[nodiscard]] core::Outcome succeeded();
/// From `active` to `committed`, both branches answered.
void drive_to_end(core::Transaction& transaction, std::vector<core::HistoryEvent>& history);

/// Ends the program: a case that did not do its work measures nothing.
void require(bool holds, const char* what);

}  // namespace escrow::bench::micro
