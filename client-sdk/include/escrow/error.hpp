#pragma once

#include <string>
#include <system_error>

#include "protocol/result.hpp"

/// The SDK's failures: a code only where a caller would do something else about it.
namespace escrow {

enum class Errc {
  // What the coordinator, or the way to it, said.
  invalid_argument = 1,  ///< the request can't be right as it stands; nothing was sent, or the coordinator answered 400 or 422
  unreachable,           ///< no address answered, and nothing can have been recorded
  unknown_outcome,       ///< the request may or may not have been recorded: repeat it with the same gid, or look the gid up
  unavailable,           ///< 503 until the time was up; nothing was recorded, or a repeat with the same gid finds it
  unauthenticated,       ///< 401 or 403
  not_found,             ///< 404: no such transaction or branch
  gid_conflict,          ///< the gid belongs to another request, or has been retired
  branch_conflict,       ///< the branch id was registered with other content
  already_decided,       ///< the transaction went the other way
  not_interactive,       ///< only an interactive transaction can be asked that
  past_pivot,            ///< the point of no return has been passed
  rejected,              ///< any other definite no of the coordinator
  broken_answer,         ///< something answered that is not an escrowd
  cancelled,             ///< the client was shut down before the answer came
  forked,                ///< the client or scope was made before a fork, in the parent
  // What an interactive initiator meets.
  refused,        ///< a participant said no to a forward call: it did nothing and will not
  branch_failed,  ///< not committed, since a forward call was refused or never answered clearly
  // What a participant meets.
  malformed_call,      ///< the headers are not those of docs/protocol.md, section 4: answer 400
  unverified_call,     ///< not signed, wrongly signed, or signed for another call or time: answer 401
  busy,                ///< the database is busy with another transaction; nothing was changed; try again
  not_in_transaction,  ///< the connection has no open transaction, and this only makes sense inside one
  message_aborted,     ///< a check came first and was told no: roll the local transaction back
  message_recorded,    ///< the same message was recorded before, by a transaction that committed: roll this one back
  database,            ///< any other failure of the database; nothing is known to have been changed
  listen               ///< the address can't be listened on
};

[[nodiscard]] const std::error_category& sdk_category() noexcept;
[[nodiscard]] std::error_code make_error_code(Errc code) noexcept;
/// An Error of the SDK with a sentence for people.
[[nodiscard]] Error make_error(Errc code, std::string detail);

}  // namespace escrow

template <>
struct std::is_error_code_enum<escrow::Errc> : std::true_type {};
