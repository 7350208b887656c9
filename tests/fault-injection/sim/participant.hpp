#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "client-sdk/src/barrier/rules.hpp"
#include "tests/fault-injection/sim/books.hpp"
#include "tests/fault-injection/sim/context.hpp"

/// A service with a local database: the SDK's own barrier rules over a table in memory, and business that refuses, is slow, or dies.
namespace escrow::sim {

/// A request as a participant reads it from its headers.
struct WireRequest {
  std::string url;
  std::string gid;
  /// Empty for a check.
  std::string branch;
  protocol::OperationName operation = protocol::OperationName::action;
  protocol::Phase phase = protocol::Phase::forward;
  std::int64_t attempt = 1;
  std::string key;
  std::string payload;

  [[nodiscard]] Identity identity() const {
    return {ordinal_of(gid), branch.empty() ? -1 : ordinal_of(branch), static_cast<int>(operation), attempt};
  }
};

/// What came back. Status 0: no answer.
struct WireAnswer {
  unsigned status = 0;
  std::optional<Duration> retry_after;
  /// A 2xx that is not the participant's: a login page, or another transaction's answer.
  bool foreign = false;
  std::shared_ptr<const std::string> output;
};

/// Services are numbered; the number stands in the URL.
[[nodiscard]] std::string url_of_service(int service, std::string_view path);
[[nodiscard]] int service_of_url(std::string_view url);

class Participant {
 public:
  Participant(Context& context, int service) : context_(context), service_(service), books_(context.seed, service, context.is_ordinary) {}

  using Reply = std::function<void(WireAnswer)>;
  /// A request has arrived. `reply` is called at most once.
  void receive(WireRequest request, Reply reply);

  /// The initiator's local transaction of a two-phase message lives in this service's database. Calls back with whether it committed;
  /// nothing: the process died before it could learn.
  void commit_locally(const std::string& gid, std::function<void(std::optional<bool>)> done);

  void describe_rows(std::vector<BarrierRow>& rows) const;
  void describe_accounts(std::vector<Account>& found) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  class LocalTransaction;

  void execute(const WireRequest& request, const Reply& reply);
  /// Runs the local transaction; nothing: the process died on the way.
  std::optional<WireAnswer> run_locally(const WireRequest& request);
  std::optional<WireAnswer> run_check(const WireRequest& request);
  [[nodiscard]] Outcome do_business(const WireRequest& request, LocalTransaction& local);
  void journal(const WireRequest& request, Committed::What what, const Posting& posting = {});
  void crash();

  Context& context_;
  int service_;
  Books books_;
  std::map<Key, barrier::Row> rows_;
  /// Work that was answered with 202 and still runs; lost when the process dies.
  std::map<std::pair<std::string, std::string>, std::uint64_t> running_;
  std::uint64_t last_work_ = 0;
  /// Messages whose local transaction is open.
  std::set<std::string> open_messages_;
  std::uint64_t life_ = 0;
};

}  // namespace escrow::sim
