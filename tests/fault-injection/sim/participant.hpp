#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client-sdk/src/barrier/rules.hpp"
#include "tests/fault-injection/sim/books.hpp"
#include "tests/fault-injection/sim/context.hpp"

/// A service with a local database: the SDK's own barrier rules over a table in memory, and business that refuses, is slow, or dies.
namespace escrow::sim {

/// A request as a participant reads it from its headers, by the numbers of what is named there.
struct WireRequest {
  int service = 0;
  int transaction = -1;
  /// -1 for a check.
  int branch = -1;
  protocol::OperationName operation = protocol::OperationName::action;
  protocol::Phase phase = protocol::Phase::forward;
  std::int64_t attempt = 1;
  /// Of URL, key and payload together.
  std::uint64_t fingerprint = 0;

  [[nodiscard]] Identity identity() const { return {transaction, branch, static_cast<int>(operation), attempt}; }
};

/// What came back. Status 0: no answer.
struct WireAnswer {
  unsigned status = 0;
  std::optional<Duration> retry_after;
  /// A 2xx that is not the participant's: a login page, or another transaction's answer.
  bool foreign = false;
  std::shared_ptr<const std::string> output;
};

/// Who called, and learns what came back.
class Caller {
 public:
  virtual void answered(std::uint64_t call, WireAnswer answer) = 0;

 protected:
  ~Caller() = default;
};

/// Where an answer goes; nowhere, for a copy of a request that nobody waits for.
struct Reply {
  Caller* caller = nullptr;
  std::uint64_t call = 0;

  void operator()(WireAnswer answer) const {
    if (caller != nullptr) caller->answered(call, std::move(answer));
  }
};

/// Services are numbered; the number stands in the URL.
[[nodiscard]] std::string url_of_service(int service, std::string_view path);
[[nodiscard]] int service_of_url(std::string_view url);

/// Some undos are refused until an operator settles them by hand.
[[nodiscard]] bool is_stubborn(std::uint64_t seed, int transaction, int branch);

class Participant {
 public:
  Participant(Context& context, int service) : context_(context), service_(service), books_(context.seed, service, context.is_ordinary) {}

  /// A request has arrived. `reply` is called at most once.
  void receive(const WireRequest& request, Reply reply);

  /// The initiator's local transaction of a two-phase message lives in this service's database. Calls back with whether it committed;
  /// nothing: the process died before it could learn.
  void commit_locally(int transaction, Once<std::optional<bool>> done);

  /// Whether there is enough for that operation now: without it the business refuses, however often it is asked.
  [[nodiscard]] bool covers(protocol::OperationName operation, int transaction, int branch) const {
    return books_.covers(posting_of(operation, context_.movement(transaction, branch)));
  }

  void describe_rows(std::vector<BarrierRow>& rows) const;
  void describe_accounts(std::vector<Account>& found) const;

 private:
  class LocalTransaction;
  /// A row of the barrier's table; its key is the transaction, the branch (-1: the message) and the operation's place among the words.
  struct StoredRow {
    int transaction = -1;
    int branch = -1;
    std::uint8_t operation = 0;
    barrier::Row row;

    [[nodiscard]] bool has_key_of(const StoredRow& other) const {
      return transaction == other.transaction && branch == other.branch && operation == other.operation;
    }
  };
  struct Running {
    int transaction = -1;
    int branch = -1;
    std::uint64_t work = 0;
  };

  void execute(const WireRequest& request, Reply reply);
  [[nodiscard]] std::vector<Running>::iterator find_running(const WireRequest& request);
  /// Runs the local transaction; nothing: the process died on the way.
  std::optional<WireAnswer> run_locally(const WireRequest& request);
  std::optional<WireAnswer> run_check(const WireRequest& request);
  /// A call changed nothing: because it had been done before, or because its undo had been there first.
  void notice_repeat(const WireRequest& request, LocalTransaction& local);
  [[nodiscard]] Outcome do_business(const WireRequest& request, LocalTransaction& local);
  void journal(const WireRequest& request, Committed::What what, const Posting& posting = {});
  void crash();

  Context& context_;
  int service_;
  Books books_;
  std::vector<StoredRow> rows_;
  /// What the local transaction that is open has inserted; there is one at a time.
  std::vector<StoredRow> staged_;
  /// Work that was answered with 202 and still runs; lost when the process dies.
  std::vector<Running> running_;
  std::uint64_t last_work_ = 0;
  /// Messages whose local transaction is open.
  std::vector<int> open_messages_;
  std::uint64_t life_ = 0;
};

}  // namespace escrow::sim
