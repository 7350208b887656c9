#include "protocol/words.hpp"

#include <span>
#include <utility>

#include "protocol/assert.hpp"

namespace escrow::protocol {
namespace {

using namespace std::string_view_literals;

template <class Word>
using Spelling = std::pair<Word, std::string_view>;

// One table a word list; the enumerators are dense, so the index is the value (spell() asserts it).
constexpr std::array modes{Spelling<Mode>{Mode::saga, "saga"sv}, Spelling<Mode>{Mode::tcc, "tcc"sv},
                           Spelling<Mode>{Mode::message, "message"sv}, Spelling<Mode>{Mode::mixed, "mixed"sv}};
constexpr std::array kinds{Spelling<Kind>{Kind::saga, "saga"sv}, Spelling<Kind>{Kind::tcc, "tcc"sv},
                           Spelling<Kind>{Kind::message, "message"sv}};
constexpr std::array orders{Spelling<Order>{Order::sequential, "sequential"sv}, Spelling<Order>{Order::parallel, "parallel"sv},
                            Spelling<Order>{Order::graph, "graph"sv}};
constexpr std::array statuses{Spelling<Status>{Status::active, "active"sv}, Spelling<Status>{Status::committing, "committing"sv},
                              Spelling<Status>{Status::aborting, "aborting"sv}, Spelling<Status>{Status::committed, "committed"sv},
                              Spelling<Status>{Status::aborted, "aborted"sv}};
constexpr std::array operation_names{
    Spelling<OperationName>{OperationName::action, "action"sv}, Spelling<OperationName>{OperationName::compensate, "compensate"sv},
    Spelling<OperationName>{OperationName::try_, "try"sv},      Spelling<OperationName>{OperationName::confirm, "confirm"sv},
    Spelling<OperationName>{OperationName::cancel, "cancel"sv}, Spelling<OperationName>{OperationName::check, "check"sv}};
constexpr std::array roles{Spelling<Role>{Role::forward, "forward"sv}, Spelling<Role>{Role::confirm, "confirm"sv},
                           Spelling<Role>{Role::undo, "undo"sv}, Spelling<Role>{Role::check, "check"sv}};
constexpr std::array operation_states{Spelling<OperationState>{OperationState::waiting, "waiting"sv},
                                      Spelling<OperationState>{OperationState::calling, "calling"sv},
                                      Spelling<OperationState>{OperationState::backing_off, "backing_off"sv},
                                      Spelling<OperationState>{OperationState::succeeded, "succeeded"sv},
                                      Spelling<OperationState>{OperationState::failed, "failed"sv},
                                      Spelling<OperationState>{OperationState::unknown, "unknown"sv},
                                      Spelling<OperationState>{OperationState::skipped, "skipped"sv}};
constexpr std::array phases{Spelling<Phase>{Phase::forward, "forward"sv}, Spelling<Phase>{Phase::final, "final"sv}};
constexpr std::array abort_codes{Spelling<AbortCode>{AbortCode::branch_failed, "branch_failed"sv},
                                 Spelling<AbortCode>{AbortCode::attempts_exhausted, "attempts_exhausted"sv},
                                 Spelling<AbortCode>{AbortCode::timeout, "timeout"sv},
                                 Spelling<AbortCode>{AbortCode::initiator, "initiator"sv},
                                 Spelling<AbortCode>{AbortCode::operator_, "operator"sv},
                                 Spelling<AbortCode>{AbortCode::check_refused, "check_refused"sv}};
constexpr std::array event_types{Spelling<EventType>{EventType::started, "started"sv},
                                 Spelling<EventType>{EventType::branch_registered, "branch_registered"sv},
                                 Spelling<EventType>{EventType::attempt_failed, "attempt_failed"sv},
                                 Spelling<EventType>{EventType::operation_succeeded, "operation_succeeded"sv},
                                 Spelling<EventType>{EventType::operation_failed, "operation_failed"sv},
                                 Spelling<EventType>{EventType::operation_skipped, "operation_skipped"sv},
                                 Spelling<EventType>{EventType::commit_decided, "commit_decided"sv},
                                 Spelling<EventType>{EventType::abort_decided, "abort_decided"sv},
                                 Spelling<EventType>{EventType::check_answered, "check_answered"sv},
                                 Spelling<EventType>{EventType::attention_raised, "attention_raised"sv},
                                 Spelling<EventType>{EventType::attention_cleared, "attention_cleared"sv},
                                 Spelling<EventType>{EventType::operation_resolved, "operation_resolved"sv},
                                 Spelling<EventType>{EventType::retried_now, "retried_now"sv},
                                 Spelling<EventType>{EventType::extended, "extended"sv},
                                 Spelling<EventType>{EventType::recovered, "recovered"sv},
                                 Spelling<EventType>{EventType::committed, "committed"sv},
                                 Spelling<EventType>{EventType::aborted, "aborted"sv}};

struct Problem {
  ProblemCode code;
  std::string_view text;
  unsigned status;
};
constexpr std::array problems{Problem{ProblemCode::malformed_request, "malformed_request", 400},
                              Problem{ProblemCode::malformed_json, "malformed_json", 400},
                              Problem{ProblemCode::unauthenticated, "unauthenticated", 401},
                              Problem{ProblemCode::forbidden, "forbidden", 403},
                              Problem{ProblemCode::not_found, "not_found", 404},
                              Problem{ProblemCode::method_not_allowed, "method_not_allowed", 405},
                              Problem{ProblemCode::request_timeout, "request_timeout", 408},
                              Problem{ProblemCode::body_too_large, "body_too_large", 413},
                              Problem{ProblemCode::unsupported_media_type, "unsupported_media_type", 415},
                              Problem{ProblemCode::header_too_large, "header_too_large", 431},
                              Problem{ProblemCode::gid_conflict, "gid_conflict", 409},
                              Problem{ProblemCode::branch_conflict, "branch_conflict", 409},
                              Problem{ProblemCode::already_decided, "already_decided", 409},
                              Problem{ProblemCode::not_interactive, "not_interactive", 409},
                              Problem{ProblemCode::past_pivot, "past_pivot", 409},
                              Problem{ProblemCode::not_resolvable, "not_resolvable", 409},
                              Problem{ProblemCode::invalid, "invalid", 422},
                              Problem{ProblemCode::internal, "internal", 500},
                              Problem{ProblemCode::overloaded, "overloaded", 503},
                              Problem{ProblemCode::store_unavailable, "store_unavailable", 503},
                              Problem{ProblemCode::draining, "draining", 503}};

template <class Word, std::size_t N>
std::string_view spell(const std::array<Spelling<Word>, N>& table, Word word) {
  const auto index = static_cast<std::size_t>(word);
  ESCROW_ASSERT(index < N && table[index].first == word);
  return table[index].second;
}

template <class Word, std::size_t N>
std::optional<Word> read(const std::array<Spelling<Word>, N>& table, std::string_view text) {
  for (const auto& [word, spelling] : table) {
    if (spelling == text) return word;
  }
  return std::nullopt;
}

const Problem& problem(ProblemCode code) {
  const auto index = static_cast<std::size_t>(code);
  ESCROW_ASSERT(index < problems.size() && problems[index].code == code);
  return problems[index];
}

}  // namespace

std::string_view to_string(Mode mode) { return spell(modes, mode); }
std::string_view to_string(Kind kind) { return spell(kinds, kind); }
std::string_view to_string(Order order) { return spell(orders, order); }
std::string_view to_string(Status status) { return spell(statuses, status); }
std::string_view to_string(OperationName name) { return spell(operation_names, name); }
std::string_view to_string(Role role) { return spell(roles, role); }
std::string_view to_string(OperationState state) { return spell(operation_states, state); }
std::string_view to_string(Phase phase) { return spell(phases, phase); }
std::string_view to_string(AbortCode code) { return spell(abort_codes, code); }
std::string_view to_string(EventType type) { return spell(event_types, type); }
std::string_view to_string(ProblemCode code) { return problem(code).text; }

template <> std::optional<Mode> from_string<Mode>(std::string_view text) { return read(modes, text); }
template <> std::optional<Kind> from_string<Kind>(std::string_view text) { return read(kinds, text); }
template <> std::optional<Order> from_string<Order>(std::string_view text) { return read(orders, text); }
template <> std::optional<Status> from_string<Status>(std::string_view text) { return read(statuses, text); }
template <> std::optional<OperationName> from_string<OperationName>(std::string_view text) { return read(operation_names, text); }
template <> std::optional<Role> from_string<Role>(std::string_view text) { return read(roles, text); }
template <> std::optional<OperationState> from_string<OperationState>(std::string_view text) { return read(operation_states, text); }
template <> std::optional<Phase> from_string<Phase>(std::string_view text) { return read(phases, text); }
template <> std::optional<AbortCode> from_string<AbortCode>(std::string_view text) { return read(abort_codes, text); }
template <> std::optional<EventType> from_string<EventType>(std::string_view text) { return read(event_types, text); }
template <> std::optional<ProblemCode> from_string<ProblemCode>(std::string_view text) {
  for (const auto& entry : problems) {
    if (entry.text == text) return entry.code;
  }
  return std::nullopt;
}

unsigned http_status(ProblemCode code) { return problem(code).status; }

std::optional<OperationName> operation_name(Kind kind, Role role) {
  switch (role) {
    case Role::forward:
      if (kind == Kind::saga) return OperationName::action;
      if (kind == Kind::tcc) return OperationName::try_;
      return std::nullopt;
    case Role::confirm:
      if (kind == Kind::tcc) return OperationName::confirm;
      if (kind == Kind::message) return OperationName::action;
      return std::nullopt;
    case Role::undo:
      if (kind == Kind::saga) return OperationName::compensate;
      if (kind == Kind::tcc) return OperationName::cancel;
      return std::nullopt;
    case Role::check: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Role> role_of(Kind kind, OperationName name) {
  for (const Role role : all_roles) {
    if (operation_name(kind, role) == name) return role;
  }
  return std::nullopt;
}

}  // namespace escrow::protocol
