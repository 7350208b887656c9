// The order service. An order is pending while it may still come to nothing, then placed, or cancelled. It also keeps the
// customers' points, which are credited by a message once an invoice is paid.

#include "service.hpp"

using escrow::Outcome;
using escrow::sqlite::behind_barrier;
using escrow::sqlite::Call;
using escrow::sqlite::Statement;

namespace {

constexpr auto tables = R"(
  create table if not exists orders (
    number integer primary key, gid text not null, customer text not null, sku text not null, count integer not null, amount integer not null,
    state text not null check (state in ('pending', 'placed', 'cancelled'))) strict;
  create table if not exists points (
    customer text primary key, points integer not null check (points >= 0)) strict;)";

Outcome create(const Call& call, const char* state) {
  const auto order = nlohmann::json::parse(call.payload());
  const std::int64_t number = order.at("number");
  const auto created = Statement(call.db(), R"(
      insert into orders (number, gid, customer, sku, count, amount, state) values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing)")
                           .bind(number, call.branch().gid(), order.at("customer").get<std::string>(), order.at("sku").get<std::string>(),
                                 order.at("count").get<std::int64_t>(), order.at("amount").get<std::int64_t>(), state)
                           .run();
  if (created == 0) return Outcome::refused("order " + std::to_string(number) + " exists already");
  example::write_journal(call, std::to_string(number), +1, 0);
  return Outcome::succeeded(nlohmann::json{{"order", number}, {"state", state}}.dump());
}

/// Which order it is, the undo or confirm learns from what `create` answered.
Outcome change_state(const Call& call, const char* state, std::int64_t delta) {
  const std::int64_t number = nlohmann::json::parse(call.forward_output()).at("order");
  Statement(call.db(), "update orders set state = ?2 where number = ?1").bind(number, state).run();
  example::write_journal(call, std::to_string(number), delta, 0);
  return Outcome::succeeded();
}

/// A message is delivered until it succeeds, so there is nothing here to refuse.
Outcome credit_points(const Call& call) {
  const auto credit = nlohmann::json::parse(call.payload());
  const std::string customer = credit.at("customer");
  const std::int64_t points = credit.at("points");
  Statement(call.db(), "insert into points values (?1, ?2) on conflict (customer) do update set points = points + excluded.points")
      .bind(customer, points)
      .run();
  example::write_journal(call, customer, points, 0);
  return Outcome::succeeded();
}

escrow::HttpAnswer show_order(const escrow::sqlite::Connections& database, const escrow::HttpRequest& request) {
  const auto connection = database.lease();
  if (!connection) return escrow::problem_answer(503, "unavailable", connection.error().detail);
  Statement found(connection->get(), "select customer, sku, count, amount, state from orders where number = ?1");
  found.bind(request.parameter("number"));
  if (!found.next()) return escrow::problem_answer(404, "not_found", "no such order");
  return escrow::json_answer(200, nlohmann::json{{"customer", found.text(0)},
                                                 {"sku", found.text(1)},
                                                 {"count", found.integer(2)},
                                                 {"amount", found.integer(3)},
                                                 {"state", found.text(4)}}
                                      .dump());
}

}  // namespace

int main(int count, char** arguments) {
  const example::Flags flags(count, arguments);
  const auto database = example::open_database(flags.get("--db", "order.db"), tables);
  const escrow::Client client(example::client_options(flags, "order"));

  escrow::ParticipantServer server(example::listen_on(flags, "order"));
  const auto forward = [&](auto handler) { return behind_barrier(database, example::refusing_bad_payload(handler)); };
  server.on_action("/orders/create", forward([](const Call& call) { return create(call, "placed"); }))
      .on_compensate("/orders/cancel", behind_barrier(database, [](const Call& call) { return change_state(call, "cancelled", -1); }))
      .on_try("/orders/prepare", forward([](const Call& call) { return create(call, "pending"); }))
      .on_confirm("/orders/place", behind_barrier(database, [](const Call& call) { return change_state(call, "placed", 0); }))
      .on_cancel("/orders/drop", behind_barrier(database, [](const Call& call) { return change_state(call, "cancelled", -1); }))
      .on_message("/points/credit", behind_barrier(database, credit_points))
      .on_get("/orders/{number}", [&](const escrow::HttpRequest& request) { return show_order(database, request); });
  return example::serve("order", server, database, client);
}
