#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <catch2/catch.hpp>

#include <escrow/error.hpp>
#include <escrow/participant_server.hpp>

#include "tests/support/child_process.hpp"
#include "tests/support/raw_socket.hpp"
#include "tests/support/tls_client.hpp"
#include "tests/support/tls_server.hpp"

namespace escrow {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using testing::RawSocket;
using testing::TemporaryDirectory;
using testing::TestCertificate;
using testing::TlsClient;
using testing::TlsClientSettings;

ServerOptions quiet() {
  ServerOptions options;
  options.log([](const std::string&) {});
  return options;
}

class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(io_) { socket_.connect({asio::ip::make_address("127.0.0.1"), port}); }

  http::response<http::string_body> read() {
    http::response<http::string_body> response;
    http::read(socket_, buffer_, response);
    return response;
  }

  void write(const std::string& text) { asio::write(socket_, asio::buffer(text)); }

  /// Everything until the server closes.
  std::string read_to_end() {
    boost::system::error_code ended;
    std::string text;
    asio::read(socket_, asio::dynamic_buffer(text), ended);
    return text;
  }

  http::response<http::string_body> call(const std::string& path, const std::string& operation, const std::string& body = {}) {
    http::request<http::string_body> request(http::verb::post, path, 11);
    request.set(http::field::host, "localhost");
    request.set("Escrow-Gid", "g");
    request.set("Escrow-Branch", "b");
    request.set("Escrow-Operation", operation);
    request.set("Escrow-Phase", "forward");
    request.body() = body;
    request.prepare_payload();
    http::write(socket_, request);
    return read();
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

Handler says(const Outcome& outcome) {
  return [outcome](const Branch&, const std::string&) { return outcome; };
}

}  // namespace

TEST_CASE("a participant answers call after call on one connection", "[sdk][server]") {
  ParticipantServer server(quiet());
  server.on_action("/a", [](const Branch&, const std::string& payload) { return Outcome::succeeded(payload); })
      .on_compensate("/a", says(Outcome::refused("no")))
      .on_try("/b", says(Outcome::in_progress(std::chrono::seconds(3))))
      .on_confirm("/b", says(Outcome::busy("later")))
      .on_cancel("/b", says(Outcome::unavailable("down")));
  REQUIRE(server.start().has_value());
  CHECK(server.url() == "http://127.0.0.1:" + std::to_string(server.port()));

  Connection connection(server.port());
  for (int i = 0; i < 3; ++i) {
    const auto done = connection.call("/a", "action", "{\"n\":1}");
    CHECK(done.result_int() == 200);
    CHECK(done.body() == "{\"n\":1}");
    CHECK(done["Escrow-Gid"] == "g");
    CHECK(done["Escrow-Branch"] == "b");
    CHECK(done["Escrow-Operation"] == "action");
  }
  CHECK(connection.call("/a", "compensate").result_int() == 409);
  const auto later = connection.call("/b", "try");
  CHECK(later.result_int() == 202);
  CHECK(later["Retry-After"] == "3");
  CHECK(connection.call("/b", "confirm").result_int() == 425);
  CHECK(connection.call("/b", "cancel").result_int() == 503);
  CHECK(connection.call("/b", "action").result_int() == 400);
  CHECK(connection.call("/nowhere", "action").result_int() == 404);
}

TEST_CASE("handlers run at once, and requests beyond threads and queue are told to come back", "[sdk][server]") {
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::promise<void> first_is_in;
  ParticipantServer server(quiet().threads(1).waiting_requests(0));
  server.on_action("/slow", [&](const Branch&, const std::string&) {
    first_is_in.set_value();
    released.wait();
    return Outcome::succeeded("1");
  });
  REQUIRE(server.start().has_value());
  auto first = std::async(std::launch::async, [&] { return Connection(server.port()).call("/slow", "action").result_int(); });
  first_is_in.get_future().wait();
  const auto second = Connection(server.port()).call("/slow", "action");
  CHECK(second.result_int() == 503);
  CHECK(second["Retry-After"] == "1");
  release.set_value();
  CHECK(first.get() == 200);
}

TEST_CASE("stopping answers the handler that runs and ends idle connections", "[sdk][server]") {
  std::promise<void> is_in;
  std::promise<void> release;
  ParticipantServer server(quiet());
  server.on_action("/slow", [&](const Branch&, const std::string&) {
    is_in.set_value();
    release.get_future().wait();
    return Outcome::succeeded("1");
  });
  REQUIRE(server.start().has_value());
  Connection idle(server.port());
  auto running = std::async(std::launch::async, [&] {
    Connection connection(server.port());
    const auto answer = connection.call("/slow", "action");
    return std::make_pair(answer.result_int(), answer.keep_alive());
  });
  is_in.get_future().wait();
  auto stopping = std::async(std::launch::async, [&] { server.stop(); });
  CHECK(idle.read_to_end().empty());
  release.set_value();
  stopping.get();
  const auto [status, keep_alive] = running.get();
  CHECK(status == 200);
  CHECK_FALSE(keep_alive);
  server.stop();
}

TEST_CASE("run serves until another thread stops it", "[sdk][server]") {
  ParticipantServer server(quiet());
  std::promise<void> served;
  server.on_get("/health", [&](const HttpRequest&) {
    served.set_value();
    return json_answer(200, "{}");
  });
  auto running = std::async(std::launch::async, [&] { return server.run().has_value(); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (server.port() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(server.port() != 0);
  Connection connection(server.port());
  connection.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(connection.read().result_int() == 200);
  served.get_future().wait();
  server.stop();
  CHECK(running.get());
}

TEST_CASE("hostile and broken requests are answered clearly or dropped, and the server goes on", "[sdk][server]") {
  ParticipantServer server(quiet().limits(1000, 2000));
  server.on_action("/a", says(Outcome::succeeded()));
  REQUIRE(server.start().has_value());
  const std::vector<std::pair<std::string, std::string>> cases{
      {"nonsense\r\n\r\n", "HTTP/1.1 400"},
      {"POST /a HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400"},
      {"POST /a HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", "HTTP/1.1 413"},
      {"POST /a HTTP/1.1\r\nX: " + std::string(4000, 'x') + "\r\n\r\n", "HTTP/1.1 431"},
      {"GET http://elsewhere/a HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
      {"PATCH /a HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 405"}};
  for (const auto& [text, status] : cases) {
    CAPTURE(text.substr(0, 60));
    Connection connection(server.port());
    connection.write(text);
    CHECK_THAT(connection.read_to_end(), Catch::Matchers::StartsWith(status));
  }
  CHECK(Connection(server.port()).call("/a", "action").result_int() == 200);
}

TEST_CASE("a peer that sends a body far too large still reads the answer", "[sdk][server]") {
  ParticipantServer server(quiet().limits(1000, 2000));
  server.on_action("/a", says(Outcome::succeeded()));
  REQUIRE(server.start().has_value());
  Connection connection(server.port());
  connection.write("POST /a HTTP/1.1\r\nContent-Length: 500000\r\n\r\n" + std::string(500000, 'x'));
  CHECK(connection.read().result_int() == 413);
}

TEST_CASE("a connection beyond the limit is told 503", "[sdk][server]") {
  ParticipantServer server(quiet().connections(1));
  server.on_action("/a", says(Outcome::succeeded()));
  REQUIRE(server.start().has_value());
  Connection first(server.port());
  CHECK(first.call("/a", "action").result_int() == 200);
  Connection second(server.port());
  CHECK_THAT(second.read_to_end(), Catch::Matchers::StartsWith("HTTP/1.1 503"));
}

TEST_CASE("a request that never ends is cut off, and an idle connection is closed", "[sdk][server]") {
  ParticipantServer server(quiet().timeouts(std::chrono::milliseconds(50), std::chrono::milliseconds(50)));
  server.on_action("/a", says(Outcome::succeeded()));
  REQUIRE(server.start().has_value());
  Connection idle(server.port());
  Connection half_header(server.port());
  half_header.write("POST /a HTTP/1.1\r\nX:");
  Connection half_body(server.port());
  half_body.write("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(idle.read_to_end().empty());
  CHECK(half_header.read_to_end().empty());
  CHECK(half_body.read_to_end().empty());
}

TEST_CASE("a body that is announced with Expect is asked for", "[sdk][server]") {
  ParticipantServer server(quiet());
  server.on_post("/echo", [](const HttpRequest& request) { return json_answer(200, request.body()); });
  REQUIRE(server.start().has_value());
  Connection connection(server.port());
  connection.write("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(connection.read().result_int() == 100);
  connection.write("[1]");
  CHECK(connection.read().body() == "[1]");
}

TEST_CASE("a participant speaks https, and lets in only whom its authority knows", "[sdk][server][tls]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate later("IP:127.0.0.1");
  const TestCertificate authority("DNS:authority");
  const TestCertificate coordinator("DNS:escrowd", authority);
  const TestCertificate stranger("DNS:escrowd");
  const TemporaryDirectory folder;
  const auto put = [&](const std::string& from, const std::string& name) {
    std::filesystem::copy_file(from, folder.path() + "/new", std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(folder.path() + "/new", folder.path() + "/" + name);
    return folder.path() + "/" + name;
  };
  const std::string certificate_file = put(certificate.certificate_file(), "own.pem");
  const std::string key_file = put(certificate.key_file(), "own.key");
  const ServerTls files = ServerTls(certificate_file, key_file).client_ca_file(authority.certificate_file());
  ParticipantServer server(ServerOptions().tls(files).log([](const std::string&) {}));
  server.on_get("/stock", [](const HttpRequest&) {
    HttpAnswer answer;
    answer.content_type = "application/json";
    answer.body = "{}";
    return answer;
  });
  REQUIRE(server.start());
  CHECK(server.url() == "https://127.0.0.1:" + std::to_string(server.port()));
  const auto ask_as = [&](const TestCertificate* shown, const std::string& trusted) {
    TlsClientSettings settings{.ca_file = trusted};
    if (shown != nullptr) settings.certificate_file = shown->certificate_file(), settings.key_file = shown->key_file();
    TlsClient client(server.port(), settings);
    client.send("GET /stock HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string first = client.receive_message();
    client.send("GET /stock HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    return first.substr(0, 15) + (client.receive_message().empty() ? "" : " and again");
  };
  CHECK(ask_as(&coordinator, certificate.certificate_file()) == "HTTP/1.1 200 OK and again");
  CHECK(ask_as(nullptr, certificate.certificate_file()).empty());
  CHECK(ask_as(&stranger, certificate.certificate_file()).empty());
  RawSocket plain = RawSocket::connect(server.port());
  plain.send("GET /stock HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(plain.receive_all().find("200") == std::string::npos);
  // Half of a new pair changes nothing, both halves do.
  put(later.certificate_file(), "own.pem");
  CHECK(ask_as(&coordinator, certificate.certificate_file()) == "HTTP/1.1 200 OK and again");
  put(later.key_file(), "own.key");
  CHECK(ask_as(&coordinator, later.certificate_file()) == "HTTP/1.1 200 OK and again");
  server.stop();

  ParticipantServer broken(ServerOptions().tls(ServerTls("/no/such.pem", key_file)));
  const auto refused = broken.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_argument);
  CHECK(refused.error().detail.find("/no/such.pem") != std::string::npos);
}

TEST_CASE("a port in use is an error and not an exception", "[sdk][server]") {
  ParticipantServer first(quiet());
  REQUIRE(first.start().has_value());
  ParticipantServer second(quiet().listen("127.0.0.1", first.port()));
  const auto started = second.start();
  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().code == Errc::listen);
  CHECK(second.url().empty());
}

}  // namespace escrow
