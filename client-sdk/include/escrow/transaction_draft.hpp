#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <escrow/client_error.hpp>
#include <escrow/transaction_view.hpp>

#include "protocol/result.hpp"
#include "protocol/start_request.hpp"

/// What Saga, Tcc, Message and Mixed have in common: a request that is being written. Nothing here talks to anybody.
namespace escrow {

/// How attempts follow one another (docs/protocol.md, 3.2); what is not set is inherited.
class RetryOptions {
 public:
  RetryOptions& initial(std::chrono::milliseconds value) {
    initial_ = value;
    return *this;
  }
  RetryOptions& max(std::chrono::milliseconds value) {
    max_ = value;
    return *this;
  }
  RetryOptions& multiplier(double value) {
    multiplier_ = value;
    return *this;
  }
  /// 0 to 1.
  RetryOptions& jitter(double value) {
    jitter_ = value;
    return *this;
  }
  /// Of forward attempts without a definite answer; 0: no limit.
  RetryOptions& max_attempts(std::int64_t value) {
    max_attempts_ = value;
    return *this;
  }

  /// `inherited`, overridden by what was set here.
  [[nodiscard]] protocol::RetryPolicy over(const protocol::RetryPolicy& inherited) const;

 private:
  std::optional<std::chrono::milliseconds> initial_;
  std::optional<std::chrono::milliseconds> max_;
  std::optional<double> multiplier_;
  std::optional<double> jitter_;
  std::optional<std::int64_t> max_attempts_;
};

/// A branch that is being written. Faults are kept until it is sent, and then told all at once as Errc::invalid_argument.
class BranchDraft {
 public:
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 protected:
  BranchDraft(Kind kind, std::string id) : id_(std::move(id)), kind_(kind) {}

  void set_url(protocol::Role role, std::string url) { urls_[static_cast<std::size_t>(role)] = std::move(url); }
  void set_payload(std::string json) { payload_ = std::move(json); }
  void add_after(std::string id) {
    has_after_ = true;
    after_.push_back(std::move(id));
  }
  void set_graph() { has_after_ = true; }
  void set_pivot() { pivot_ = true; }
  void set_retry(RetryOptions retry) { retry_ = retry; }
  void set_request_timeout(std::chrono::milliseconds value) { request_timeout_ = value; }
  void add_header(std::string name, std::string value) { headers_.push_back({std::move(name), std::move(value)}); }

 private:
  friend class TransactionDraft;
  friend class InteractiveScope;

  /// The branch with the transaction's defaults; faults are added to `faults` with places below `place`.
  [[nodiscard]] protocol::BranchRequest complete(const protocol::StartRequest& transaction, const std::string& place,
                                                 std::vector<FieldFault>& faults) const;

  std::string id_;
  Kind kind_;
  /// By role: forward, confirm, undo.
  std::string urls_[3];
  std::optional<std::string> payload_;
  std::vector<std::string> after_;
  bool has_after_ = false;
  bool pivot_ = false;
  std::optional<RetryOptions> retry_;
  std::optional<std::chrono::milliseconds> request_timeout_;
  std::vector<protocol::HeaderField> headers_;
};

/// The setters that every kind of branch has, returning the branch itself.
template <class Self>
class BranchSetters : public BranchDraft {
 public:
  /// One JSON text; its bytes go to the participant exactly as they are, in every attempt. Without it the calls have an empty body.
  Self& payload(std::string json) {
    set_payload(std::move(json));
    return self();
  }
  /// For the calls of this branch, over the transaction's.
  Self& retry(RetryOptions retry) {
    set_retry(retry);
    return self();
  }
  /// For one call of this branch; 1 ms to 10 min.
  Self& request_timeout(std::chrono::milliseconds value) {
    set_request_timeout(value);
    return self();
  }
  /// Sent with each call of this branch; never shown nor logged by the coordinator.
  Self& header(std::string name, std::string value) {
    add_header(std::move(name), std::move(value));
    return self();
  }

 protected:
  using BranchDraft::BranchDraft;
  Self& self() { return static_cast<Self&>(*this); }
};

/// A branch of a saga: a local transaction that another one can reverse.
class Step : public BranchSetters<Step> {
 public:
  explicit Step(std::string id) : BranchSetters(Kind::saga, std::move(id)) {}

