#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <escrow/client.hpp>
#include <escrow/participant_server.hpp>
#include <escrow/saga.hpp>
#include <escrow/schema.hpp>
#include <escrow/sqlite/connections.hpp>
#include <escrow/sqlite/handlers.hpp>
#include <escrow/sqlite/statement.hpp>

#include "tests/support/escrowd_process.hpp"
#include "tests/support/fake_participant.hpp"

// The real coordinator signs, the real SDK verifies, and in between stands somebody who saw a call and plays coordinator with it.

namespace escrow::testing {
namespace {

using namespace std::chrono_literals;

const std::string secret = "whsec_ZXNjcm93IHRlc3Qgc2VjcmV0LCAzMiBieXRlcyBvayE=";
const std::string old_secret = "whsec_dGhlIHNlY3JldCBiZWZvcmUgaXQ6IDMyIGJ5dGVzISE=";
const std::string other_secret = "whsec_dGhlIHNlY3JldCBvZiBhbm90aGVyIHRhcmdldCAzMmI=";
const std::string private_key = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const std::string public_key = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string entry(const std::string& match, const std::vector<std::string>& keys) {
  std::string text = "- match: \"" + match + "\"\n  signing:\n";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    text += "    - {id: k" + std::to_string(i) + ", " + (keys[i].starts_with("whsk_") ? "ed25519: " : "secret: ") + keys[i] + "}\n";
  }
  return text;
}

/// An escrowd that signs as a file of credentials says.
class SigningCoordinator {
 public:
  explicit SigningCoordinator(const std::string& credentials) {
    write(credentials);
    std::ofstream(directory_.path() + "/escrow.yaml") << "targets: {credentials_file: " << credentials_file() << "}\n";
    process_.emplace(ESCROWD, directory_.path(), std::vector<std::string>{"--config", directory_.path() + "/escrow.yaml"});
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(process_->port()); }
  [[nodiscard]] std::string log() const { return text_of(directory_.path() + "/escrowd.log"); }
  void write(const std::string& credentials) const {
    std::ofstream(credentials_file() + ".new") << credentials;
    // Nobody else's: it holds secrets.
    std::filesystem::permissions(credentials_file() + ".new", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::rename(credentials_file() + ".new", credentials_file());
  }
  [[nodiscard]] HttpMessage get(const std::string& target) const { return send_http(process_->port(), "GET", target); }
  /// Another text of the file, and SIGHUP; what follows from it comes a moment later.
  void replace(const std::string& credentials) {
    write(credentials);
    process_->child().signal(SIGHUP);
  }
  [[nodiscard]] int failed_reloads() const {
    const std::string page = get("/metrics").body;
    const std::string sample = "escrow_reloads_total{outcome=\"failed\"} ";
    const std::size_t at = page.find(sample);
    return at == std::string::npos ? 0 : std::stoi(page.substr(at + sample.size()));
  }
  EscrowdProcess& process() { return *process_; }

 private:
  [[nodiscard]] std::string credentials_file() const { return directory_.path() + "/credentials.yaml"; }
  TemporaryDirectory directory_;
  std::optional<EscrowdProcess> process_;
};

/// Asks until the file has been read.
bool tried_again(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
  }
  return false;
}

/// A participant of the SDK behind its barrier, with a row for everything that was done.
class Shelf {
 public:
  explicit Shelf(SignatureOptions signature)
      : database_(directory_.path() + "/shelf.db", sqlite::ConnectionOptions().prepare([](sqlite3* db) { create(db); })),
        server_(ServerOptions().verify_calls(std::move(signature)).log([](const std::string&) {})) {
    server_.on_action("/take", sqlite::behind_barrier(database_, [](const sqlite::Call& call) { return done(call); }));
    server_.on_compensate("/take", sqlite::behind_barrier(database_, [](const sqlite::Call& call) { return done(call); }));
    server_.on_compensate("/give-back", sqlite::behind_barrier(database_, [](const sqlite::Call& call) { return done(call); }));
    REQUIRE(server_.start());
  }
  [[nodiscard]] std::string url(const std::string& path) const { return server_.url() + path; }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::int64_t count(const std::string& table) const {
    const auto connection = database_.lease();
    REQUIRE(connection);
    sqlite::Statement statement(connection->get(), "select count(*) from " + table);
    REQUIRE(statement.next());
    return statement.integer(0);
  }

