#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/fault-injection/sim/faults.hpp"

/// What stands in `Identity::operation`, by who asks; and how a fault is written in a scenario file.
namespace escrow::sim {

// 0 to 5: a call, by its operation (protocol::OperationName).
/// The local transaction of a two-phase message's initiator.
inline constexpr int of_local_transaction = 100;
inline constexpr int of_process = 200;
inline constexpr int input_written = 202;
inline constexpr int input_loaded = 203;
inline constexpr int input_page = 204;
inline constexpr int input_woken = 206;
inline constexpr int input_drain = 207;
inline constexpr int input_forgotten = 208;
/// And the operation of the call that has ended.
inline constexpr int input_ended = 210;
/// And what is asked (history.hpp, Ask).
inline constexpr int input_request = 220;
/// And the step of the client's program.
inline constexpr int of_client = 300;
/// And what is asked.
inline constexpr int of_ask = 400;

/// As in `net.answer_lost t0 b1 confirm attempt 2 #1 until healed`: the point; whose; where one step does several things, which of them
/// (`at 1`); which of several equal occasions, unless it is the first.
[[nodiscard]] std::string text_of(const Fired& fault);
/// Nothing: the text is none, and `why` says what is wrong with it.
[[nodiscard]] std::optional<Fired> fault_from(std::string_view text, std::string& why);

}  // namespace escrow::sim