  Step& action(std::string url) {
    set_url(protocol::Role::forward, std::move(url));
    return *this;
  }
  /// May be left out: nothing to undo.
  Step& compensate(std::string url) {
    set_url(protocol::Role::undo, std::move(url));
    return *this;
  }
  /// Starts only after that branch; makes the transaction a graph.
  Step& after(std::string id) {
    add_after(std::move(id));
    return *this;
  }
  /// Says that the branch starts at once in a graph; the same as a branch without `after`.
  Step& after_nothing() {
    set_graph();
    return *this;
  }
  /// The point of no return: at most one in a driven transaction.
  Step& pivot() {
    set_pivot();
    return *this;
  }
};

/// A branch that reserves now and settles later.
class TccBranch : public BranchSetters<TccBranch> {
 public:
  explicit TccBranch(std::string id) : BranchSetters(Kind::tcc, std::move(id)) {}

  /// C++ has a keyword `try`, hence the underscore.
  TccBranch& try_(std::string url) {
    set_url(protocol::Role::forward, std::move(url));
    return *this;
  }
  TccBranch& confirm(std::string url) {
    set_url(protocol::Role::confirm, std::move(url));
    return *this;
  }
  TccBranch& cancel(std::string url) {
    set_url(protocol::Role::undo, std::move(url));
    return *this;
  }
  /// Starts only after that branch; makes the transaction a graph.
  TccBranch& after(std::string id) {
    add_after(std::move(id));
    return *this;
  }
};

/// A call that must happen if, and only if, the transaction commits.
class Delivery : public BranchSetters<Delivery> {
 public:
  explicit Delivery(std::string id) : BranchSetters(Kind::message, std::move(id)) {}

  Delivery& action(std::string url) {
    set_url(protocol::Role::confirm, std::move(url));
    return *this;
  }
};

/// A transaction that is being written. One object is one transaction: it has its gid from the beginning (a new UUIDv7 unless one is
/// given), a copy has the same, and to start it twice is to start it once.
class TransactionDraft {
 public:
  [[nodiscard]] const std::string& gid() const noexcept { return gid_; }
  [[nodiscard]] Mode mode() const noexcept { return request_.mode; }

  /// The checked request. Errc::invalid_argument with every fault that can be seen from here: names, payloads that are no JSON.
  [[nodiscard]] Result<protocol::StartRequest, ClientError> complete(bool interactive) const;
  /// The body that registers `branches`, without their forward URLs. Errc::invalid_argument as above.
  [[nodiscard]] Result<std::string, ClientError> registration(const std::vector<BranchDraft>& branches) const;

 protected:
  TransactionDraft(Mode mode, std::string name);

  void add(const BranchDraft& branch) { branches_.push_back(branch); }

  std::string gid_;
  /// Without gid and branches.
  protocol::StartRequest request_;

 private:
  friend class InteractiveScope;
  std::vector<BranchDraft> branches_;
};

/// The setters that every mode has, returning the transaction itself.
template <class Self>
class TransactionSetters : public TransactionDraft {
 public:
  /// Your own name for it, 1 to 128 characters of `A-Z a-z 0-9 . _ : -`: best one that the business knows, so that a repeat of the
  /// business request is a repeat of the transaction.
  Self& gid(std::string gid) {
    gid_ = std::move(gid);
    return self();
  }
  using TransactionDraft::gid;
  /// Shown and searchable; up to 16.
  Self& attribute(std::string key, std::string value) {
    request_.attributes.insert_or_assign(std::move(key), std::move(value));
    return self();
  }
  /// How long it may stay undecided; 1 ms to a year, default a minute.
  Self& timeout(std::chrono::milliseconds value) {
    request_.timeout_ms = value.count();
    return self();
  }
  Self& retry(RetryOptions retry) {
    request_.retry = retry.over(request_.retry);
    return self();
  }
  /// For one call, from connecting to the last byte; default 3 s.
  Self& request_timeout(std::chrono::milliseconds value) {
    request_.request_timeout_ms = value.count();
    return self();
  }
  /// Calls without success before a person is asked to look; default 10.
  Self& attention_after(std::int64_t calls) {
    request_.attention_after = calls;
    return self();
  }
  /// Sent with each call; never shown nor logged by the coordinator.
  Self& header(std::string name, std::string value) {
    request_.headers.push_back({std::move(name), std::move(value)});
    return self();
  }

 protected:
  using TransactionDraft::TransactionDraft;
  Self& self() { return static_cast<Self&>(*this); }
};

/// Sagas, TCC branches and messages in one driven transaction.
class Mixed : public TransactionSetters<Mixed> {
 public:
  explicit Mixed(std::string name) : TransactionSetters(Mode::mixed, std::move(name)) {}

  Mixed& step(const Step& step) {
    add(step);
    return *this;
  }
  Mixed& branch(const TccBranch& branch) {
    add(branch);
    return *this;
  }
  Mixed& deliver(const Delivery& delivery) {
    add(delivery);
    return *this;
  }
  /// One after another (the default) or all at once; not beside `after`.
  Mixed& order(Order order) {
    request_.order = order;
    return *this;
  }
};

}  // namespace escrow
