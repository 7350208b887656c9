#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// The words of the protocol (docs/protocol.md, sections 1 to 3) and their spelling on the wire, in the log and in the console.
namespace escrow::protocol {

/// The preset a transaction starts in.
enum class Mode : std::uint8_t { saga, tcc, message, mixed };
/// What a branch's operations are called.
enum class Kind : std::uint8_t { saga, tcc, message };
enum class Order : std::uint8_t { sequential, parallel, graph };
enum class Status : std::uint8_t { active, committing, aborting, committed, aborted };
/// A call owed to a branch; `check` is owed to the initiator of a two-phase message.
enum class OperationName : std::uint8_t { action, compensate, try_, confirm, cancel, check };
/// The place an operation has in its branch, whatever its kind calls it.
enum class Role : std::uint8_t { forward, confirm, undo, check };
enum class OperationState : std::uint8_t { waiting, calling, backing_off, succeeded, failed, unknown, skipped };
/// forward: a refusal aborts; final: called until it succeeds.
enum class Phase : std::uint8_t { forward, final };
enum class AbortCode : std::uint8_t { branch_failed, attempts_exhausted, timeout, initiator, operator_, check_refused };
enum class EventType : std::uint8_t {
  started,
  branch_registered,
  attempt_failed,
  operation_succeeded,
  operation_failed,
  operation_skipped,
  commit_decided,
  abort_decided,
  check_answered,
  attention_raised,
  attention_cleared,
  operation_resolved,
  retried_now,
  extended,
  recovered,
  committed,
  aborted
};
/// The `code` of a problem document.
enum class ProblemCode : std::uint8_t {
  malformed_request,
  malformed_json,
  unauthenticated,
  forbidden,
  not_found,
  method_not_allowed,
  request_timeout,
  body_too_large,
  unsupported_media_type,
  header_too_large,
  gid_conflict,
  branch_conflict,
  already_decided,
  not_interactive,
  past_pivot,
  not_resolvable,
  invalid,
  internal,
  overloaded,
  store_unavailable,
  draining
};

[[nodiscard]] std::string_view to_string(Mode mode);
[[nodiscard]] std::string_view to_string(Kind kind);
[[nodiscard]] std::string_view to_string(Order order);
[[nodiscard]] std::string_view to_string(Status status);
[[nodiscard]] std::string_view to_string(OperationName name);
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::string_view to_string(OperationState state);
[[nodiscard]] std::string_view to_string(Phase phase);
[[nodiscard]] std::string_view to_string(AbortCode code);
[[nodiscard]] std::string_view to_string(EventType type);
[[nodiscard]] std::string_view to_string(ProblemCode code);

/// `from_string<Mode>("saga")`; nothing when the text is not one of the words (case matters).
template <class Word>
[[nodiscard]] std::optional<Word> from_string(std::string_view text);

template <> std::optional<Mode> from_string<Mode>(std::string_view text);
template <> std::optional<Kind> from_string<Kind>(std::string_view text);
template <> std::optional<Order> from_string<Order>(std::string_view text);
template <> std::optional<Status> from_string<Status>(std::string_view text);
template <> std::optional<OperationName> from_string<OperationName>(std::string_view text);
template <> std::optional<Role> from_string<Role>(std::string_view text);
template <> std::optional<OperationState> from_string<OperationState>(std::string_view text);
template <> std::optional<Phase> from_string<Phase>(std::string_view text);
template <> std::optional<AbortCode> from_string<AbortCode>(std::string_view text);
template <> std::optional<EventType> from_string<EventType>(std::string_view text);
template <> std::optional<ProblemCode> from_string<ProblemCode>(std::string_view text);

/// The HTTP status that a problem code travels with (docs/protocol.md, 3.1).
[[nodiscard]] unsigned http_status(ProblemCode code);

/// What the operation in this place of a branch of this kind is called; nothing where the kind has none.
[[nodiscard]] std::optional<OperationName> operation_name(Kind kind, Role role);
/// The place of an operation of that name in a branch of this kind; nothing where the kind has none of that name.
[[nodiscard]] std::optional<Role> role_of(Kind kind, OperationName name);

[[nodiscard]] constexpr bool is_terminal(Status status) { return status == Status::committed || status == Status::aborted; }
[[nodiscard]] constexpr bool is_settled(OperationState state) {
  return state == OperationState::succeeded || state == OperationState::failed || state == OperationState::unknown ||
         state == OperationState::skipped;
}

inline constexpr std::array all_roles{Role::forward, Role::confirm, Role::undo};

}  // namespace escrow::protocol