 private:
  static void create(sqlite3* db);
  static Outcome done(const sqlite::Call& call) {
    sqlite::Statement(call.db(), "insert into done values (?1)").bind(call.branch().idempotency_key()).run();
    return Outcome::succeeded();
  }
  TemporaryDirectory directory_;
  sqlite::Connections database_;
  ParticipantServer server_;
};

void Shelf::create(sqlite3* db) {
  static_cast<void>(sqlite::create_barrier_schema(db));
  sqlite::execute(db, "create table if not exists done (what text)");
}

Saga take_from(const std::string& action, const std::string& undo, const std::string& gid) {
  return Saga("take")
      .gid(gid)
      .retry(RetryOptions().max_attempts(2).initial(1ms).max(5ms))
      .step(Step("shelf").action(action).compensate(undo).payload(R"({"sku": "A", "count": 1.00})"));
}

/// A call as the coordinator really sent it, for whoever looked on.
HttpMessage overheard(const SigningCoordinator& coordinator, const std::string& path) {
  FakeParticipant ear;
  const Client client(coordinator.url());
  const auto view = client.run(take_from(ear.url(path), ear.url("/give-back"), "order.17"));
  REQUIRE(view);
  REQUIRE(ear.calls(path).size() == 1);
  return ear.calls(path).front();
}

using Headers = std::vector<std::pair<std::string, std::string>>;

Headers headers_of(const HttpMessage& call, const Headers& changes = {}) {
  Headers headers;
  for (const auto& [name, value] : call.headers) {
    if (name == "Content-Length" || name == "Connection") continue;
    std::string sent = value;
    bool kept = true;
    for (const auto& [changed, to] : changes) {
      if (changed != name) continue;
      sent = to;
      kept = !to.empty();
    }
    if (kept) headers.emplace_back(name, sent);
  }
  return headers;
}

}  // namespace

TEST_CASE("a transaction commits over signed calls, by HMAC and by Ed25519", "[signing]") {
  for (const auto& [signs, verifies] : {std::pair{secret, secret}, std::pair{private_key, public_key}}) {
    const Shelf shelf(SignatureOptions().key(verifies));
    SigningCoordinator coordinator(entry("127.0.0.1:1", {other_secret}) + entry("127.0.0.1", {signs}));
    const Client client(coordinator.url());
    const auto view = client.run(take_from(shelf.url("/take?from=top%20shelf"), shelf.url("/give-back"), "order.17"));
    REQUIRE(view);
    CHECK(view->status() == Status::committed);
    CHECK(shelf.count("done") == 1);
    CHECK(coordinator.process().stop() == 0);
  }
}

