#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>

#include "tests/integration/api/coordinator.hpp"
#include "tests/support/tls_client.hpp"
#include "tests/support/tls_server.hpp"

using namespace escrow::testing;

/// TLS in both directions of the real program, with certificates that are right and with every kind that is not.
namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

void answer_each(TlsConnection& connection, int) {
  while (!connection.receive_message().empty()) {
    if (!connection.send(ok)) return;
  }
}

class Folder {
 public:
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  /// Only its owner may read it.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path(name);
  }
  [[nodiscard]] std::vector<std::string> flags(const std::string& yaml) const { return {"--config", write("escrowd.yaml", yaml)}; }

 private:
  TemporaryDirectory directory_;
};

std::string address_of(const RawServer& server) { return "https://127.0.0.1:" + std::to_string(server.port()) + "/a"; }

/// Called once, and again after a long time: a message's action, which is never given up.
json message(const std::string& gid, const std::string& action) {
  return {{"gid", gid},
          {"mode", "message"},
          {"retry", {{"initial_ms", 60'000}, {"max_ms", 60'000}}},
          {"attention_after", 1},
          {"branches", {{{"id", "a"}, {"action", action}}}}};
}

json saga(const std::string& gid, const std::string& action) {
  return {{"gid", gid}, {"mode", "saga"}, {"retry", quick_retry(1)}, {"branches", {{{"id", "a"}, {"action", action}}}}};
}

std::string first_failure(Coordinator& coordinator, const std::string& gid) {
  const json history = coordinator.get("/v1/transactions/" + gid + "/events");
  for (const json& event : history.at("events")) {
    if (event.at("type") == "attempt_failed") return event.at("detail");
  }
  return "";
}

/// OpenSSL writes to sockets that the peer has closed; a participant of ours must not end the test with it.
const auto ignored_signal = std::signal(SIGPIPE, SIG_IGN);

/// How often files could not be read again, from a page of /metrics.
int failed_reloads(const HttpMessage& page) {
  const std::string sample = "escrow_reloads_total{outcome=\"failed\"} ";
  const std::size_t at = page.body.find(sample);
  return at == std::string::npos ? 0 : std::stoi(page.body.substr(at + sample.size()));
}

/// Asks until it is more than that: only then has a file that was put there been tried.
bool comes_to_exceed(int count, const std::function<int()>& asked) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    if (asked() > count) return true;
  }
  return false;
}

const std::string bound_token = "esc_bound_token_of_the_tls_test_0123456789";
const std::string hash_of_bound_token = "e5ad8fa32107f8bfb892d63f64821ca5deed44b7e4a34765f361ced9b9063bfb";

/// A coordinator that is spoken to over TLS.
class TlsCoordinator {
 public:
  TlsCoordinator(const Folder& folder, const std::string& yaml) : process_(ESCROWD, directory_.path(), folder.flags(yaml)) {}

  [[nodiscard]] std::uint16_t port() const { return process_.port(); }
  [[nodiscard]] HttpMessage request(const std::string& method, const std::string& target, const std::string& content = "",
                                    const TlsClientSettings& settings = {}, const std::string& headers = "") const {
    TlsClient client(port(), settings);
    client.send(method + " " + target + " HTTP/1.1\r\n" + headers + "Host: 127.0.0.1:" + std::to_string(port()) +
                "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + std::to_string(content.size()) +
                "\r\n\r\n" + content);
    return parse_http(client.receive_all());
  }
  EscrowdProcess& process() { return process_; }

 private:
  TemporaryDirectory directory_;
  EscrowdProcess process_;
};

std::string server_section(const std::string& certificate_file, const std::string& key_file, const std::string& more = "") {
  return "tls: {certificate_file: " + certificate_file + ", key_file: " + key_file + more + "}\n";
}

}  // namespace

