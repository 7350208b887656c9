// The inventory service. A product has units on the shelf (available) and units set aside for orders that are not decided yet
// (reserved). A saga takes from the shelf and puts back; TCC reserves, then ships or releases.

#include "service.hpp"

using escrow::Outcome;
using escrow::sqlite::behind_barrier;
using escrow::sqlite::Call;
using escrow::sqlite::Statement;

namespace {

constexpr auto tables = R"(
  create table if not exists stock (
    sku text primary key,
    available integer not null check (available >= 0),
    reserved integer not null default 0 check (reserved >= 0)) strict;)";

/// Moves units on or off the shelf and on or off the reserved pile, unless there are too few.
Outcome move(const Call& call, std::int64_t shelf_per_unit, std::int64_t reserved_per_unit) {
  const auto order = nlohmann::json::parse(call.payload());
  const std::string sku = order.at("sku");
  const std::int64_t count = order.at("count");
  if (count < 1) return Outcome::refused("a count below 1");

  const std::int64_t shelf = count * shelf_per_unit;
  const std::int64_t reserved = count * reserved_per_unit;
  const auto moved = Statement(call.db(), R"(
      update stock set available = available + ?2, reserved = reserved + ?3
      where sku = ?1 and available + ?2 >= 0 and reserved + ?3 >= 0)")
                         .bind(sku, shelf, reserved)
                         .run();
  if (moved == 0) return Outcome::refused("out of stock: " + sku);
  example::write_journal(call, sku, shelf, reserved);
  return Outcome::succeeded();
}

/// Puts units of a new or known product on the shelf: the service's own API, outside any transaction.
escrow::HttpAnswer add_stock(const escrow::sqlite::Connections& database, const escrow::HttpRequest& request) {
  const auto body = nlohmann::json::parse(request.body());
  const auto connection = database.lease();
  if (!connection) return escrow::problem_answer(503, "unavailable", connection.error().detail);
  Statement(connection->get(), R"(
      insert into stock (sku, available) values (?1, ?2)
      on conflict (sku) do update set available = available + excluded.available)")
      .bind(body.at("sku").get<std::string>(), body.at("available").get<std::int64_t>())
      .run();
  return escrow::json_answer(201, request.body());
}

}  // namespace

int main(int count, char** arguments) {
  const example::Flags flags(count, arguments);
  const auto database = example::open_database(flags.get("--db", "inventory.db"), tables);
  const escrow::Client client(example::client_options(flags, "inventory"));

  escrow::ParticipantServer server(example::listen_on(flags, "inventory"));
  const auto forward = [&](auto handler) { return behind_barrier(database, example::refusing_bad_payload(handler)); };
  server.on_action("/stock/deduct", forward([](const Call& call) { return move(call, -1, 0); }))
      .on_compensate("/stock/restore", behind_barrier(database, [](const Call& call) { return move(call, +1, 0); }))
      .on_try("/stock/reserve", forward([](const Call& call) { return move(call, -1, +1); }))
      .on_confirm("/stock/ship", behind_barrier(database, [](const Call& call) { return move(call, 0, -1); }))
      .on_cancel("/stock/release", behind_barrier(database, [](const Call& call) { return move(call, +1, -1); }))
      .on_post("/stock", [&](const escrow::HttpRequest& request) { return add_stock(database, request); });
  return example::serve("inventory", server, database, client);
}
