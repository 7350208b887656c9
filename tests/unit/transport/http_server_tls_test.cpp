#include "tests/support/tls_client.hpp"
#include "tests/support/tls_server.hpp"
#include "tests/unit/transport/server_under_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch.hpp>

#include <openssl/ssl.h>

#include <fstream>
#include <string>

namespace async = escrow::async;
using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawSocket;
using escrow::testing::TestCertificate;
using escrow::testing::TlsClient;
using escrow::testing::TlsClientSettings;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const ServerTls> tls_of(const TestCertificate& certificate, const std::string& client_ca_file = "",
                                        bool requires_it = false) {
  const auto loaded = ServerTls::load({.certificate_file = certificate.certificate_file(),
                                       .key_file = certificate.key_file(),
                                       .client_ca_file = client_ca_file,
                                       .require_client_certificate = requires_it});
  REQUIRE(loaded);
  return *loaded;
}

/// Says who asks, and repeats the body.
async::Task<Response> introduce(Request request) {
  Response response(200);
  response.body = request.is_tls ? "tls " : "plain ";
  if (request.peer) {
    for (const std::string& name : request.peer->names) response.body += name + " ";
  }
  response.body += "|" + request.body;
  co_return response;
}

async::Task<Response> stream(Request) {
  Response response(200);
  response.stream = [](BodyWriter& writer) -> async::Task<> {
    bool taken = true;
    for (int i = 0; i < 100 && taken; ++i) taken = co_await writer.write("a line of the stream\n");
  };
  co_return response;
}

