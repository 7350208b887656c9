#include <atomic>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>
#include <escrow/client.hpp>
#include <escrow/interactive_scope.hpp>
#include <escrow/message.hpp>
#include <escrow/participant_server.hpp>
#include <escrow/saga.hpp>
#include <escrow/tcc.hpp>
#include <escrow/testing/fake_coordinator.hpp>

// Both halves of the SDK against each other over loopback: what one signs the other verifies.

using namespace escrow;
using namespace std::chrono_literals;

namespace {

const std::string secret = "whsec_ZXNjcm93IHRlc3Qgc2VjcmV0LCAzMiBieXRlcyBvayE=";
const std::string other_secret = "whsec_dGhlIHNlY3JldCBvZiBhbm90aGVyIHRhcmdldCAzMmI=";
const std::string private_key = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const std::string public_key = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// A participant that lets signed calls in only.
class Door {
 public:
  explicit Door(const std::string& key)
      : server_(ServerOptions().verify_calls(SignatureOptions().key(key)).log([](const std::string&) {})) {
    const auto count = [this](const Branch&, const std::string&) {
      ++handled;
      return Outcome::succeeded();
    };
    server_.on_action("/act", count).on_compensate("/act", count).on_check("/check", count);
    server_.on_try("/act", count).on_confirm("/act", count).on_cancel("/act", count);
    REQUIRE(server_.start());
  }
  [[nodiscard]] std::string url(const std::string& path) const { return server_.url() + path; }
  [[nodiscard]] std::string at() const { return "127.0.0.1:" + std::to_string(server_.port()); }

  std::atomic<int> handled = 0;

 private:
  ParticipantServer server_;
};

Saga saga_to(const Door& door) {
  return Saga()
      .retry(RetryOptions().max_attempts(2))
      .step(Step("a").action(door.url("/act?x=%20y")).compensate(door.url("/act")).payload("[1.00]"));
}

}  // namespace

TEST_CASE("calls signed with the participant's key are let in, by HMAC and by Ed25519", "[sdk][signing]") {
  for (const auto& [signs, verifies] : {std::pair{secret, secret}, std::pair{private_key, public_key}}) {
    const Door door(verifies);
    escrow::testing::FakeCoordinator coordinator;
    const Client client(coordinator.url());
    coordinator.sign_calls(other_secret);  // one of two is enough
    coordinator.sign_calls(signs);
    const auto view = client.run(saga_to(door));
    REQUIRE(view);
    CHECK(view->status() == Status::committed);
    CHECK(door.handled == 1);
  }
}

TEST_CASE("calls without a signature or with another secret are turned away, and the history says why", "[sdk][signing]") {
  for (const bool is_signed : {false, true}) {
    const Door door(secret);
    escrow::testing::FakeCoordinator coordinator;
    const Client client(coordinator.url());
    if (is_signed) coordinator.sign_calls(other_secret);
    const auto view = client.start(saga_to(door));
    REQUIRE(view);
    // A door that stays shut is never taken for a no: the step may have happened for all the coordinator knows.
    CHECK(view->will_abort());
    CHECK(view->abort_reason()->code() == AbortCode::attempts_exhausted);
    CHECK(view->abort_reason()->detail().find("401") != std::string::npos);
    CHECK(door.handled == 0);
  }
}

TEST_CASE("the check of a message is verified like any call", "[sdk][signing]") {
  const Door door(secret);
  escrow::testing::FakeCoordinator coordinator;
  const Client client(coordinator.url());
  MessageScope scope(client, Message("m").gid("m.1").check(door.url("/check")).deliver("d", door.url("/act")));
  REQUIRE(scope.prepare());
  coordinator.check("m.1");
  CHECK(door.handled == 0);
  CHECK(coordinator.transaction("m.1")->status() == Status::active);
  coordinator.sign_calls(secret);
  coordinator.check("m.1");
  CHECK(coordinator.transaction("m.1")->status() == Status::committed);
  CHECK(door.handled == 2);
}

TEST_CASE("an interactive scope signs the calls that it makes itself", "[sdk][signing]") {
  const Door door(secret);
  escrow::testing::FakeCoordinator coordinator;
  coordinator.sign_calls(secret);
  const auto branch = TccBranch("b").try_(door.url("/act")).confirm(door.url("/act")).cancel(door.url("/act")).payload("{}");
  const auto draft = [] { return Tcc().timeout(10s).retry(RetryOptions().max_attempts(1)); };

  const Client unsigned_client(coordinator.url());
  {
    TccScope scope(unsigned_client, draft());
    CHECK_FALSE(scope.try_branch(branch));
  }
  CHECK(door.handled == 1);  // the cancel, which the coordinator called

  const Client client(
      ClientOptions().urls(coordinator.url()).sign_calls("*.elsewhere.example", other_secret).sign_calls(door.at(), secret));
  TccScope scope(client, draft());
  REQUIRE(scope.try_branch(branch));
  const auto view = scope.commit(5s);
  REQUIRE(view);
  CHECK(view->status() == Status::committed);
  CHECK(door.handled == 3);
}

TEST_CASE("a client is not made with keys that sign nothing", "[sdk][signing]") {
  CHECK_THROWS_AS(Client(ClientOptions().sign_calls("host", "whsec_short")), std::invalid_argument);
  CHECK_THROWS_AS(Client(ClientOptions().sign_calls("host", public_key)), std::invalid_argument);
  CHECK_THROWS_AS(Client(ClientOptions().sign_calls("http://host/", secret)), std::invalid_argument);
  escrow::testing::FakeCoordinator coordinator;
  CHECK_THROWS_AS(coordinator.sign_calls("no key"), std::invalid_argument);
}
