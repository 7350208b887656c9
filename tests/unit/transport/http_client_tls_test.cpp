#include "coordinator/transport/errors.hpp"
#include "tests/support/tls_server.hpp"
#include "tests/unit/transport/client_under_test.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <future>
#include <mutex>
#include <string>
#include <vector>

using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::over_mutual_tls;
using escrow::testing::over_tls;
using escrow::testing::RawServer;
using escrow::testing::RawSocket;
using escrow::testing::TestCertificate;
using escrow::testing::TlsConnection;
using namespace std::chrono_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void answer_each(TlsConnection& connection, int) {
  while (!connection.receive_message().empty()) {
    if (!connection.send(ok)) return;
  }
}

std::string https(const RawServer& server, const std::string& host) {
  return "https://" + host + ":" + std::to_string(server.port()) + "/";
}

ClientTls trusting(const TestCertificate& authority) {
  return {.ca_file = authority.certificate_file(), .certificate_file = {}, .key_file = {}};
}

/// OpenSSL writes to sockets that the peer has closed; a server under test must not end the test with it.
const auto ignored_signal = std::signal(SIGPIPE, SIG_IGN);

}  // namespace

TEST_CASE("a verified participant is called over TLS on one connection", "[transport][client][tls]") {
  const TestCertificate certificate("DNS:pay.example,IP:127.0.0.1");
  std::mutex mutex;
  std::vector<std::string> names;
  std::atomic<int> shown = 0;
  RawServer server(over_tls(certificate, [&](TlsConnection& connection, int number) {
    {
      const std::lock_guard lock(mutex);
      names.push_back(connection.server_name());
    }
    shown += connection.has_client_certificate() ? 1 : 0;
    answer_each(connection, number);
  }));
  ClientUnderTest client({}, {}, trusting(certificate));
  client.names().know("pay.example", {"127.0.0.1"});
  for (int i = 0; i < 3; ++i) CHECK(outcome(client.call(https(server, "pay.example"))) == "answered 200");
  CHECK(server.connections() == 1);
  CHECK(outcome(client.call(https(server, "127.0.0.1"))) == "answered 200");
  OutboundCall large = client.to(https(server, "pay.example"));
  large.body(std::string(1 << 20, 'x'));
  CHECK(outcome(client.call(std::move(large))) == "answered 200");
  client.client().shut_down();
  CHECK(shown == 0);
  const std::lock_guard lock(mutex);
  CHECK(names == std::vector<std::string>{"pay.example", ""});  // an address is no server name
}

TEST_CASE("E17 certificates that are unknown, expired or for another host are refused", "[transport][client][tls]") {
  const TestCertificate good("DNS:pay.example");
  const TestCertificate expired("DNS:pay.example", -3600);
  const TestCertificate other("DNS:other.example,DNS:*.pay.example,IP:127.0.0.9");
  struct Case {
    const char* name;
    const TestCertificate& shown;
    const TestCertificate& trusted;
  };
  for (const Case& check : {Case{"unknown", good, other}, Case{"expired", expired, expired}, Case{"another host", other, other}}) {
    CAPTURE(check.name);
    std::atomic<int> messages = 0;
    RawServer server(
        over_tls(check.shown, [&](TlsConnection& connection, int) { messages += connection.receive_message().empty() ? 0 : 1; }));
    ClientUnderTest client({}, {}, trusting(check.trusted));
    client.names().know("pay.example", {"127.0.0.1"});
    const CallAnswer answer = client.call(https(server, "pay.example"));
    CHECK(outcome(answer) == "tls");
    CHECK_FALSE(answer.failure().detail.empty());
    CHECK(outcome(client.call(https(server, "127.0.0.1"))) == "tls");
    CHECK(messages == 0);
  }
}

TEST_CASE("E17 there is no way back to plain text", "[transport][client][tls]") {
  std::atomic<int> hellos = 0;
  RawServer plain([&hellos](RawSocket& connection, int) {
    hellos += connection.receive_some(1) == "\x16" ? 1 : 0;  // a TLS hello, and no request
    connection.send(ok);
  });
  ClientUnderTest client;
  CHECK(outcome(client.call(https(plain, "127.0.0.1"))) == "tls");
  CHECK(plain.connections() == 1);
  CHECK(hellos == 1);

  RawServer resetting([](RawSocket& connection, int) {
    static_cast<void>(connection.receive_some(1));
    connection.reset_on_close();
  });
  CHECK(outcome(client.call(https(resetting, "127.0.0.1"))) == "tls");
  RawServer silent([](RawSocket& connection, int) { connection.wait_for_close(); });
  CHECK(outcome(client.call(client.to(https(silent, "127.0.0.1"), 10ms))) == "timeout");
}