TEST_CASE("E17 a participant whose TLS is not what it should be gets no call, and the history says why", "[hostile][tls]") {
  const TestCertificate authority("DNS:authority");
  const TestCertificate good("IP:127.0.0.1", authority);
  const TestCertificate expired("IP:127.0.0.1", authority, -3600);
  const TestCertificate other_name("DNS:other.example,IP:127.0.0.9", authority);
  const TestCertificate no_name("", authority);
  const TestCertificate self_signed("IP:127.0.0.1");
  const TestCertificate stranger("DNS:stranger");
  const TestCertificate unknown("IP:127.0.0.1", stranger);
  std::atomic<int> messages = 0;
  const auto count = [&](TlsConnection& connection, int) { messages += connection.receive_message().empty() ? 0 : 1; };
  const auto reset = [](RawSocket& connection, int) {
    static_cast<void>(connection.receive_some(1));
    connection.reset_on_close();
  };
  const auto closes = [](RawSocket& connection, int) { static_cast<void>(connection.receive_some(1)); };
  std::atomic<int> plain_requests = 0;
  const auto plain = [&](RawSocket& connection, int) {
    plain_requests += connection.receive_some(1) == "P" ? 1 : 0;
    connection.send(ok);
  };
  struct Case {
    const char* name;
    RawServer::Script script;
    const char* reason;
  };
  const std::vector<Case> cases{{"expired", over_tls(expired, count), "certificate has expired"},
                                {"another host", over_tls(other_name, count), "mismatch"},
                                {"a common name only", over_tls(no_name, count), "mismatch"},
                                {"self-signed", over_tls(self_signed, count), "self-signed"},
                                {"an unknown authority", over_tls(unknown, count), "issuer"},
                                {"reset in the handshake", reset, "TLS handshake"},
                                {"closed in the handshake", closes, "TLS handshake"},
                                {"plain HTTP", plain, "TLS handshake"}};
  const Folder folder;
  Coordinator coordinator(folder.flags("targets: {ca_file: " + authority.certificate_file() + "}\n"));
  {
    RawServer participant(over_tls(good, answer_each));
    CHECK(coordinator.run(saga("good", address_of(participant))).at("status") == "committed");
  }
  int number = 0;
  for (const Case& check : cases) {
    INFO(check.name);
    const std::string gid = std::to_string(++number);
    RawServer participant(check.script);
    // A forward operation: unknown, so it is undone rather than skipped. A final one: called for ever, and a person is told.
    CHECK(coordinator.run(saga("f" + gid, address_of(participant))).at("branches")[0]["operations"]["action"]["state"] == "unknown");
    const std::string why = first_failure(coordinator, "f" + gid);
    INFO(why);
    CHECK(why.starts_with("tls: "));
    CHECK(why.find(check.reason) != std::string::npos);
    coordinator.post("/v1/transactions", message("m" + gid, address_of(participant)), 201);
    const json stuck = coordinator.eventually("m" + gid, [](const json& seen) { return !seen.at("attention").empty(); });
    CHECK(stuck.at("status") == "committing");
    CHECK(participant.connections() == 2);
  }
  CHECK(messages == 0);
  CHECK(plain_requests == 0);
}

TEST_CASE("E17 an answer over TLS that is cut short is unknown", "[hostile][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  // Without a length, only the close alert says that this is all.
  RawServer participant(over_tls(certificate, [](TlsConnection& connection, int number) {
    if (connection.receive_message().empty()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"half\":");
    if (number > 0) {
      connection.send("true}");
      connection.send_close_alert();
    }
  }));
  const Folder folder;
  Coordinator coordinator(folder.flags("targets: {ca_file: " + certificate.certificate_file() + "}\n"));
  json body = saga("g", address_of(participant));
  body["retry"] = quick_retry(3);
  const json ended = coordinator.run(body);
  CHECK(ended.at("status") == "committed");
  CHECK(ended.at("branches")[0]["operations"]["action"]["attempts"] == 2);
  CHECK(first_failure(coordinator, "g").starts_with("broken_answer: "));
}

