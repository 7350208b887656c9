#include <atomic>
#include <catch2/catch.hpp>
#include <escrow/client.hpp>
#include <escrow/interactive_scope.hpp>
#include <escrow/saga.hpp>
#include <escrow/testing/fake_coordinator.hpp>
#include <future>
#include <optional>
#include <thread>

#include "tests/unit/client-sdk/initiator/participant.hpp"

using namespace escrow;
using namespace escrow::testing;
using namespace std::chrono_literals;

namespace {

/// Takes requests, and answers none before the test is over.
class SilentCoordinator {
 public:
  SilentCoordinator()
      : waiting_(over_.get_future().share()), server_([this](const Received&) {
          if (!told_.exchange(true)) asked_.set_value();
          waiting_.wait();
          return no_reply();
        }) {}
  ~SilentCoordinator() { over_.set_value(); }
  SilentCoordinator(const SilentCoordinator&) = delete;
  SilentCoordinator& operator=(const SilentCoordinator&) = delete;

  [[nodiscard]] const std::string& url() const { return server_.url(); }
  void wait_until_asked() { asked_.get_future().wait(); }

 private:
  std::promise<void> over_;
  std::shared_future<void> waiting_;
  std::atomic<bool> told_ = false;
  std::promise<void> asked_;
  LoopbackServer server_;
};

}  // namespace

TEST_CASE("many threads share one client", "[sdk][threads]") {
  FakeCoordinator coordinator;
  Participant participant;
  const Client client(ClientOptions().urls(coordinator.url()));
  std::atomic<int> committed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const Saga saga = Saga().step(Step("a").action(participant.url("/do")));
        if (const auto view = client.run(saga); view && view->status() == Status::committed) ++committed;
        TccScope scope(client, "t");
        const auto branch =
            TccBranch("b").try_(participant.url("/try")).confirm(participant.url("/confirm")).cancel(participant.url("/cancel"));
        if (scope.try_branch(branch) && scope.commit()) ++committed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(committed == 160);
}

TEST_CASE("results come as futures and as callbacks", "[sdk][threads]") {
  FakeCoordinator coordinator;
  Participant participant;
  const Client client(ClientOptions().urls(coordinator.url()));
  const Saga saga = Saga().step(Step("a").action(participant.url("/do")));
  CHECK(client.async().run(saga).future().get()->status() == Status::committed);

  std::promise<Status> told;
  client.async().get(saga.gid()).then([&](ClientResult<TransactionView> view) {
    // A callback may block on the same client.
    const auto again = client.get(saga.gid());
    told.set_value(again ? view->status() : Status::active);
  });
  CHECK(told.get_future().get() == Status::committed);

  std::promise<Errc> refused;
  client.async().get("no gid").then([&](ClientResult<TransactionView> view) { refused.set_value(view.error().code()); });
  CHECK(refused.get_future().get() == Errc::invalid_argument);
}

TEST_CASE("a call may be begun and forgotten", "[sdk][threads]") {
  FakeCoordinator coordinator;
  Participant participant;
  std::promise<void> called;
  participant.on_call([&](const Participant::Call&) { called.set_value(); });
  const Client client(ClientOptions().urls(coordinator.url()));
  {
    auto forgotten = client.async().start(Saga().step(Step("a").action(participant.url("/do"))));
  }
  called.get_future().wait();
  SUCCEED();
}

TEST_CASE("destroying a client ends the calls under way", "[sdk][threads]") {
  SilentCoordinator coordinator;
  std::optional<Client> client(std::in_place, ClientOptions().urls(coordinator.url()).attempt_timeout(1min).total_timeout(1min));
  const Saga saga = Saga().step(Step("a").action("http://127.0.0.1:1/"));
  auto started = client->async().start(saga).future();
  auto looked = client->async().get("g").future();
  std::promise<Errc> told;
  client->async().commit("g").then([&](ClientResult<TransactionView> view) { told.set_value(view.error().code()); });
  const AsyncClient left_over = client->async();
  coordinator.wait_until_asked();
  client.reset();
  const auto start = started.get();
  REQUIRE_FALSE(start);
  // Which of the three had been written is a matter of luck; nothing else may come out.
  CHECK((start.error().code() == Errc::unknown_outcome || start.error().code() == Errc::cancelled));
  CHECK(looked.get().error().code() == Errc::cancelled);
  const Errc commit = told.get_future().get();
  CHECK((commit == Errc::unknown_outcome || commit == Errc::cancelled));
  CHECK(left_over.get("g").get().error().code() == Errc::cancelled);
  std::promise<Errc> late;
  left_over.get("g").then([&](ClientResult<TransactionView> view) { late.set_value(view.error().code()); });
  CHECK(late.get_future().get() == Errc::cancelled);
}

TEST_CASE("a callback may destroy its client", "[sdk][threads]") {
  FakeCoordinator coordinator;
  auto client = std::make_shared<std::optional<Client>>(std::in_place, ClientOptions().urls(coordinator.url()));
  std::promise<void> done;
  (*client)->async().info().then([client, &done](ClientResult<CoordinatorInfo>) {
    client->reset();
    done.set_value();
  });
  done.get_future().wait();
  CHECK_FALSE(client->has_value());
}

TEST_CASE("threads that wait in a client come back when it is destroyed", "[sdk][threads]") {
  SilentCoordinator coordinator;
  std::optional<Client> client(std::in_place, ClientOptions().urls(coordinator.url()).attempt_timeout(1min).total_timeout(1min));
  auto pending = client->async().get("g");
  std::thread waiter([&pending] { CHECK(std::move(pending).get().error().code() == Errc::cancelled); });
  coordinator.wait_until_asked();
  client.reset();
  waiter.join();
}

TEST_CASE("a client can be moved", "[sdk][threads]") {
  FakeCoordinator coordinator;
  Client first(ClientOptions().urls(coordinator.url()));
  Client second(std::move(first));
  CHECK(second.info().has_value());
  second = Client(ClientOptions().urls(coordinator.url()));
  CHECK(second.info().has_value());
}