TEST_CASE("E17 a stream that is cut short is no end of a body", "[transport][client][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const bool in_order = GENERATE(false, true);
  RawServer server(over_tls(certificate, [&](TlsConnection& connection, int) {
    if (connection.receive_message().empty()) return;
    connection.send("HTTP/1.1 200 OK\r\n\r\nok");
    if (in_order) connection.send_close_alert();
  }));
  ClientUnderTest client({}, {}, trusting(certificate));
  CHECK(outcome(client.call(https(server, "127.0.0.1"))) == (in_order ? "answered 200" : "broken_answer"));
}

TEST_CASE("a late answer over TLS is never the answer to the next call", "[transport][client][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  std::promise<void> send_it;
  std::promise<void> sent;
  RawServer server(over_tls(certificate, [&](TlsConnection& connection, int number) {
    if (connection.receive_message().empty()) return;
    connection.send(ok);
    if (number > 0) return;
    send_it.get_future().wait();
    connection.send("HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n");
    sent.set_value();
    connection.receive_message();  // until the client closes
  }));
  ClientUnderTest client({}, {}, trusting(certificate));
  CHECK(outcome(client.call(https(server, "127.0.0.1"))) == "answered 200");
  send_it.set_value();
  sent.get_future().wait();
  CHECK(outcome(client.call(https(server, "127.0.0.1"))) == "answered 200");
  CHECK(server.connections() == 2);
}

TEST_CASE("a client certificate is shown where one is set", "[transport][client][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  std::atomic<int> shown = 0;
  RawServer server(over_tls(certificate, [&shown](TlsConnection& connection, int number) {
    shown += connection.has_client_certificate() ? 1 : 0;
    answer_each(connection, number);
  }));
  ClientUnderTest client(
      {}, {},
      {.ca_file = certificate.certificate_file(), .certificate_file = certificate.certificate_file(), .key_file = certificate.key_file()});
  CHECK(outcome(client.call(https(server, "127.0.0.1"))) == "answered 200");
  CHECK(shown == 1);
  client.client().shut_down();
}

TEST_CASE("each target has its own authority and is shown its own certificate", "[transport][client][tls]") {
  const TestCertificate general("IP:127.0.0.1");
  const TestCertificate pays("DNS:authority");
  const TestCertificate pay("DNS:pay.example", pays);
  const TestCertificate us("DNS:us-to-pay");
  const TestCertificate us_elsewhere("DNS:us-elsewhere");
  std::mutex mutex;
  std::vector<std::string> shown;
  const auto note = [&](TlsConnection& connection, int number) {
    {
      const std::lock_guard lock(mutex);
      shown.push_back(connection.client_name());
    }
    answer_each(connection, number);
  };
  RawServer pay_server(over_tls(pay, note));
  RawServer other_server(over_tls(general, note));
  TargetCredentials credentials;
  TargetCredential entry;
  entry.match = "pay.example";
  entry.ca_file = pays.certificate_file();
  entry.certificate_file = us.certificate_file();
  entry.key_file = us.key_file();
  REQUIRE(credentials.add(entry));
  const auto tls = TargetTls::load(
      {.ca_file = general.certificate_file(), .certificate_file = us_elsewhere.certificate_file(), .key_file = us_elsewhere.key_file()},
      credentials);
  REQUIRE(tls);
  ClientUnderTest client;
  client.client().use_tls(*tls);
  for (const char* name : {"pay.example", "pay.example."}) client.names().know(name, {"127.0.0.1"});
  CHECK(outcome(client.call(https(pay_server, "pay.example"))) == "answered 200");
  CHECK(outcome(client.call(https(pay_server, "pay.example."))) == "answered 200");
  CHECK(outcome(client.call(https(other_server, "127.0.0.1"))) == "answered 200");
  // The authority of one target says nothing of another, nor the general one of a target with its own.
  CHECK(outcome(client.call(https(pay_server, "127.0.0.1"))) == "tls");
  CHECK(outcome(client.call(https(other_server, "pay.example"))) == "tls");
  client.client().shut_down();
  const std::lock_guard lock(mutex);
  CHECK(shown == std::vector<std::string>{"us-to-pay", "us-to-pay", "us-elsewhere"});
}

