#include "client-sdk/src/http/http_client.hpp"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "client-sdk/src/http/blocking.hpp"
#include "tests/unit/client-sdk/initiator/participant.hpp"

using namespace escrow;
using namespace escrow::http;
using namespace escrow::testing;
using namespace std::chrono_literals;

namespace {

Request get(const std::string& url, bool repeatable = false) {
  Request request;
  request.method = "GET";
  request.url = url;
  request.deadline = Clock::now() + 5s;
  request.repeatable = repeatable;
  return request;
}

/// A self-signed certificate for `localhost`, made by the openssl program.
struct Certificate {
  explicit Certificate(const std::string& name)
      : folder(std::filesystem::temp_directory_path() / ("escrow-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder);
    const std::string command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout " + key() +
                                " -out " + file() + " -subj /CN=" + name + " -addext subjectAltName=DNS:" + name + " >/dev/null 2>&1";
    made = std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
  }
  ~Certificate() { std::filesystem::remove_all(folder); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  [[nodiscard]] std::string file() const { return folder / "cert.pem"; }
  [[nodiscard]] std::string key() const { return folder / "key.pem"; }

  std::filesystem::path folder;
  bool made = false;
};

}  // namespace

TEST_CASE("connections are kept", "[sdk][http]") {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const Received&) { return reply_with(200, std::to_string(++asked)); });
  HttpClient client{HttpClientOptions()};
  for (int i = 1; i <= 5; ++i) {
    const auto answer = exchange_blocking(client, get(server.url() + "/"));
    REQUIRE(answer);
    CHECK(answer->body == std::to_string(i));
  }
}

TEST_CASE("a kept connection that the server closed is replaced without a word", "[sdk][http]") {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const Received&) {
    ++asked;
    Reply reply = reply_with(200, "x");
    // Closed without saying so first.
    reply.close = false;
    return asked == 2 ? no_reply() : reply;
  });
  HttpClient client{HttpClientOptions()};
  REQUIRE(exchange_blocking(client, get(server.url() + "/")));
  // The second request is written on the kept connection and lost: only a repeatable one is sent again.
  const bool repeatable = GENERATE(true, false);
  const auto answer = exchange_blocking(client, get(server.url() + "/", repeatable));
  CHECK(answer.has_value() == repeatable);
  CHECK(asked == (repeatable ? 3 : 2));
}

TEST_CASE("Connection close is obeyed", "[sdk][http]") {
  LoopbackServer server([&](const Received&) {
    Reply reply = reply_with(200, "x");
    reply.close = true;
    return reply;
  });
  HttpClient client{HttpClientOptions()};
  for (int i = 0; i < 3; ++i) CHECK(exchange_blocking(client, get(server.url() + "/")).has_value());
}

TEST_CASE("what is larger than the limits is broken", "[sdk][http]") {
  LoopbackServer server([&](const Received& request) {
    if (request.url == "/body") return reply_with(200, std::string(2'000, 'x'));
    return reply_with(200, "x", {{"X-Long", std::string(2'000, 'y')}});
  });
  HttpClientOptions options;
  options.body_limit = 1'000;
  options.header_limit = 1'000;
  HttpClient client(options);
  for (const std::string path : {"/body", "/header"}) {
    const auto answer = exchange_blocking(client, get(server.url() + path));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Failure::Kind::broken);
    CHECK(answer.error().written);
  }
}

TEST_CASE("answers that are cut off or no HTTP are broken", "[sdk][http]") {
  LoopbackServer server([&](const Received&) {
    Reply reply = reply_with(200, "0123456789");
    reply.delivery = Reply::Delivery::half;
    return reply;
  });
  HttpClient client{HttpClientOptions()};
  const auto answer = exchange_blocking(client, get(server.url() + "/"));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == Failure::Kind::broken);
}

TEST_CASE("https is verified against the given authority and the host's name", "[sdk][http]") {
  const Certificate good("localhost");
  const Certificate other("elsewhere");
  if (!good.made || !other.made) {
    WARN("no openssl program to make a certificate with");
    return;
  }
  const auto answer_of = [](const std::string& url, const std::string& ca_file) {
    HttpClientOptions options;
    options.ca_file = ca_file;
    HttpClient client(options);
    return exchange_blocking(client, get(url + "/"));
  };
  LoopbackServer server([](const Received&) { return reply_with(200, "secret"); }, good.file(), good.key());
  const auto answer = answer_of(server.url(), good.file());
  INFO((answer ? std::string() : answer.error().detail));
  REQUIRE(answer);
  CHECK(answer->body == "secret");

  const auto unknown_authority = answer_of(server.url(), "");
  REQUIRE_FALSE(unknown_authority);
  CHECK_FALSE(unknown_authority.error().written);

  LoopbackServer impostor([](const Received&) { return reply_with(200, "secret"); }, other.file(), other.key());
  const auto wrong_name = answer_of(impostor.url(), other.file());
  REQUIRE_FALSE(wrong_name);
  CHECK_FALSE(wrong_name.error().written);
}