TEST_CASE("E17 participants with mutual TLS are shown the certificate of their entry, and a new one without a restart", "[hostile][tls]") {
  const TestCertificate server_certificate("IP:127.0.0.1");
  const TestCertificate clients("DNS:authority");
  const TestCertificate us("DNS:us", clients);
  const TestCertificate us_later("DNS:us-later", clients);
  const TestCertificate foreign("DNS:us");
  std::mutex mutex;
  std::vector<std::string> shown;
  RawServer participant(over_mutual_tls(server_certificate, clients, [&](TlsConnection& connection, int) {
    while (!connection.receive_message().empty()) {
      {
        const std::lock_guard lock(mutex);
        shown.push_back(connection.client_name());
      }
      if (!connection.send(ok)) return;
    }
  }));
  const Folder folder;
  const auto copy = [&](const TestCertificate& certificate) {
    for (const auto& [from, to] : {std::pair(certificate.certificate_file(), "us.pem"), std::pair(certificate.key_file(), "us.key")}) {
      std::filesystem::copy_file(from, folder.path(std::string(to) + ".new"), std::filesystem::copy_options::overwrite_existing);
      std::filesystem::rename(folder.path(std::string(to) + ".new"), folder.path(to));
    }
  };
  const std::string match =
      "- match: 127.0.0.1:" + std::to_string(participant.port()) + "\n  ca_file: " + server_certificate.certificate_file() + "\n";
  const std::string identity = "  certificate_file: " + folder.path("us.pem") + "\n  key_file: " + folder.path("us.key") + "\n";
  const std::string credentials = folder.write("credentials.yaml", match);
  Coordinator coordinator(folder.flags("targets: {credentials_file: " + credentials + "}\nauth: {reload_ms: 100}\n"));
  const auto eventually_shown = [&](const std::string& name) {
    // Each turn is a call; the files are looked at ten times a second.
    static int number = 0;
    for (int turn = 0; turn < 2'000; ++turn) {
      coordinator.run(saga("turn-" + std::to_string(++number), address_of(participant)));
      const std::lock_guard lock(mutex);
      if (!shown.empty() && shown.back() == name) return true;
    }
    return false;
  };
  CHECK(coordinator.run(saga("without", address_of(participant))).at("status") == "aborted");
  CHECK(first_failure(coordinator, "without").find("asked for a client certificate, and none is configured") != std::string::npos);

  copy(us);
  folder.write("credentials.yaml", match + identity);
  CHECK(eventually_shown("us"));
  copy(us_later);
  CHECK(eventually_shown("us-later"));
  // A file that can't be used changes nothing.
  const auto failures = [&] { return failed_reloads(coordinator.request("GET", "/metrics")); };
  const int before = failures();
  folder.write("credentials.yaml", "- match: [");
  coordinator.process().child().signal(SIGHUP);
  REQUIRE(comes_to_exceed(before, failures));
  CHECK(coordinator.run(saga("broken-file", address_of(participant))).at("status") == "committed");
  // A certificate of another authority is refused by the participant: no call arrives.
  copy(foreign);
  folder.write("credentials.yaml", match + identity);
  bool refused = false;
  for (int turn = 0; turn < 2'000 && !refused; ++turn) {
    refused = coordinator.run(saga("foreign-" + std::to_string(turn), address_of(participant))).at("status") == "aborted";
  }
  CHECK(refused);
  const std::lock_guard lock(mutex);
  for (const std::string& name : shown) CHECK((name == "us" || name == "us-later"));
}

