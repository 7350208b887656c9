#include <escrow/message.hpp>
#include <stdexcept>
#include <utility>

namespace escrow {
namespace {

Delivery delivery_of(std::string id, std::string url, std::string payload) {
  Delivery delivery(std::move(id));
  delivery.action(std::move(url));
  if (!payload.empty()) delivery.payload(std::move(payload));
  return delivery;
}

}  // namespace

Message& Message::deliver(std::string id, std::string url, std::string payload) {
  return deliver(delivery_of(std::move(id), std::move(url), std::move(payload)));
}

MessageScope::MessageScope(const Client& client, Message message) : client_(&client), message_(std::move(message)) {}

MessageScope& MessageScope::deliver(const Delivery& delivery) {
  if (prepared_) throw std::logic_error("a delivery was added to a message after it was prepared: its check may already have committed it");
  message_.deliver(delivery);
  return *this;
}

MessageScope& MessageScope::deliver(std::string id, std::string url, std::string payload) {
  return deliver(delivery_of(std::move(id), std::move(url), std::move(payload)));
}

ClientResult<PreparedMessage> MessageScope::prepare() {
  // Closed from the first try on: one whose answer was lost may have been recorded.
  prepared_ = true;
  const auto started = client_->start_interactive(message_);
  if (!started) return started.error();
  if (started->status() != Status::active) {
    return ClientError(Errc::already_decided, "the message is " + std::string(protocol::to_string(started->status()))).gid(gid());
  }
  return PreparedMessage(gid(), recorded_);
}

ClientResult<TransactionView> MessageScope::commit(std::chrono::milliseconds wait) {
  if (!prepared_) throw std::logic_error("a message was committed before it was prepared");
  return client_->commit(gid(), wait);
}

ClientResult<TransactionView> MessageScope::abort(const std::string& reason) {
  if (!prepared_) throw std::logic_error("a message was aborted before it was prepared");
  return client_->abort(gid(), reason);
}

ClientResult<TransactionView> MessageScope::run(const Local& local, std::chrono::milliseconds wait) {
  const auto prepared = prepare();
  if (!prepared) return prepared.error();
  LocalOutcome outcome = LocalOutcome::rolled_back;
  try {
    outcome = local(prepared.value());
  } catch (...) {
    // Once the row may be there, only the database knows whether it was committed, and the check asks it.
    if (!*recorded_) static_cast<void>(abort("the local transaction failed"));
    throw;
  }
  if (outcome == LocalOutcome::rolled_back) return abort("the local transaction was rolled back");
  auto committed = commit(wait);
  if (!*recorded_)
    throw std::logic_error("a message's local transaction has committed without its record: a check would abort the message");
  return committed;
}

}  // namespace escrow