TEST_CASE("an overheard call does nothing but what it did, whatever is changed about it", "[signing]") {
  SigningCoordinator coordinator(entry("127.0.0.1", {secret, private_key}));
  const HttpMessage call = overheard(coordinator, "/take");
  REQUIRE(call.header("webhook-signature"));
  for (const std::string& key : {secret, public_key}) {
    const Shelf shelf(SignatureOptions().key(key));
    const auto send = [&](const std::string& method, const std::string& target, const Headers& headers, const std::string& body) {
      return send_http(shelf.port(), method, target, body, headers);
    };
    const auto refused = [&](const std::string& what, const HttpMessage& answer) {
      INFO(what << ": " << answer.body);
      CHECK(answer.status == 401);
      CHECK(answer.header("WWW-Authenticate") == "Webhook-Signature");
      CHECK(answer.header("Content-Type") == "application/problem+json");
      CHECK_FALSE(answer.header("Escrow-Gid"));
    };
    for (const auto& [name, value] : Headers{{"Escrow-Gid", "order.18"},
                                             {"Escrow-Branch", "till"},
                                             {"Escrow-Operation", "compensate"},
                                             {"Escrow-Phase", "final"},
                                             {"webhook-id", "call_1"},
                                             {"webhook-timestamp", "1767607200"},
                                             {"webhook-id", ""},
                                             {"webhook-timestamp", ""},
                                             {"webhook-signature", ""},
                                             {"webhook-signature", "v2," + std::string(44, 'A')}}) {
      // The key of the call would give a change away by itself: it goes along.
      const auto gid = name == "Escrow-Gid" ? value : "order.17";
      const auto branch = name == "Escrow-Branch" ? value : "shelf";
      const auto operation = name == "Escrow-Operation" ? value : "action";
      const auto headers = headers_of(call, {{name, value}, {"Idempotency-Key", gid + "/" + branch + "/" + operation}});
      refused(name, send("POST", "/take", headers, call.body));
    }
    const auto as_undo = headers_of(call, {{"Escrow-Operation", "compensate"}, {"Idempotency-Key", "order.17/shelf/compensate"}});
    refused("the undo", send("POST", "/give-back", as_undo, call.body));
    refused("another query", send("POST", "/take?all=1", headers_of(call), call.body));
    refused("another spelling of the path", send("POST", "/%74ake", headers_of(call), call.body));
    refused("another body", send("POST", "/take", headers_of(call), R"({"sku": "A", "count": 9.00})"));
    refused("the same JSON in other bytes", send("POST", "/take", headers_of(call), R"({"sku":"A","count":1})"));
    auto twice = headers_of(call);
    twice.emplace_back("webhook-id", *call.header("webhook-id"));
    refused("an id twice", send("POST", "/take", twice, call.body));
    // Nothing of all that has touched the barrier: the call itself is still the first.
    CHECK(shelf.count("escrow_barrier") == 0);
    CHECK(shelf.count("done") == 0);
    CHECK(send("POST", "/take", headers_of(call), call.body).status == 200);
    CHECK(send("POST", "/take", headers_of(call), call.body).status == 200);
    CHECK(shelf.count("done") == 1);
  }
}

TEST_CASE("an overheard call is nothing at another participant, though it holds the same key", "[signing]") {
  SigningCoordinator coordinator(entry("*", {secret, private_key}));
  const HttpMessage call = overheard(coordinator, "/take");
  const auto status_at = [&](const SignatureOptions& options, const std::string& host) {
    const Shelf shelf(options);
    const auto headers = headers_of(call, {{"Host", host.empty() ? "127.0.0.1:" + std::to_string(shelf.port()) : host}});
    const int status = send_http(shelf.port(), "POST", "/take", call.body, headers).status;
    CHECK(shelf.count("escrow_barrier") == (status == 200 ? 1 : 0));
    return status;
  };
  const std::string signed_for = *call.header("Host");
  for (const std::string& key : {secret, public_key}) {
    const auto plain = SignatureOptions().key(key);
    CHECK(status_at(plain, "") == 401);
    CHECK(status_at(plain, "other.example") == 401);
    // Whoever forwards it with the Host that it was signed for is found out by a participant that knows what it is called.
    CHECK(status_at(plain, signed_for) == 200);
    auto named = plain;
    named.called_as("shelf.example").called_as("127.0.0.1:1");
    CHECK(status_at(named, signed_for) == 401);
    CHECK(status_at(named, "shelf.example") == 401);
    // And the right one is found behind a proxy that writes another Host.
    CHECK(status_at(named.called_as(signed_for), "other.example") == 200);
  }
}