async::Task<> tick_while_believed(std::shared_ptr<const PeerCertificate> peer, BodyWriter& writer) {
  async::Timer timer(co_await boost::asio::this_coro::executor);
  bool taken = true;
  for (int i = 0; i < 1'000 && taken && peer && !peer->is_withdrawn; ++i) {
    taken = co_await writer.write("tick\n");
    timer.expires_after(10ms);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  if (taken) co_await writer.write(peer->is_withdrawn ? "withdrawn\n" : "nobody told\n");
}

/// Streams for as long as the certificate of whoever asks is believed.
async::Task<Response> stream_while_believed(Request request) {
  Response response(200);
  response.stream = [peer = request.peer](BodyWriter& writer) { return tick_while_believed(peer, writer); };
  co_return response;
}

class TlsServerUnderTest : public ServerUnderTest {
 public:
  explicit TlsServerUnderTest(std::shared_ptr<const ServerTls> tls, ServerLimits limits = {}, RequestHandler handler = introduce)
      : ServerUnderTest(std::move(handler), limits) {
    use(std::move(tls));
  }
  void use(std::shared_ptr<const ServerTls> tls) {
    on_server([&] { server().use_tls(std::move(tls)); });
  }
  [[nodiscard]] std::uint16_t port() const { return endpoint().port; }
};

std::string post(const std::string& body, const std::string& more = "") {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string get_and_close = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("requests over TLS are answered on one connection, whatever their size", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  TlsServerUnderTest server(tls_of(certificate));
  TlsClient client(server.port(), {.ca_file = certificate.certificate_file(), .protocols = "\x02h2\x08http/1.1"});
  REQUIRE(client.connected());
  const std::string large(1 << 20, 'x');
  for (const std::string& body : {std::string("small"), large, std::string("small again")}) {
    REQUIRE(client.send(post(body)));
    CHECK(body_of(client.receive_message()) == "tls |" + body);
  }
  // Pipelined, and the end of the stream is told in order: nobody can cut an answer short unseen.
  client.send(get + get_and_close);
  CHECK(body_of(client.receive_message()) == "tls |");
  CHECK(body_of(client.receive_all().substr(0)).find("tls |") == 0);
  CHECK(client.ended_in_order());
}

TEST_CASE("a stream goes out over TLS", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  TlsServerUnderTest server(tls_of(certificate), {}, stream);
  TlsClient client(server.port());
  client.send(get_and_close);
  const std::string answer = client.receive_all();
  CHECK(has(answer, "a line of the stream\n"));
  CHECK(answer.ends_with("0\r\n\r\n"));
  CHECK(client.ended_in_order());
}

TEST_CASE("plain HTTP to a TLS port is told so and not handled", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  TlsServerUnderTest server(tls_of(certificate));
  RawSocket plain = server.connect();
  plain.send(get + get);
  const std::string answer = plain.receive_all();
  CHECK(status_in(answer) == 400);
  CHECK(has(answer, "https"));
  CHECK_FALSE(has(answer, "plain |"));
  CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
  RawSocket noise = server.connect();
  noise.send(std::string("\x00\x01\x02 this is no handshake at all, whatever else it may be", 40));
  CHECK_FALSE(has(noise.receive_all(), "HTTP/1.1 200"));
}

TEST_CASE("half a handshake holds up nobody and ends in time", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  TlsServerUnderTest server(tls_of(certificate), {.header_timeout = 300ms});
  std::vector<RawSocket> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.push_back(server.connect());
    stuck.back().send(std::string("\x16\x03\x01\x02", 4).substr(0, static_cast<std::size_t>(i % 5)));
  }
  TlsClient client(server.port());
  client.send(get_and_close);
  CHECK(has(client.receive_all(), "tls |"));
  for (RawSocket& socket : stuck) CHECK(socket.wait_for_close());
  server.wait_for_connections(0);
}

TEST_CASE("old versions and other protocols are refused in the handshake", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  TlsServerUnderTest server(tls_of(certificate));
  CHECK_FALSE(TlsClient(server.port(), {.newest_version = TLS1_1_VERSION}).connected());
  CHECK(TlsClient(server.port(), {.newest_version = TLS1_2_VERSION}).connected());
  CHECK_FALSE(TlsClient(server.port(), {.protocols = "\x02h2"}).connected());
}

TEST_CASE("the names in a verified client certificate reach the handler", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate clients("DNS:authority");
  const TestCertificate others("DNS:authority");
  const TestCertificate shop("IP:10.1.1.1,DNS:Shop.internal,DNS:second", clients);
  const TestCertificate spiffe("URI:spiffe://cluster/shop", clients);
  const TestCertificate unnamed("", clients);
  const TestCertificate expired("DNS:shop.internal", clients, -3600);
  const TestCertificate foreign("DNS:shop.internal", others);
  const auto ask = [](TlsServerUnderTest& server, const TestCertificate* shown) {
    TlsClientSettings settings;
    if (shown != nullptr) settings.certificate_file = shown->certificate_file(), settings.key_file = shown->key_file();
    TlsClient client(server.port(), settings);
    client.send(get_and_close);
    return body_of(client.receive_all());  // in TLS 1.3 the server refuses a certificate after the client thinks that all is well
  };
  {
    TlsServerUnderTest server(tls_of(certificate, clients.certificate_file()));
    CHECK(ask(server, &shop) == "tls dns:shop.internal dns:second cn:escrow test |");
    CHECK(ask(server, &spiffe) == "tls uri:spiffe://cluster/shop cn:escrow test |");
    CHECK(ask(server, &unnamed) == "tls cn:escrow test |");
    CHECK(ask(server, nullptr) == "tls |");
    CHECK(ask(server, &expired).empty());
    CHECK(ask(server, &foreign).empty());
  }
  TlsServerUnderTest strict(tls_of(certificate, clients.certificate_file(), true));
  CHECK(ask(strict, &shop) == "tls dns:shop.internal dns:second cn:escrow test |");
  CHECK(ask(strict, nullptr).empty());
  CHECK(ask(strict, &foreign).empty());
  // A certificate that nobody asked for has no name.
  TlsServerUnderTest open(tls_of(certificate));
  CHECK(ask(open, &shop) == "tls |");
}

TEST_CASE("a certificate that has been replaced is shown to new connections only", "[transport][server][tls]") {
  const TestCertificate first("IP:127.0.0.1");
  const TestCertificate second("IP:127.0.0.1");
  TlsServerUnderTest server(tls_of(first));
  TlsClient before(server.port());
  before.send(get);
  CHECK(has(before.receive_message(), "tls |"));
  server.use(tls_of(second));
  TlsClient after(server.port(), {.ca_file = second.certificate_file()});
  REQUIRE(after.connected());
  CHECK(after.certificate_fingerprint() != before.certificate_fingerprint());
  for (TlsClient* const client : {&before, &after}) {
    client->send(get_and_close);
    CHECK(has(client->receive_all(), "tls |"));
  }
}

TEST_CASE("a client whose authority is taken away is not served on its open connection, and others are", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate good("DNS:authority");
  const TestCertificate stolen("DNS:stolen authority");
  const TestCertificate shop("DNS:shop", good);
  const TestCertificate thief("DNS:shop", stolen);
  const std::string both = certificate.certificate_file() + ".both";
  for (const TestCertificate* authority : {&good, &stolen}) {
    std::ifstream from(authority->certificate_file());
    std::ofstream(both, std::ios::app) << from.rdbuf();
  }
  TlsServerUnderTest server(tls_of(certificate, both));
  TlsClient kept(server.port(), {.certificate_file = shop.certificate_file(), .key_file = shop.key_file()});
  TlsClient cut(server.port(), {.certificate_file = thief.certificate_file(), .key_file = thief.key_file()});
  TlsClient unnamed(server.port());
  for (TlsClient* const client : {&kept, &cut, &unnamed}) {
    client->send(get);
    CHECK(has(client->receive_message(), "tls "));
  }
  server.use(tls_of(certificate, good.certificate_file()));
  for (TlsClient* const client : {&kept, &cut, &unnamed}) client->send(get);
  CHECK(has(kept.receive_message(), "tls dns:shop"));
  CHECK(has(unnamed.receive_message(), "tls |"));
  CHECK(cut.receive_message().empty());
}

TEST_CASE("what streams to a client whose authority is taken away is told so", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate stolen("DNS:stolen authority");
  const TestCertificate other("DNS:another authority");
  const TestCertificate thief("DNS:shop", stolen);
  TlsServerUnderTest server(tls_of(certificate, stolen.certificate_file()), {}, stream_while_believed);
  TlsClient client(server.port(), {.certificate_file = thief.certificate_file(), .key_file = thief.key_file()});
  client.send(get);
  REQUIRE(has(client.receive_until("tick\n"), "tick"));
  server.use(tls_of(certificate, stolen.certificate_file()));
  REQUIRE(has(client.receive_until("tick\n"), "tick"));
  server.use(tls_of(certificate, other.certificate_file()));
  CHECK(has(client.receive_until("0\r\n\r\n"), "withdrawn\n"));
}

TEST_CASE("a client whose certificate has come to its end is not served on its open connection", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate authority("DNS:authority");
  TlsServerUnderTest server(tls_of(certificate, authority.certificate_file()));
  bool was_served = false;
  // On a machine that is slow enough the certificate ends before the first request.
  for (const int valid_for_s : {2, 5, 15, 40}) {
    const TestCertificate shop("DNS:shop", authority, valid_for_s);
    TlsClient client(server.port(), {.certificate_file = shop.certificate_file(), .key_file = shop.key_file()});
    client.send(get);
    was_served = has(client.receive_message(), "tls dns:shop");
    if (!was_served) continue;
    bool is_over = false;
    for (int i = 0; i < 10'000 && !is_over; ++i) {
      static_cast<void>(client.socket().hears_within(10));
      client.send(get);
      is_over = client.receive_message().empty();
    }
    CHECK(is_over);
    break;
  }
  CHECK(was_served);
}

TEST_CASE("past the limit of connections a client over TLS is told so", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  TlsServerUnderTest server(tls_of(certificate), {.connections = 1});
  TlsClient first(server.port());
  first.send(get);
  CHECK(has(first.receive_message(), "tls |"));
  TlsClient second(server.port());
  CHECK(status_in(second.receive_all()) == 503);
}

TEST_CASE("files that the TLS of a server cannot use are named", "[transport][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate other("IP:127.0.0.1");
  const std::string missing = "/nonexistent/file.pem";
  const auto fault = [](const ServerTlsFiles& files) {
    const auto loaded = ServerTls::load(files);
    return loaded ? std::string() : loaded.error().detail;
  };
  CHECK(has(fault({.certificate_file = missing, .key_file = certificate.key_file(), .client_ca_file = {}}), missing));
  CHECK(has(fault({.certificate_file = certificate.certificate_file(), .key_file = missing, .client_ca_file = {}}), missing));
  CHECK(has(fault({.certificate_file = certificate.certificate_file(), .key_file = certificate.key_file(), .client_ca_file = missing}),
            missing));
  // The key of another certificate.
  CHECK(has(fault({.certificate_file = certificate.certificate_file(), .key_file = other.key_file(), .client_ca_file = {}}),
            other.key_file()));
}