TEST_CASE("the whole API is served over TLS, long waits and the event stream included", "[hostile][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const Folder folder;
  TlsCoordinator coordinator(folder, server_section(certificate.certificate_file(), certificate.key_file()));
  const TlsClientSettings trusting{.ca_file = certificate.certificate_file()};
  CHECK(coordinator.request("GET", "/healthz/ready", "", trusting).status == 200);
  CHECK(coordinator.request("GET", "/", "", trusting).status == 200);

  TlsClient reader(coordinator.port(), trusting);
  REQUIRE(reader.connected());
  reader.send("GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  CHECK(parse_http(reader.receive_until("\r\n\r\n")).status == 200);
  const json open = {{"gid", "g"}, {"mode", "saga"}, {"interactive", true}};
  CHECK(coordinator.request("POST", "/v1/transactions", open.dump(), trusting).status == 201);
  TlsClient waiter(coordinator.port(), trusting);
  waiter.send("GET /v1/transactions/g?wait_ms=10000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  CHECK(coordinator.request("POST", "/v1/transactions/g/commit", "", trusting).status == 200);
  CHECK(json::parse(parse_http(waiter.receive_message()).body).at("status") == "committed");
  CHECK(reader.receive_until("event: committed").ends_with("event: committed"));

  // In plain text nobody is served, and is told so.
  RawSocket plain = RawSocket::connect(coordinator.port());
  plain.send("GET /v1/info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const HttpMessage told = parse_http(plain.receive_all());
  CHECK(told.status == 400);
  CHECK(json::parse(told.body).at("detail").get<std::string>().find("https") != std::string::npos);
  // It ends in order with readers still there.
  CHECK(coordinator.process().stop() == 0);
}

TEST_CASE("clients without the right certificate are turned away where one is required", "[hostile][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate clients("DNS:authority");
  const TestCertificate shop("DNS:shop.internal", clients);
  const TestCertificate expired("DNS:shop.internal", clients, -3600);
  const TestCertificate foreign("DNS:shop.internal");
  const Folder folder;
  TlsCoordinator coordinator(folder,
                             server_section(certificate.certificate_file(), certificate.key_file(),
                                            ", client_ca_file: " + clients.certificate_file() + ", require_client_certificate: true"));
  const auto ask_as = [&](const TestCertificate* shown) {
    TlsClientSettings settings;
    if (shown != nullptr) settings.certificate_file = shown->certificate_file(), settings.key_file = shown->key_file();
    return coordinator.request("GET", "/v1/info", "", settings).status;
  };
  CHECK(ask_as(&shop) == 200);
  CHECK(ask_as(nullptr) == 0);
  CHECK(ask_as(&expired) == 0);
  CHECK(ask_as(&foreign) == 0);
  CHECK(ask_as(&shop) == 200);
}

TEST_CASE("a client certificate makes a principal with its roles, and nobody else's certificate does", "[hostile][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate clients("DNS:authority");
  const TestCertificate shop("DNS:shop.internal", clients);
  const TestCertificate ann("URI:spiffe://cluster/ann", clients);
  const TestCertificate nobody("DNS:nobody.internal", clients);
  const TestCertificate bound("DNS:bound.internal", clients);
  // Any of its alternative names counts, but not the common name, which is "escrow test" in all of them, and not where they name two.
  const TestCertificate several("DNS:ann.internal,URI:spiffe://cluster/ann", clients);
  const TestCertificate impostor("", clients);
  const TestCertificate torn("DNS:shop.internal,URI:spiffe://cluster/ann", clients);
  const TestCertificate foreign("DNS:shop.internal");
  const Folder folder;
  const std::string tokens = folder.write("tokens.yaml",
                                          "- {name: shop, roles: [initiate], certificate: shop.internal}\n"
                                          "- {name: escrow, roles: [admin], certificate: 'escrow test'}\n"
                                          "- {name: ann, roles: [operate], certificate: 'spiffe://cluster/ann'}\n"
                                          "- {name: bound, roles: [read], certificate: bound.internal, hash: 'sha256:" +
                                              hash_of_bound_token + "'}\n");
  TlsCoordinator coordinator(
      folder, server_section(certificate.certificate_file(), certificate.key_file(), ", client_ca_file: " + clients.certificate_file()) +
                  "auth: {tokens_file: " + tokens + "}\n");
  const auto as = [&](const TestCertificate* shown, const std::string& method, const std::string& target, const std::string& content = "") {
    TlsClientSettings settings;
    if (shown != nullptr) settings.certificate_file = shown->certificate_file(), settings.key_file = shown->key_file();
    return coordinator.request(method, target, content, settings);
  };
  const std::string open = R"({"gid":"g","mode":"saga","interactive":true})";
  CHECK(as(nullptr, "GET", "/v1/info").status == 401);
  CHECK(as(&nobody, "GET", "/v1/info").status == 401);
  CHECK(as(&several, "GET", "/v1/info").status == 200);
  CHECK(as(&impostor, "GET", "/v1/info").status == 401);
  CHECK(as(&torn, "GET", "/v1/info").status == 401);
  CHECK(as(&foreign, "GET", "/v1/info").status == 0);
  CHECK(as(nullptr, "POST", "/v1/transactions", open).status == 401);
  CHECK(as(&shop, "POST", "/v1/transactions", open).status == 201);
  CHECK(as(&shop, "POST", "/v1/retry", "{}").status == 403);
  // A token that is bound to a certificate is worth nothing without it, and the certificate nothing without the token.
  const auto with_token = [&](const TestCertificate* shown) {
    TlsClientSettings settings;
    if (shown != nullptr) settings.certificate_file = shown->certificate_file(), settings.key_file = shown->key_file();
    return coordinator.request("GET", "/v1/info", "", settings, "Authorization: Bearer " + bound_token + "\r\n").status;
  };
  CHECK(with_token(nullptr) == 401);
  CHECK(with_token(&shop) == 401);
  CHECK(as(&bound, "GET", "/v1/info").status == 401);
  CHECK(with_token(&bound) == 200);
  CHECK(as(&ann, "POST", "/v1/transactions/g/abort").status == 200);
  const json events = json::parse(as(&shop, "GET", "/v1/transactions/g/events").body).at("events");
  const auto aborted = std::find_if(events.begin(), events.end(), [](const json& event) { return event.at("type") == "abort_decided"; });
  REQUIRE(aborted != events.end());
  CHECK(aborted->at("actor") == "ann");
}

TEST_CASE("a client whose authority is taken away is cut off on its open connection to the coordinator", "[hostile][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate clients("DNS:authority");
  const TestCertificate others("DNS:another-authority");
  const TestCertificate shop("DNS:shop.internal", clients);
  const Folder folder;
  const auto put = [&](const TestCertificate& authority) {
    std::filesystem::copy_file(authority.certificate_file(), folder.path("clients.new"), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(folder.path("clients.new"), folder.path("clients.pem"));
  };
  put(clients);
  const std::string tokens = folder.write("tokens.yaml", "- {name: shop, roles: [read], certificate: shop.internal}\n");
  TlsCoordinator coordinator(
      folder, server_section(certificate.certificate_file(), certificate.key_file(), ", client_ca_file: " + folder.path("clients.pem")) +
                  "auth: {tokens_file: " + tokens + ", reload_ms: 100}\n");
  TlsClientSettings settings;
  settings.certificate_file = shop.certificate_file();
  settings.key_file = shop.key_file();
  TlsClient open(coordinator.port(), settings);
  const auto status = [&] {
    if (!open.send("GET /v1/info HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(coordinator.port()) + "\r\n\r\n")) return 0;
    return parse_http(open.receive_message()).status;
  };
  REQUIRE(status() == 200);
  put(others);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int seen = 200;
  while (seen == 200 && std::chrono::steady_clock::now() < end) seen = status();
  CHECK((seen == 0 || seen == 401));
  CHECK(coordinator.request("GET", "/v1/info", "", settings).status == 0);
}

TEST_CASE("the coordinator's certificate is replaced without a restart, and a broken one is not taken", "[hostile][tls]") {
  const TestCertificate first("IP:127.0.0.1");
  const TestCertificate second("IP:127.0.0.1");
  const Folder folder;
  const auto put = [&](const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, folder.path(to + ".new"), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(folder.path(to + ".new"), folder.path(to));
  };
  put(first.certificate_file(), "own.pem");
  put(first.key_file(), "own.key");
  TlsCoordinator coordinator(folder, server_section(folder.path("own.pem"), folder.path("own.key")) + "auth: {reload_ms: 100}\n");
  TlsClient before(coordinator.port(), {.ca_file = first.certificate_file()});
  REQUIRE(before.connected());
  // Half of the change: the key does not belong to the certificate, and everything stays as it was.
  const auto failures = [&] { return failed_reloads(coordinator.request("GET", "/metrics")); };
  put(second.certificate_file(), "own.pem");
  coordinator.process().child().signal(SIGHUP);
  REQUIRE(comes_to_exceed(0, failures));
  CHECK(coordinator.request("GET", "/v1/info", "", {.ca_file = first.certificate_file()}).status == 200);
  put(second.key_file(), "own.key");
  coordinator.process().child().signal(SIGHUP);
  bool is_new = false;
  for (int turn = 0; turn < 2'000 && !is_new; ++turn)
    is_new = TlsClient(coordinator.port(), {.ca_file = second.certificate_file()}).connected();
  CHECK(is_new);
  // A connection that was open before goes on.
  before.send("GET /v1/info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  CHECK(parse_http(before.receive_message()).status == 200);
}

TEST_CASE("files of TLS that can not be used end the start with 2 and are named", "[hostile][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate other("IP:127.0.0.1");
  const Folder folder;
  const TemporaryDirectory directory;
  struct Fault {
    std::string key;
    std::string detail;
  };
  const auto fault_of = [&](const std::string& yaml) {
    Fault fault;
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--check-config"}, {}}) {
      std::vector<std::string> command{ESCROWD, "--listen", "127.0.0.1:0", "--store", "sqlite::memory:"};
      for (const std::string& flag : folder.flags(yaml)) command.push_back(flag);
      command.insert(command.end(), more.begin(), more.end());
      const FinishedProcess ended = run_to_end(command, directory.path());
      CHECK(ended.status == 2);
      const json line = json::parse(ended.errors.substr(0, ended.errors.find('\n')));
      fault = {line.at("key"), line.at("detail")};
    }
    return fault;
  };
  const auto mentions = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
  Fault fault = fault_of(server_section("/nonexistent.pem", certificate.key_file()));
  CHECK(fault.key == "tls");
  CHECK(mentions(fault.detail, "/nonexistent.pem"));
  fault = fault_of(server_section(certificate.certificate_file(), other.key_file()));
  CHECK(mentions(fault.detail, other.key_file()));
  const std::string open_key = folder.write("open.key", "");
  std::filesystem::permissions(open_key, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  fault = fault_of(server_section(certificate.certificate_file(), open_key));
  CHECK(mentions(fault.detail, "chmod"));
  fault = fault_of("targets: {ca_file: /nonexistent.pem}\n");
  CHECK(fault.key == "targets");
  const std::string credentials =
      folder.write("credentials.yaml", "- match: a.example\n- match: pay.example\n  ca_file: /nonexistent.pem\n");
  fault = fault_of("targets: {credentials_file: " + credentials + "}\n");
  CHECK(fault.key == "targets.credentials_file");
  for (const std::string& part : {credentials, std::string("entry 2"), std::string("pay.example"), std::string("/nonexistent.pem")})
    CHECK(mentions(fault.detail, part));
}
