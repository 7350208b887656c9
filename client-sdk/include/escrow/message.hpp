#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <escrow/client.hpp>
#include <escrow/transaction_draft.hpp>

namespace escrow {

/// Calls that must happen, and until they have happened. Without `check`: started means committed, `client.start(message)`. With `check`: a
/// two-phase message, bound to a local transaction by a MessageScope.
class Message : public TransactionSetters<Message> {
 public:
  /// `name` is what operators and metrics know it by, up to 128 characters; it may be empty.
  explicit Message(std::string name = {}) : TransactionSetters(Mode::message, std::move(name)) {}

  Message& deliver(const Delivery& delivery) {
    add(delivery);
    return *this;
  }
  Message& deliver(std::string id, std::string url, std::string payload = {});
  /// Where the coordinator asks how the local transaction ended, when it hears nothing.
  Message& check(std::string url) {
    request_.check = std::move(url);
    return *this;
  }
  /// How long it waits before it asks; default 10 s.
  Message& check_after(std::chrono::milliseconds value) {
    request_.check_after_ms = value.count();
    return *this;
  }
};

/// How the local transaction of a message ended.
enum class LocalOutcome { committed, rolled_back };

/// What the local transaction gets: the name to record, and the way to say that it was recorded.
class PreparedMessage {
 public:
  [[nodiscard]] const std::string& gid() const noexcept { return gid_; }

  /// Calls `write(gid)`, which writes the message's barrier row in the open local transaction (`escrow::sqlite::record_message`), and gives
  /// back what it returned.
  template <class Write>
  auto record(Write&& write) const {
    *recorded_ = true;
    return std::forward<Write>(write)(gid_);
  }

 private:
  friend class MessageScope;
  PreparedMessage(std::string gid, std::shared_ptr<bool> recorded) : gid_(std::move(gid)), recorded_(std::move(recorded)) {}
  std::string gid_;
  std::shared_ptr<bool> recorded_;
};

/// A two-phase message (transactional outbox): prepare, local transaction, commit. Whatever happens in between, the deliveries are made if
/// and only if the local transaction committed, because the coordinator asks the `check`. One thread at a time.
class MessageScope {
 public:
  /// The client must outlive the scope. The message needs a `check`; all deliveries are in it: none can be added after `prepare`, since
  /// a check may commit at any time after the local transaction.
  MessageScope(const Client& client, Message message);

  [[nodiscard]] const std::string& gid() const noexcept { return message_.gid(); }

  /// Adds a delivery; throws std::logic_error once prepared.
  MessageScope& deliver(const Delivery& delivery);
  MessageScope& deliver(std::string id, std::string url, std::string payload = {});

  /// Makes the message durable at the coordinator, with all its deliveries; they wait. Call it before the local transaction begins.
  [[nodiscard]] ClientResult<PreparedMessage> prepare();
  /// After the local transaction has committed. When this fails, or is never reached, the coordinator finds out by its check.
  [[nodiscard]] ClientResult<TransactionView> commit(std::chrono::milliseconds wait = {});
  /// After the local transaction has been rolled back. Throws std::logic_error before `prepare`.
  [[nodiscard]] ClientResult<TransactionView> abort(const std::string& reason = {});

  using Local = std::function<LocalOutcome(const PreparedMessage&)>;
  /// All three: prepares, calls `local`, which runs the whole local transaction with `record` inside it, and commits or aborts as it
  /// returns. `local` is not called when `prepare` fails. When it throws before `record`, the message is aborted; when it throws
  /// afterwards nobody here knows whether the local transaction has committed, so the check decides; the exception goes on either way.
  /// Throws std::logic_error when `local` says committed and has not recorded: a check could have aborted the message.
  [[nodiscard]] ClientResult<TransactionView> run(const Local& local, std::chrono::milliseconds wait = {});

 private:
  const Client* client_;
  Message message_;
  std::shared_ptr<bool> recorded_ = std::make_shared<bool>(false);
  bool prepared_ = false;
};

}  // namespace escrow
