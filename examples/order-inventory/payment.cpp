// The payment service. An account has a balance and money that is frozen for purchases not decided yet. A saga charges and
// refunds; TCC freezes, then settles or unfreezes. Paying an invoice happens here alone, and a two-phase message makes sure that
// the points for it are credited if, and only if, the money was taken.

#include <escrow/message.hpp>
#include <escrow/message_check.hpp>

#include "service.hpp"

using escrow::Outcome;
using escrow::sqlite::behind_barrier;
using escrow::sqlite::Call;
using escrow::sqlite::Statement;

namespace {

constexpr auto tables = R"(
  create table if not exists accounts (
    customer text primary key,
    balance integer not null check (balance >= 0),
    frozen integer not null default 0 check (frozen >= 0)) strict;)";

/// Changes balance and frozen money, unless there is too little of either.
bool change_account(sqlite3* db, const std::string& customer, std::int64_t balance, std::int64_t frozen) {
  return Statement(db, R"(
      update accounts set balance = balance + ?2, frozen = frozen + ?3
      where customer = ?1 and balance + ?2 >= 0 and frozen + ?3 >= 0)")
             .bind(customer, balance, frozen)
             .run() == 1;
}

Outcome move(const Call& call, std::int64_t balance_sign, std::int64_t frozen_sign) {
  const auto order = nlohmann::json::parse(call.payload());
  const std::string customer = order.at("customer");
  const std::int64_t amount = order.at("amount");
  if (amount < 0) return Outcome::refused("a negative amount");
  const std::int64_t balance = amount * balance_sign;
  const std::int64_t frozen = amount * frozen_sign;
  if (!change_account(call.db(), customer, balance, frozen)) return Outcome::refused("not enough money: " + customer);
  example::write_journal(call, customer, balance, frozen);
  return Outcome::succeeded();
}

/// Opens an account, or pays into it: the service's own API, outside any transaction.
escrow::HttpAnswer pay_in(const escrow::sqlite::Connections& database, const escrow::HttpRequest& request) {
  const auto body = nlohmann::json::parse(request.body());
  const auto connection = database.lease();
  if (!connection) return escrow::problem_answer(503, "unavailable", connection.error().detail);
  Statement(connection->get(), R"(
      insert into accounts (customer, balance) values (?1, ?2)
      on conflict (customer) do update set balance = balance + excluded.balance)")
      .bind(body.at("customer").get<std::string>(), body.at("balance").get<std::int64_t>())
      .run();
  return escrow::json_answer(201, request.body());
}

/// The initiator of a two-phase message. Paying the same invoice again is paying it once: its gid is the message's.
class Invoices {
 public:
  Invoices(escrow::sqlite::Connections database, const escrow::Client& client, std::string order_url)
      : database_(std::move(database)), client_(client), order_url_(std::move(order_url)) {}

  escrow::HttpAnswer pay(const escrow::HttpRequest& request, const std::string& own_url) const {
    const auto body = nlohmann::json::parse(request.body());
    const Invoice invoice{body.at("gid"), body.at("customer"), body.at("amount")};
    if (invoice.amount < 0) return escrow::problem_answer(422, "invalid", "a negative amount");

    escrow::MessageScope message(client_, escrow::Message("pay-invoice").gid(invoice.gid).check(own_url + "/invoices/check"));
    message.deliver("points", order_url_ + "/points/credit",
                    nlohmann::json{{"customer", invoice.customer}, {"points", invoice.amount}}.dump());
    auto local = escrow::LocalOutcome::rolled_back;
    const auto sent = message.run([&](const escrow::PreparedMessage& prepared) { return local = take_money(prepared, invoice); });
    // Once the local transaction has committed the invoice is paid, whatever became of the commit's answer: the check tells.
    if (local == escrow::LocalOutcome::committed) return escrow::json_answer(200, R"({"paid": true})");
    if (sent) return escrow::problem_answer(402, "refused", "not enough money: " + invoice.customer);
    if (sent.error().code() == escrow::Errc::already_decided) return earlier(invoice.gid);
    return escrow::problem_answer(503, "unavailable", sent.error().to_string());
  }

 private:
  struct Invoice {
    std::string gid;
    std::string customer;
    std::int64_t amount;
  };

  /// The local transaction: the money, the journal and the message's row, or none of them.
  escrow::LocalOutcome take_money(const escrow::PreparedMessage& prepared, const Invoice& invoice) const {
    const auto connection = database_.lease();
    if (!connection) throw std::runtime_error(connection.error().detail);
    sqlite3* db = connection->get();  // an exception below leaves the transaction open; the pool rolls it back

    escrow::sqlite::execute(db, "begin immediate");
    const auto recorded = prepared.record([db](const std::string& gid) { return escrow::sqlite::record_message(db, gid); });
    if (!recorded && recorded.error().code == escrow::Errc::message_recorded) {
      escrow::sqlite::execute(db, "rollback");
      return escrow::LocalOutcome::committed;  // by an earlier request that died before it could answer
    }
    if (!recorded && recorded.error().code != escrow::Errc::message_aborted) throw std::runtime_error(recorded.error().detail);
    if (!recorded || !change_account(db, invoice.customer, -invoice.amount, 0)) {
      escrow::sqlite::execute(db, "rollback");
      return escrow::LocalOutcome::rolled_back;
    }
    example::write_journal(db, invoice.gid, "", "message", invoice.customer, -invoice.amount, 0);
    escrow::sqlite::execute(db, "commit");
    return escrow::LocalOutcome::committed;
  }

  /// The coordinator knows the message's end already: this request is the repeat of an earlier one.
  escrow::HttpAnswer earlier(const std::string& gid) const {
    const auto message = client_.get(gid);
    if (!message) return escrow::problem_answer(503, "unavailable", message.error().to_string());
    if (message->will_commit()) return escrow::json_answer(200, R"({"paid": true})");
    return escrow::problem_answer(402, "refused", "this invoice was not paid when it was tried before");
  }

  escrow::sqlite::Connections database_;
  const escrow::Client& client_;
  std::string order_url_;
};

}  // namespace

int main(int count, char** arguments) {
  const example::Flags flags(count, arguments);
  const auto database = example::open_database(flags.get("--db", "payment.db"), tables);
  const escrow::Client client(example::client_options(flags, "payment"));
  const Invoices invoices(database, client, flags.get("--order", "http://127.0.0.1:7501"));

  escrow::ParticipantServer server(example::listen_on(flags, "payment"));
  const auto forward = [&](auto handler) { return behind_barrier(database, example::refusing_bad_payload(handler)); };
  server.on_action("/payments/charge", forward([](const Call& call) { return move(call, -1, 0); }))
      .on_compensate("/payments/refund", behind_barrier(database, [](const Call& call) { return move(call, +1, 0); }))
      .on_try("/payments/freeze", forward([](const Call& call) { return move(call, -1, +1); }))
      .on_confirm("/payments/settle", behind_barrier(database, [](const Call& call) { return move(call, 0, -1); }))
      .on_cancel("/payments/unfreeze", behind_barrier(database, [](const Call& call) { return move(call, +1, -1); }))
      .on_check("/invoices/check", escrow::sqlite::message_check(database))
      .on_post("/invoices/pay", [&](const escrow::HttpRequest& request) { return invoices.pay(request, server.url()); })
      .on_post("/accounts", [&](const escrow::HttpRequest& request) { return pay_in(database, request); });
  return example::serve("payment", server, database, client);
}
