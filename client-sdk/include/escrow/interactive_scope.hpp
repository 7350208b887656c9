#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <escrow/client.hpp>
#include <escrow/saga.hpp>
#include <escrow/tcc.hpp>

namespace escrow {

/// What a participant answered to a forward call that succeeded.
class ForwardAnswer {
 public:
  ForwardAnswer(std::string output, std::int64_t attempts) : output_(std::move(output)), attempts_(attempts) {}

  /// JSON text; empty when the participant sent none.
  [[nodiscard]] const std::string& output() const noexcept { return output_; }
  [[nodiscard]] std::int64_t attempts() const noexcept { return attempts_; }

 private:
  std::string output_;
  std::int64_t attempts_;
};

/// An interactive transaction that lives as long as a C++ scope: use TccScope or SagaScope.
///
/// Every branch is durable at the coordinator before its forward call is sent. Leaving the scope without a commit aborts, on any way out;
/// if that abort can't be delivered, the transaction's deadline does it. It commits only when `commit` is called and every forward call
/// that was made has succeeded: after a refused or unknown one, `commit` fails with Errc::branch_failed and sends nothing.
/// A moved-from scope, and one inherited through fork, does nothing. One thread at a time.
class InteractiveScope {
 public:
  InteractiveScope(InteractiveScope&& other) noexcept;
  InteractiveScope& operator=(InteractiveScope&& other) noexcept;
  InteractiveScope(const InteractiveScope&) = delete;
  InteractiveScope& operator=(const InteractiveScope&) = delete;

  [[nodiscard]] const std::string& gid() const noexcept;

  /// The commit decision, durable on return, and the end if it comes within `wait`. Errc::unknown_outcome: it may have been taken; call
  /// again or look the gid up. The scope does not abort after that.
  [[nodiscard]] ClientResult<TransactionView> commit(std::chrono::milliseconds wait = {});
  /// The abort decision; also what leaving the scope does.
  [[nodiscard]] ClientResult<TransactionView> abort(const std::string& reason = {}, std::chrono::milliseconds wait = {});
  /// Moves the deadline to now + timeout. Starts the transaction if nothing has yet.
  [[nodiscard]] ClientResult<TransactionView> extend(std::chrono::milliseconds timeout);

 protected:
  InteractiveScope(const Client& client, TransactionDraft draft);
  /// Aborts unless decided, within `attempt_timeout`; a failure is left to the deadline.
  ~InteractiveScope();

  [[nodiscard]] ClientResult<ForwardAnswer> forward(const BranchDraft& branch);
  [[nodiscard]] ClientResult<std::vector<ForwardAnswer>> forward_all(const std::vector<BranchDraft>& branches);

 private:
  void leave() noexcept;

  struct State;
  std::unique_ptr<State> state_;
};

/// try, confirm and cancel by hand.
class TccScope : public InteractiveScope {
 public:
  /// Nothing is sent yet: the first branch starts the transaction. The client must outlive the scope.
  TccScope(const Client& client, std::string name) : TccScope(client, Tcc(std::move(name))) {}
  /// With gid, timeout, retry policy and so on; the draft must have no branches.
  TccScope(const Client& client, const Tcc& draft) : InteractiveScope(client, draft) {}

  /// Registers the branch and, once that is durable, calls its `try` until there is a definite answer, by the retry policy and at most
  /// until the transaction's timeout. Errc::refused: the participant said no (its words are the detail); Errc::unknown_outcome with the
  /// branch registered: no definite answer; everything else: not registered, and not called.
  [[nodiscard]] ClientResult<ForwardAnswer> try_branch(const TccBranch& branch) { return forward(branch); }
  /// Registers all, calls all at once, and waits for all; the first failure in the order of the list is the result.
  [[nodiscard]] ClientResult<std::vector<ForwardAnswer>> try_branches(const std::vector<TccBranch>& branches) {
    return forward_all({branches.begin(), branches.end()});
  }
};

/// Actions by hand, compensated in reverse unless committed.
class SagaScope : public InteractiveScope {
 public:
  SagaScope(const Client& client, std::string name) : SagaScope(client, Saga(std::move(name))) {}
  SagaScope(const Client& client, const Saga& draft) : InteractiveScope(client, draft) {}

  /// As TccScope::try_branch, with the step's `action`.
  [[nodiscard]] ClientResult<ForwardAnswer> act(const Step& step) { return forward(step); }
};

}  // namespace escrow
