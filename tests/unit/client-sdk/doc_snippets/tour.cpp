// The code of docs/sdk.md, in its order. check_snippets.py compares the two.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <escrow/client.hpp>
#include <escrow/http_caller.hpp>
#include <escrow/interactive_scope.hpp>
#include <escrow/message.hpp>
#include <escrow/participant_server.hpp>
#include <escrow/saga.hpp>
#include <escrow/schema.hpp>
#include <escrow/sqlite/handlers.hpp>
#include <escrow/sqlite/statement.hpp>
#include <escrow/tcc.hpp>
#include <escrow/testing/fake_coordinator.hpp>
#include <filesystem>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

int tell_the_operator(const escrow::ClientError&) { return 1; }
int sorry(const std::string&) { return 2; }
int thanks(const std::string&) { return 0; }
void remember(escrow::Status) {}

void create_tables(sqlite3* db) {
  if (!escrow::sqlite::create_barrier_schema(db)) throw escrow::sqlite::SqlError(db, "barrier schema");
  escrow::sqlite::execute(db, "create table if not exists stock (sku text primary key, left integer not null) strict");
  escrow::sqlite::execute(db, "insert or ignore into stock values ('A', 1)");
}

[[maybe_unused]] void a_client() {
  const escrow::Client client(escrow::ClientOptions()
                                  .urls("http://10.0.0.1:7400,http://10.0.0.2:7400")
                                  .token("read from a secret")
                                  .attempt_timeout(2s)
                                  .total_timeout(10s));
}

[[maybe_unused]] int a_saga(const escrow::Client& client, const std::string& orders, const std::string& stock) {
  const escrow::Saga saga =
      escrow::Saga("place-order")
          .gid("order-17")
          .timeout(30s)
          .step(escrow::Step("order").action(orders + "/create").compensate(orders + "/cancel").payload(R"({"order": 17})"))
          .step(escrow::Step("stock").action(stock + "/deduct").compensate(stock + "/restore").payload(R"({"sku": "A"})"));
  const auto view = client.run(saga);

  if (!view) return tell_the_operator(view.error());
  if (view->status() == escrow::Status::aborted) return sorry(view->abort_reason()->detail());
  return thanks(view->output("order", escrow::Operation::action).value_or("null"));
}

[[maybe_unused]] std::string a_failure(const escrow::ClientError& error) {
  switch (error.code()) {
    case escrow::Errc::unreachable: return "nothing was sent: try later, or do something else";
    case escrow::Errc::unavailable: return "the coordinator said 503 to the end: repeat it with the same gid";
    case escrow::Errc::unknown_outcome: return "it may have been recorded: look up " + error.gid();
    case escrow::Errc::gid_conflict: return "that gid is taken by another request";
    default: return error.to_string();
  }
}

[[maybe_unused]] std::string a_scope(const escrow::Client& client, const std::vector<escrow::TccBranch>& branches) {
  escrow::TccScope scope(client, escrow::Tcc("transfer").timeout(20s));
  for (const escrow::TccBranch& branch : branches) {
    const auto answer = scope.try_branch(branch);
    if (!answer) return answer.error().to_string();  // leaving the scope cancels what was tried
  }
  const auto view = scope.commit();
  return view ? "" : view.error().to_string();
}

[[maybe_unused]] bool a_message(const escrow::Client& client, sqlite3* db, const std::string& shop, const std::string& loyalty) {
  escrow::MessageScope scope(
      client,
      escrow::Message("order-paid").check(shop + "/check").deliver("points", loyalty + "/points", R"({"customer": "c-42", "points": 10})"));
  const auto view = scope.run([&](const escrow::PreparedMessage& message) {
    escrow::sqlite::execute(db, "begin immediate");
    escrow::sqlite::execute(db, "update orders set state = 'paid' where id = 17");
    const auto recorded = message.record([&](const std::string& gid) { return escrow::sqlite::record_message(db, gid); });
    if (!recorded) {
      escrow::sqlite::execute(db, "rollback");
      return escrow::LocalOutcome::rolled_back;
    }
    escrow::sqlite::execute(db, "commit");
    return escrow::LocalOutcome::committed;
  });
  return view.has_value();
}

[[maybe_unused]] void without_waiting(const escrow::Client& client, const escrow::Saga& saga) {
  std::future<escrow::ClientResult<escrow::TransactionView>> later = client.async().run(saga).future();
  client.async().get("order-16").then([&](const escrow::ClientResult<escrow::TransactionView>& seen) {
    if (seen) remember(seen->status());
  });
}

[[maybe_unused]] escrow::Outcome a_call(escrow::HttpCaller& caller, const std::string& prices) {
  const auto reply = caller.call(escrow::OutgoingCall(prices + "/prices/A").timeout(500ms));
  if (!reply || !reply->is_success()) return escrow::Outcome::unavailable("no price");
  return escrow::Outcome::succeeded(reply->body());
}

[[maybe_unused]] std::string a_door() {
  const auto verified = escrow::SignatureOptions().key_file("/etc/shop/coordinator.keys");  // whsec_... or whpk_..., one a line
  escrow::ParticipantServer server(escrow::ServerOptions().listen("0.0.0.0", 8082).verify_calls(verified));
  return server.url();
}

}  // namespace

TEST_CASE("the participant of the tour works with the fake coordinator", "[sdk][docs]") {
  const std::string path = std::filesystem::temp_directory_path() / ("escrow-tour-" + std::to_string(::getpid()) + ".db");
  const escrow::sqlite::Connections database(path, escrow::sqlite::ConnectionOptions().prepare(create_tables));
  escrow::ParticipantServer server(escrow::ServerOptions().listen("127.0.0.1", 0));
  server.on_action("/deduct", escrow::sqlite::behind_barrier(database, [](const escrow::sqlite::Call& call) {
                     escrow::sqlite::Statement take(call.db(), "update stock set left = left - 1 where sku = 'A' and left > 0");
                     if (take.run() == 0) return escrow::Outcome::refused("out of stock");
                     return escrow::Outcome::succeeded(R"({"taken": 1})");
                   }));
  server.on_compensate("/deduct/undo", escrow::sqlite::behind_barrier(database, [](const escrow::sqlite::Call& call) {
                         escrow::sqlite::Statement(call.db(), "update stock set left = left + 1 where sku = 'A'").run();
                         return escrow::Outcome::succeeded();
                       }));
  const auto started = server.start();
  REQUIRE(started);

  escrow::testing::FakeCoordinator coordinator;
  const escrow::Client client(coordinator.url());
  coordinator.lose_next_answers(1);
  const auto view =
      client.run(escrow::Saga("t").step(escrow::Step("a").action(server.url() + "/deduct").compensate(server.url() + "/deduct/undo")));
  REQUIRE(view);
  CHECK(view->status() == escrow::Status::committed);
  CHECK(view->output("a", escrow::Operation::action) == R"({"taken": 1})");

  const auto second =
      client.run(escrow::Saga("t").step(escrow::Step("a").action(server.url() + "/deduct").compensate(server.url() + "/deduct/undo")));
  REQUIRE(second);
  CHECK(second->status() == escrow::Status::aborted);
  server.stop();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}
