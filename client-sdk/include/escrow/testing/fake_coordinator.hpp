#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <escrow/transaction_view.hpp>

/// For your unit tests: no process, no database, no clock.
namespace escrow::testing {

/// A request that reached the coordinator.
class SeenRequest {
 public:
  SeenRequest(std::string method, std::string target, std::string body)
      : method_(std::move(method)), target_(std::move(target)), body_(std::move(body)) {}

  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  /// Path and query.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  [[nodiscard]] const std::string& body() const noexcept { return body_; }

 private:
  std::string method_;
  std::string target_;
  std::string body_;
};

/// A call that the coordinator made to a participant.
class SeenCall {
 public:
  SeenCall(std::string gid, std::string branch, Operation operation, std::int64_t attempt, unsigned status)
      : gid_(std::move(gid)), branch_(std::move(branch)), operation_(operation), attempt_(attempt), status_(status) {}

  [[nodiscard]] const std::string& gid() const noexcept { return gid_; }
  /// Empty for a check.
  [[nodiscard]] const std::string& branch() const noexcept { return branch_; }
  [[nodiscard]] Operation operation() const noexcept { return operation_; }
  [[nodiscard]] std::int64_t attempt() const noexcept { return attempt_; }
  /// The HTTP status of the answer; 0 when there was none.
  [[nodiscard]] unsigned status() const noexcept { return status_; }

 private:
  std::string gid_;
  std::string branch_;
  Operation operation_;
  std::int64_t attempt_;
  unsigned status_;
};

/// A coordinator inside your test: real HTTP on a free loopback port, requests checked as the real one does, transactions in memory.
///
/// It calls the participants while it answers the request that made the calls due, one after another, a few times each without a pause:
/// so when `start`, `commit` or `abort` returns, everything that could be done has been done. What could not be done stays owed, with
/// attention, until `drive` or the API's retry. Time does not pass in it: timeouts and checks happen when the test says so.
/// It is no place to measure anything, and forgets everything with its end. Thread-safe.
class FakeCoordinator {
 public:
  FakeCoordinator();
  ~FakeCoordinator();
  FakeCoordinator(const FakeCoordinator&) = delete;
  FakeCoordinator& operator=(const FakeCoordinator&) = delete;

  /// What a Client is made with.
  [[nodiscard]] const std::string& url() const noexcept;

  /// From now on calls are signed with this key (`whsec_` or `whsk_`), too. Throws std::invalid_argument.
  void sign_calls(std::string_view key);

  // What shall go wrong. Each counts requests of the API from now on.

  /// Handles the next requests and closes the connection instead of answering: the initiator can't know.
  void lose_next_answers(int count = 1);
  /// Closes the connection of the next requests without handling them.
  void lose_next_requests(int count = 1);
  /// Answers 503 `overloaded` without handling the next requests.
  void refuse_next_requests(int count = 1);
  /// Decisions are recorded, and nothing behind them is called, until `release`: transactions stay `committing` or `aborting`.
  void hold_second_phase();
  /// Ends that, and drives everything that waited.
  void release();
  /// Refuses connections from now on, for good; what it knows can still be looked at.
  void stop();

  // What shall happen now.

  /// The timeout of an active transaction passes: it aborts, if its kind can.
  void expire(const std::string& gid);
  /// The check of a prepared message is called, and obeyed.
  void check(const std::string& gid);
  /// Calls everything owed again.
  void drive(const std::string& gid);

  // What has happened.

  /// Nothing when it was never started.
  [[nodiscard]] std::optional<TransactionView> transaction(const std::string& gid) const;
  /// In the order in which they came, the lost ones included.
  [[nodiscard]] std::vector<SeenRequest> requests() const;
  /// In the order in which they were answered.
  [[nodiscard]] std::vector<SeenCall> calls() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace escrow::testing