TEST_CASE("the key of an initiator undoes nothing and confirms nothing", "[signing]") {
  SigningCoordinator coordinator(entry("*", {secret}));
  FakeParticipant ear;
  const Client client(coordinator.url());
  // A saga whose second step is refused, so that the first one's undo is heard, too.
  ear.on("/refused", ParticipantAnswer{.status = 409});
  const auto view = client.run(Saga("take")
                                   .gid("order.19")
                                   .step(Step("shelf").action(ear.url("/take")).compensate(ear.url("/give-back")))
                                   .step(Step("till").action(ear.url("/refused")).compensate(ear.url("/give-back"))));
  REQUIRE(view);
  REQUIRE(ear.calls("/take").size() == 1);
  REQUIRE(ear.calls("/give-back").size() == 1);
  const Shelf shelf(SignatureOptions().key(old_secret).initiator_key(secret));
  const auto send = [&](const std::string& path, const HttpMessage& call) {
    return send_http(shelf.port(), "POST", path, call.body, headers_of(call)).status;
  };
  CHECK(send("/give-back", ear.calls("/give-back").front()) == 401);
  CHECK(shelf.count("escrow_barrier") == 0);
  CHECK(send("/take", ear.calls("/take").front()) == 200);
}

TEST_CASE("an overheard call is refused once it is old, and one from the future at once", "[signing]") {
  SigningCoordinator coordinator(entry("127.0.0.1", {secret}));
  const HttpMessage call = overheard(coordinator, "/take");
  const std::int64_t signed_s = std::stoll(*call.header("webhook-timestamp"));
  for (const auto& [offset_s, status] : {std::pair{-301, 401}, std::pair{-300, 200}, std::pair{300, 200}, std::pair{301, 401}}) {
    INFO(offset_s);
    const std::chrono::system_clock::time_point then{std::chrono::seconds(signed_s + offset_s)};
    const Shelf shelf(SignatureOptions().key(secret).clock([then] { return then; }));
    const auto answer = send_http(shelf.port(), "POST", "/take", call.body, headers_of(call));
    CHECK(answer.status == status);
    if (status == 401) CHECK(answer.body.find("301 s") != std::string::npos);
    CHECK(shelf.count("done") == (status == 200 ? 1 : 0));
  }
}

TEST_CASE("a participant whose clock is wrong says so in the history, and the transaction is undone", "[signing]") {
  const auto hours_ahead = [] { return std::chrono::system_clock::now() + 2h; };
  const Shelf shelf(SignatureOptions().key(secret).clock(hours_ahead));
  SigningCoordinator coordinator(entry("*", {secret}));
  const Client client(coordinator.url());
  const auto view = client.start(take_from(shelf.url("/take"), shelf.url("/take"), "late"));
  REQUIRE(view);
  const auto seen = client.wait("late", 10s);
  const auto events = coordinator.get("/v1/transactions/late/events").body;
  INFO(events);
  CHECK(events.find("compare both with NTP") != std::string::npos);
  CHECK(events.find("401") != std::string::npos);
  CHECK(shelf.count("escrow_barrier") == 0);
  CHECK(client.get("late")->will_abort());
}

TEST_CASE("the secret of another target opens no door, and no secret is shown anywhere", "[signing]") {
  const Shelf shelf(SignatureOptions().key(secret));
  SigningCoordinator coordinator(entry("127.0.0.1", {other_secret, private_key}));
  const Client client(coordinator.url());
  REQUIRE(client.start(take_from(shelf.url("/take"), shelf.url("/take"), "stolen")));
  static_cast<void>(client.wait("stolen", 2s));
  const auto view = client.get("stolen");
  REQUIRE(view);
  CHECK(view->will_abort());
  CHECK(view->abort_reason()->code() == AbortCode::attempts_exhausted);
  CHECK(shelf.count("escrow_barrier") == 0);

  std::string all;
  for (const std::string target :
       {"/v1/info", "/v1/overview", "/v1/destinations", "/v1/transactions/stolen", "/v1/transactions/stolen/events", "/metrics"}) {
    const auto answer = coordinator.get(target);
    CHECK(answer.status == 200);
    all += answer.body;
  }
  CHECK(coordinator.process().stop() == 0);
  all += coordinator.log();
  for (const std::string& key : {other_secret, private_key}) CHECK(all.find(key.substr(7, 12)) == std::string::npos);
}

