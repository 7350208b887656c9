#include <unistd.h>

#include <escrow/context.hpp>
#include <escrow/interactive_scope.hpp>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "client-sdk/src/initiator/client_core.hpp"
#include "client-sdk/src/initiator/forward_call.hpp"
#include "protocol/words.hpp"

namespace escrow {
namespace {

using std::chrono::milliseconds;

/// The trace that everything of the transaction belongs to: the caller's, or a new one.
Context trace_of(const std::string& gid) {
  const Context* current = Context::current();
  if (current != nullptr && !current->traceparent().empty()) return {gid, current->traceparent(), current->tracestate()};
  return {gid, new_traceparent(), {}};
}

/// Whether the request behind this error may have been recorded.
bool may_be_recorded(const ClientError& error) { return error.code() == Errc::unknown_outcome || error.code() == Errc::unavailable; }

}  // namespace

struct InteractiveScope::State {
  State(const Client& of, TransactionDraft what)
      : client(&of), draft(std::move(what)), context(trace_of(draft.gid())), process(::getpid()) {}

  const Client* client;
  TransactionDraft draft;
  Context context;
  pid_t process;
  /// The local idea of the transaction's deadline; it only bounds calls.
  http::Clock::time_point deadline;
  bool started = false;
  /// Whether the coordinator may know the transaction.
  bool may_be_started = false;
  /// Whether commit has been said, heard or not: never abort after it.
  bool commit_said = false;
  /// Whether a decision is known, or the scope has nothing to say any more.
  bool decided = false;
  /// A branch that must not be confirmed: why. Forbids the commit.
  std::optional<std::string> failure;

  [[nodiscard]] bool is_inherited() const { return process != ::getpid(); }
  void set_deadline(milliseconds timeout) { deadline = http::Clock::now() + std::min(timeout, milliseconds(std::chrono::hours(24 * 365))); }