TEST_CASE("files that were replaced hold for every call that begins later", "[transport][client][tls]") {
  const TestCertificate server_certificate("IP:127.0.0.1");
  const TestCertificate first("DNS:first");
  const TestCertificate second("DNS:second");
  std::mutex mutex;
  std::vector<std::string> shown;
  RawServer server(over_tls(server_certificate, [&](TlsConnection& connection, int) {
    while (!connection.receive_message().empty()) {
      {
        const std::lock_guard lock(mutex);
        shown.push_back(connection.client_name());
      }
      if (!connection.send(ok)) return;
    }
  }));
  const auto with = [&](const TestCertificate& certificate) {
    return TargetTls::load({.ca_file = server_certificate.certificate_file(),
                            .certificate_file = certificate.certificate_file(),
                            .key_file = certificate.key_file()},
                           {})
        .value();
  };
  ClientUnderTest client;
  client.client().use_tls(with(first));
  for (int i = 0; i < 2; ++i) CHECK(outcome(client.call(https(server, "127.0.0.1"))) == "answered 200");
  CHECK(client.client().idle_connections() == 1);
  client.client().use_tls(with(second));
  CHECK(client.client().idle_connections() == 0);
  for (int i = 0; i < 2; ++i) CHECK(outcome(client.call(https(server, "127.0.0.1"))) == "answered 200");
  client.client().shut_down();
  const std::lock_guard lock(mutex);
  CHECK(shown == std::vector<std::string>{"first", "first", "second", "second"});
  CHECK(server.connections() == 2);
}

TEST_CASE("E17 a failed handshake says why", "[transport][client][tls]") {
  const TestCertificate authority("DNS:authority");
  const TestCertificate good("IP:127.0.0.1", authority);
  const TestCertificate expired("IP:127.0.0.1", authority, -3600);
  const TestCertificate other_name("DNS:other.example", authority);
  const TestCertificate self_signed("IP:127.0.0.1");
  const auto reason = [&](const TestCertificate& shown) {
    RawServer server(over_tls(shown, answer_each));
    ClientUnderTest client({}, {}, trusting(authority));
    const CallAnswer answer = client.call(https(server, "127.0.0.1"));
    return answer.answered() ? "answered" : std::string(to_string(answer.failure().kind)) + ": " + answer.failure().detail;
  };
  const auto says = [](const std::string& text, const char* part) {
    return text.starts_with("tls: ") && text.find(part) != std::string::npos;
  };
  CHECK(reason(good) == "answered");
  CHECK(says(reason(expired), "certificate has expired"));
  CHECK(says(reason(other_name), "mismatch"));
  CHECK(says(reason(self_signed), "self-signed"));
  CHECK(says(reason(TestCertificate("IP:127.0.0.1", TestCertificate("DNS:nobody"))), "issuer"));
}

TEST_CASE("E17 a participant that refuses our certificate gets no call, and the reason is told", "[transport][client][tls]") {
  const TestCertificate server_certificate("IP:127.0.0.1");
  const TestCertificate clients("DNS:authority");
  const TestCertificate us("DNS:us", clients);
  const TestCertificate foreign("DNS:us");
  std::atomic<int> messages = 0;
  RawServer server(over_mutual_tls(server_certificate, clients, [&](TlsConnection& connection, int number) {
    ++messages;
    answer_each(connection, number);
  }));
  const auto call = [&](const TestCertificate* shown) {
    ClientTls tls = trusting(server_certificate);
    if (shown != nullptr) tls.certificate_file = shown->certificate_file(), tls.key_file = shown->key_file();
    ClientUnderTest client({}, {}, tls);
    CallAnswer answer = client.call(https(server, "127.0.0.1"));
    client.client().shut_down();
    return answer;
  };
  CHECK(outcome(call(&us)) == "answered 200");
  const CallAnswer without = call(nullptr);
  REQUIRE_FALSE(without.answered());
  CHECK(without.failure().detail.find("asked for a client certificate, and none is configured") != std::string::npos);
  const CallAnswer wrong = call(&foreign);
  REQUIRE_FALSE(wrong.answered());
  CHECK(wrong.failure().detail.find("none is configured") == std::string::npos);
  CHECK(messages == 1);
}

TEST_CASE("files that TLS cannot use are named", "[transport][client][tls]") {
  boost::asio::io_context io;
  const std::string missing = "/nonexistent/file.pem";
  for (const ClientTls& tls : {ClientTls{.ca_file = missing, .certificate_file = {}, .key_file = {}},
                               ClientTls{.ca_file = {}, .certificate_file = missing, .key_file = {}},
                               ClientTls{.ca_file = {}, .certificate_file = {}, .key_file = missing}}) {
    const auto made = HttpClient::make(io.get_executor(), {}, {}, tls);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == make_error_code(Errc::tls_setup));
    CHECK(made.error().detail.find(missing) != std::string::npos);
  }
}