TEST_CASE("keys change with overlap on both sides, and no transaction notices", "[signing]") {
  const TemporaryDirectory directory;
  const std::string keys = directory.path() + "/keys";
  std::ofstream(keys) << old_secret << "\n";
  const Shelf shelf(SignatureOptions().key_file(keys).look_every(0ms));
  FakeParticipant ear;
  SigningCoordinator coordinator(entry("127.0.0.1", {old_secret}));
  const Client client(coordinator.url());
  int number = 0;
  const auto commits = [&] {
    const auto view = client.run(take_from(shelf.url("/take"), shelf.url("/take"), "order." + std::to_string(++number)));
    return view && view->status() == Status::committed;
  };
  /// How many signatures calls carry by now; a call is made to find out.
  const auto signatures = [&] {
    const std::string path = "/ear/" + std::to_string(++number);
    const auto view = client.run(take_from(ear.url(path), ear.url("/undo"), "ear." + std::to_string(number)));
    REQUIRE(view);
    const auto calls = ear.calls(path);
    REQUIRE(calls.size() == 1);
    const auto header = calls.front().header("webhook-signature").value_or("");
    return header.empty() ? 0 : 1 + std::count(header.begin(), header.end(), ' ');
  };
  const auto becomes = [&](std::int64_t count) {
    for (int i = 0; i < 1'000; ++i) {
      if (signatures() == count) return true;
    }
    return false;
  };

  REQUIRE(commits());
  coordinator.replace(entry("127.0.0.1", {old_secret, secret}));
  REQUIRE(becomes(2));
  CHECK(commits());
  std::ofstream(keys, std::ios::trunc) << secret << "\n";
  CHECK(commits());
  // What can't be used leaves the keys as they are.
  const int failed = coordinator.failed_reloads();
  coordinator.replace(entry("127.0.0.1", {"whsec_broken"}));
  REQUIRE(tried_again([&] { return coordinator.failed_reloads() > failed; }));
  CHECK(signatures() == 2);
  CHECK(commits());
  coordinator.replace(entry("127.0.0.1", {secret}));
  REQUIRE(becomes(1));
  CHECK(commits());
  coordinator.replace("[]\n");
  REQUIRE(becomes(0));
  const auto unsigned_call = client.start(take_from(shelf.url("/take"), shelf.url("/take"), "unsigned"));
  REQUIRE(unsigned_call);
  static_cast<void>(client.wait("unsigned", 2s));
  CHECK(client.get("unsigned")->will_abort());
}

TEST_CASE("signing keys that can't be used end the start with status 2, the key of the setting and no secret", "[signing]") {
  const TemporaryDirectory directory;
  const std::string credentials = directory.path() + "/credentials.yaml";
  std::ofstream(credentials) << entry("a", {secret}) << "- {match: b, signing: [{id: k, secret: whsec_dG9vc2hvcnRzZWNyZXQ=}]}\n";
  std::filesystem::permissions(credentials, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ofstream(directory.path() + "/escrow.yaml") << "targets: {credentials_file: " << credentials << "}\n";
  for (const bool only_check : {true, false}) {
    std::vector<std::string> command{
        ESCROWD, "--config", directory.path() + "/escrow.yaml", "--store", "sqlite::memory:", "--listen", "127.0.0.1:0"};
    if (only_check) command.emplace_back("--check-config");
    const auto ended = run_to_end(command, directory.path());
    CHECK(ended.status == 2);
    CHECK(ended.errors.find("targets.credentials_file") != std::string::npos);
    CHECK(ended.errors.find("entry 2, signing 1") != std::string::npos);
    CHECK(ended.errors.find("dG9vc2hvcnR") == std::string::npos);
    CHECK(ended.errors.find(secret.substr(7, 12)) == std::string::npos);
  }
}

}  // namespace escrow::testing
