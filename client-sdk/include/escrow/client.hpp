#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <escrow/client_error.hpp>
#include <escrow/client_options.hpp>
#include <escrow/pending.hpp>
#include <escrow/transaction_draft.hpp>
#include <escrow/transaction_view.hpp>

#include "protocol/result.hpp"

namespace escrow {

class ClientCore;

template <class T>
using ClientResult = Result<T, ClientError>;

/// What a list shows; several statuses are or-ed, different filters and-ed.
class ListQuery {
 public:
  ListQuery& status(Status status);
  ListQuery& mode(Mode mode);
  ListQuery& name(std::string_view name);
  /// Only transactions that have attention, or only those that have none.
  ListQuery& attention(bool has_attention);
  ListQuery& attribute(std::string_view key, std::string_view value);
  /// RFC 3339.
  ListQuery& started_after(std::string_view time);
  ListQuery& started_before(std::string_view time);
  /// 1 to 500; default 50.
  ListQuery& limit(std::int64_t limit);
  /// TransactionPage::next_cursor of the page before.
  ListQuery& cursor(std::string_view cursor);

  /// `?status=active&...`, or nothing.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  ListQuery& add(std::string_view name, std::string_view value);
  std::string text_;
};

/// The calls of Client, begun at once and awaited later. Refers to its Client's machinery, which it does not keep working: once the
/// Client is destroyed every call ends with Errc::cancelled or Errc::unknown_outcome.
class AsyncClient {
 public:
  [[nodiscard]] Pending<TransactionView> start(const TransactionDraft& draft) const;
  [[nodiscard]] Pending<TransactionView> run(const TransactionDraft& draft,
                                             std::chrono::milliseconds wait = std::chrono::seconds(30)) const;
  [[nodiscard]] Pending<TransactionView> get(const std::string& gid) const;
  [[nodiscard]] Pending<TransactionView> wait(const std::string& gid, std::chrono::milliseconds wait) const;
  [[nodiscard]] Pending<TransactionView> commit(const std::string& gid, std::chrono::milliseconds wait = {}) const;
  [[nodiscard]] Pending<TransactionView> abort(const std::string& gid, const std::string& reason = {},
                                               std::chrono::milliseconds wait = {}) const;
  [[nodiscard]] Pending<TransactionView> extend(const std::string& gid, std::chrono::milliseconds timeout) const;
  [[nodiscard]] Pending<TransactionView> retry(const std::string& gid) const;
  [[nodiscard]] Pending<TransactionView> resolve(const std::string& gid, const std::string& branch, Operation operation,
                                                 const std::string& outcome, const std::string& reason) const;
  [[nodiscard]] Pending<TransactionPage> list(const ListQuery& query = {}) const;
  [[nodiscard]] Pending<std::vector<EventView>> events(const std::string& gid) const;
  [[nodiscard]] Pending<CoordinatorInfo> info() const;

 private:
  friend class Client;
  explicit AsyncClient(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}
  std::shared_ptr<ClientCore> core_;
};

/// Talks to a coordinator. Thread-safe: share one per process. Owns one thread for the network and one for callbacks.
///
/// Every call is safe to repeat and is repeated: after a lost answer, a 5xx, or on the next address, until `total_timeout`. Then it says
/// what is known: Errc::unreachable (nothing of it was ever sent), Errc::unavailable (the coordinator said 503 to the end) or
/// Errc::unknown_outcome (it may or may not have been recorded; `gid()` of the error is what to look up). Looking never changes anything
/// and has no unknown outcome. A definite no (4xx) is never repeated. Errc::cancelled: the Client was destroyed first.
///
/// After a fork the child must not use what it inherited: calls fail with Errc::forked, destructors do nothing.
class Client {
 public:
  /// From the environment (ClientOptions::from_environment).
  Client();
  /// One or several addresses, separated by commas.
  explicit Client(std::string_view urls);
  /// Throws std::invalid_argument when an option can't be used: an address that is none, a CA file that can't be read.
  explicit Client(const ClientOptions& options);
  /// Ends all calls under way with an error, and returns when the last callback has.
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] AsyncClient async() const { return AsyncClient(core_); }

  /// Starts a driven transaction: on return it is durable and will be driven to an end. Again with the same gid and content: what has
  /// become of it. Errc::gid_conflict when the gid belongs to something else.
  [[nodiscard]] ClientResult<TransactionView> start(const TransactionDraft& draft) const;
  /// `start`, and waits for the end. The view is terminal; when the end did not come in time, Errc::unknown_outcome with the gid
  /// and, when known, the last status: the transaction goes on.
  [[nodiscard]] ClientResult<TransactionView> run(const TransactionDraft& draft,
                                                  std::chrono::milliseconds wait = std::chrono::seconds(30)) const;
  [[nodiscard]] ClientResult<TransactionView> get(const std::string& gid) const;
  /// Returns when the transaction is terminal or the time has passed: the view's status is the truth.
  [[nodiscard]] ClientResult<TransactionView> wait(const std::string& gid, std::chrono::milliseconds wait) const;

  /// Starts an interactive transaction, the branches of the draft without their forward calls. TccScope and SagaScope do this for you.
  [[nodiscard]] ClientResult<TransactionView> start_interactive(const TransactionDraft& draft) const;
  /// Registers branches of an interactive transaction, all or none: on return they are durable, and their forward calls may be made.
  /// `draft` is what the transaction was started with.
  [[nodiscard]] ClientResult<TransactionView> register_branches(const TransactionDraft& draft,
                                                                const std::vector<BranchDraft>& branches) const;
  /// Decides an interactive transaction, and waits for its end up to `wait`. To repeat the decision is fine, the opposite is
  /// Errc::already_decided.
  [[nodiscard]] ClientResult<TransactionView> commit(const std::string& gid, std::chrono::milliseconds wait = {}) const;
  /// As `commit`; also aborts an active driven transaction, unless its pivot's turn has come (Errc::past_pivot).
  [[nodiscard]] ClientResult<TransactionView> abort(const std::string& gid, const std::string& reason = {},
                                                    std::chrono::milliseconds wait = {}) const;
  /// The deadline of an interactive transaction becomes now + timeout, also when that is earlier.
  [[nodiscard]] ClientResult<TransactionView> extend(const std::string& gid, std::chrono::milliseconds timeout) const;

  /// Calls everything that is backing off now.
  [[nodiscard]] ClientResult<TransactionView> retry(const std::string& gid) const;
  /// An operator's word for an operation that is owed: `outcome` is `succeeded` or `refused`; with an empty branch for the check of a
  /// message, `committed` or `aborted`. `reason` is required and kept in the history.
  [[nodiscard]] ClientResult<TransactionView> resolve(const std::string& gid, const std::string& branch, Operation operation,
                                                      const std::string& outcome, const std::string& reason) const;

  [[nodiscard]] ClientResult<TransactionPage> list(const ListQuery& query = {}) const;
  /// The history, oldest first.
  [[nodiscard]] ClientResult<std::vector<EventView>> events(const std::string& gid) const;
  [[nodiscard]] ClientResult<CoordinatorInfo> info() const;

 private:
  friend class InteractiveScope;
  friend class MessageScope;
  std::shared_ptr<ClientCore> core_;
};

}  // namespace escrow