  ClientResult<TransactionView> registered(const std::vector<BranchDraft>& branches);
  ClientResult<TransactionView> ensure_started() { return registered({}); }
  ClientResult<TransactionView> checked(ClientResult<TransactionView> answer);
  std::optional<ClientError> unusable() const;
};

std::optional<ClientError> InteractiveScope::State::unusable() const {
  if (is_inherited()) return ClientError(Errc::forked, "the scope belongs to the parent process").gid(draft.gid());
  if (decided || commit_said) return ClientError(Errc::already_decided, "the scope has said commit or abort").gid(draft.gid());
  return std::nullopt;
}

/// What an answer to a start or registration means for the scope.
ClientResult<TransactionView> InteractiveScope::State::checked(ClientResult<TransactionView> answer) {
  if (!answer) {
    const ClientError& error = answer.error();
    if (may_be_recorded(error)) {
      may_be_started = true;
      // It may be registered, and it was not called: a commit would confirm what was never tried.
      failure = "a registration has an unknown outcome";
    }
    if (error.code() == Errc::already_decided) decided = true;
    return answer;
  }
  started = may_be_started = true;
  if (answer->status() != Status::active) {
    decided = true;
    return ClientError(Errc::already_decided, "the transaction is " + std::string(protocol::to_string(answer->status()))).gid(draft.gid());
  }
  return answer;
}

ClientResult<TransactionView> InteractiveScope::State::registered(const std::vector<BranchDraft>& branches) {
  const ContextScope traced(context);
  if (started) return checked(client->register_branches(draft, branches));
  // The first branches go with the start: one durable write instead of two.
  TransactionDraft first = draft;
  for (const BranchDraft& branch : branches) first.add(branch);
  set_deadline(milliseconds(draft.request_.timeout_ms));
  return checked(client->start_interactive(first));
}

InteractiveScope::InteractiveScope(const Client& client, TransactionDraft draft) {
  if (!draft.branches_.empty()) throw std::invalid_argument("a scope registers its branches one by one; its draft has none");
  state_ = std::make_unique<State>(client, std::move(draft));
}

InteractiveScope::InteractiveScope(InteractiveScope&& other) noexcept = default;

InteractiveScope& InteractiveScope::operator=(InteractiveScope&& other) noexcept {
  if (this != &other) {
    leave();
    state_ = std::move(other.state_);
  }
  return *this;
}

InteractiveScope::~InteractiveScope() { leave(); }

void InteractiveScope::leave() noexcept {
  if (!state_ || state_->is_inherited() || state_->decided || state_->commit_said || !state_->may_be_started) return;
  state_->decided = true;
  try {
    const ContextScope traced(state_->context);
    ClientCore& core = *state_->client->core_;
    ApiCall call = core.new_call("POST", "/v1/transactions/" + gid() + "/abort", gid());
    call.give_up = http::Clock::now() + core.options().attempt_timeout();
    // Whatever the answer is: a transaction that hears nothing is aborted by its deadline.
    static_cast<void>(core.begin_view(std::move(call), ClientCore::Waiting::keeps).get());
  } catch (...) {
    // A destructor has nobody to tell; the deadline aborts.
  }
}

const std::string& InteractiveScope::gid() const noexcept {
  static const std::string none;
  return state_ ? state_->draft.gid() : none;
}

ClientResult<TransactionView> InteractiveScope::commit(milliseconds wait) {
  if (!state_) return ClientError(Errc::invalid_argument, "the scope was moved from");
  if (state_->is_inherited()) return *state_->unusable();
  // To say commit again is how an unknown outcome is cleared up.
  if (!state_->commit_said) {
    if (auto error = state_->unusable()) return *error;
    if (state_->failure) return ClientError(Errc::branch_failed, *state_->failure).gid(gid());
    if (!state_->started) {
      auto started = state_->ensure_started();
      if (!started) return started;
    }
  }
  const ContextScope traced(state_->context);
  auto answer = state_->client->commit(gid(), wait);
  if (answer) {
    state_->commit_said = state_->decided = true;
  } else if (may_be_recorded(answer.error())) {
    state_->commit_said = true;
  } else if (answer.error().code() == Errc::already_decided || answer.error().code() == Errc::not_found) {
    state_->decided = true;
  }
  return answer;
}

ClientResult<TransactionView> InteractiveScope::abort(const std::string& reason, milliseconds wait) {
  if (!state_) return ClientError(Errc::invalid_argument, "the scope was moved from");
  if (state_->is_inherited()) return *state_->unusable();
  if (!state_->may_be_started) {
    state_->decided = true;
    return ClientError(Errc::not_found, "nothing has been started").gid(gid());
  }
  const ContextScope traced(state_->context);
  auto answer = state_->client->abort(gid(), reason, wait);
  if (answer || answer.error().code() == Errc::already_decided || answer.error().code() == Errc::not_found) state_->decided = true;
  return answer;
}

ClientResult<TransactionView> InteractiveScope::extend(milliseconds timeout) {
  if (!state_) return ClientError(Errc::invalid_argument, "the scope was moved from");
  if (auto error = state_->unusable()) return *error;
  if (!state_->started) {
    auto started = state_->ensure_started();
    if (!started) return started;
  }
  const ContextScope traced(state_->context);
  auto answer = state_->client->extend(gid(), timeout);
  if (answer) state_->set_deadline(timeout);
  return answer;
}

ClientResult<ForwardAnswer> InteractiveScope::forward(const BranchDraft& branch) {
  auto answers = forward_all({branch});
  if (!answers) return answers.error();
  return std::move(answers->front());
}

ClientResult<std::vector<ForwardAnswer>> InteractiveScope::forward_all(const std::vector<BranchDraft>& branches) {
  if (!state_) return ClientError(Errc::invalid_argument, "the scope was moved from");
  if (auto error = state_->unusable()) return *error;
  if (branches.empty()) return std::vector<ForwardAnswer>();

  std::vector<FieldFault> faults;
  std::vector<protocol::BranchRequest> requests;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const std::string place = "/" + std::to_string(i);
    requests.push_back(branches[i].complete(state_->draft.request_, place, faults));
    if (!protocol::Url::parse(requests.back().forward_url)) faults.emplace_back(place, "the forward call has no URL that can be called");
  }
  if (!faults.empty()) {
    return ClientError(Errc::invalid_argument, "the branches can't be sent as they are").gid(gid()).faults(std::move(faults));
  }

  // Durable first: what is called and not registered would never be undone.
  if (const auto registered = state_->registered(branches); !registered) return registered.error();

  std::vector<Pending<ForwardAnswer>> calls;
  ClientCore& core = *state_->client->core_;
  for (protocol::BranchRequest& request : requests) {
    ForwardCall call{gid(),
                     request.id.text(),
                     *protocol::operation_name(request.kind, protocol::Role::forward),
                     std::move(request.forward_url),
                     std::move(request.payload),
                     {},
                     request.retry,
                     milliseconds(request.request_timeout_ms),
                     state_->deadline,
                     state_->context};
    for (const auto* headers : {&state_->draft.request_.headers, &request.headers}) {
      for (const auto& header : *headers) call.headers.emplace_back(header.name, header.value);
    }
    calls.push_back(
        core.begin<ForwardAnswer>([call = std::move(call)](ClientCore& on) { return make_forward_call(on.http(), on.signer(), call); }));
  }

  std::vector<ForwardAnswer> answers;
  std::optional<ClientError> first_error;
  for (auto& call : calls) {
    auto answer = std::move(call).get();
    if (answer) {
      answers.push_back(std::move(answer).value());
    } else if (!first_error) {
      first_error = answer.error();
    }
  }
  if (!first_error) return answers;
  state_->failure = first_error->to_string();
  return *first_error;
}

}  // namespace escrow
