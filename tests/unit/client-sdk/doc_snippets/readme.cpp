#include <catch2/catch.hpp>

#include <string>

#include <escrow/client.hpp>
#include <escrow/participant_server.hpp>
#include <escrow/saga.hpp>
#include <escrow/schema.hpp>
#include <escrow/sqlite/connections.hpp>
#include <escrow/sqlite/handlers.hpp>
#include <escrow/sqlite/statement.hpp>
#include <escrow/testing/fake_coordinator.hpp>

/// The page of code of the README, compiled; its shop is run against the fake coordinator.
namespace {

using escrow::Outcome;
using escrow::sqlite::behind_barrier;
using escrow::sqlite::Call;
using escrow::sqlite::Statement;

[[maybe_unused]] int serve(const escrow::sqlite::Connections& database) {
  escrow::ParticipantServer server(escrow::ServerOptions().listen("127.0.0.1", 8082));
  server
      .on_action("/stock/deduct",
                 behind_barrier(database,
                                [](const Call& call) {
                                  const auto taken =
                                      Statement(call.db(), "update stock set available = available - 1 where sku = ?1 and available > 0")
                                          .bind(call.payload())
                                          .run();
                                  return taken == 1 ? Outcome::succeeded() : Outcome::refused("out of stock");
                                }))
      .on_compensate("/stock/restore", behind_barrier(database, [](const Call& call) {
                       Statement(call.db(), "update stock set available = available + 1 where sku = ?1").bind(call.payload()).run();
                       return Outcome::succeeded();
                     }));
  return server.run() ? 0 : 1;
}

std::string place(const escrow::Client& client, const std::string& stock, const std::string& payment, const std::string& sku,
                  const std::string& invoice) {
  const auto order = escrow::Saga("place-order")
                         .gid("order-17")
                         .step(escrow::Step("stock").action(stock + "/stock/deduct").compensate(stock + "/stock/restore").payload(sku))
                         .step(escrow::Step("payment").action(payment + "/charge").compensate(payment + "/refund").payload(invoice));
  const auto outcome = client.run(order);
  if (outcome && outcome->will_commit()) return "placed";
  if (outcome) return "refused: " + outcome->abort_reason()->detail();
  // Nobody knows yet, and nothing is lost: the coordinator goes on, and the gid is what to look up.
  return "ask again for " + outcome.error().gid();
}

}  // namespace

TEST_CASE("the shop of the README places an order", "[docs]") {
  int calls = 0;
  const auto yes = [&calls](const escrow::Branch&, const std::string&) {
    ++calls;
    return Outcome::succeeded();
  };
  escrow::ParticipantServer services(escrow::ServerOptions().threads(1));
  services.on_action("/stock/deduct", yes).on_action("/charge", yes).on_compensate("/stock/restore", yes).on_compensate("/refund", yes);
  REQUIRE(services.start());
  escrow::testing::FakeCoordinator coordinator;
  const escrow::Client client(coordinator.url());
  CHECK(place(client, services.url(), services.url(), "\"A\"", "{}") == "placed");
  CHECK(calls == 2);
}
