#include "tests/unit/transport/server_under_test.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawSocket;
using namespace std::chrono_literals;

namespace {

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// Takes every descriptor that the process may still have.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &few);
    for (int i = 0; i < 256; ++i) {
      const int descriptor = ::dup(0);
      if (descriptor < 0) break;
      taken_.push_back(descriptor);
    }
  }
  ~NoDescriptors() { release(); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

  void release() {
    for (const int descriptor : taken_) ::close(descriptor);
    taken_.clear();
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

}  // namespace

TEST_CASE("connections past the limit are told so, and others are served when some have gone", "[transport][server]") {
  ServerUnderTest server(echo, {.connections = 2});
  RawSocket first = server.connect();
  RawSocket second = server.connect();
  REQUIRE(first.send(get));
  CHECK(status_in(first.receive_message()) == 200);
  REQUIRE(second.send(get));
  CHECK(status_in(second.receive_message()) == 200);

  RawSocket third = server.connect();
  const std::string refusal = third.receive_all();
  CHECK(status_in(refusal) == 503);
  CHECK(has(refusal, "\r\nRetry-After: 1\r\n"));
  CHECK(has(refusal, "X-Rendered: yes"));
  CHECK(has(refusal, "\r\nConnection: close\r\n"));
  third.close();

  REQUIRE(first.send(get));
  CHECK(status_in(first.receive_message()) == 200);
  first.close();
  bool served = false;
  for (int i = 0; i < 10000 && !served; ++i) {
    RawSocket fourth = server.connect();
    if (!fourth.send(get)) continue;
    served = status_in(fourth.receive_message()) == 200;
  }
  CHECK(served);
}

// UBSan opens a pipe to look at memory before it follows a vptr, and takes it for invalid when there is no descriptor.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("without descriptors the server waits and goes on when there are some again", "[transport][server]") {
  ServerUnderTest server(echo);
  RawSocket known = server.connect();
  REQUIRE(known.send(get));
  CHECK(status_in(known.receive_message()) == 200);

  RawSocket client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    NoDescriptors none;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.endpoint().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(client.send(get));
    // Connections that are open are served meanwhile.
    for (int i = 0; i < 100000 && server.warnings().empty(); ++i) {
      REQUIRE(known.send(get));
      CHECK(status_in(known.receive_message()) == 200);
    }
    CHECK_FALSE(server.warnings().empty());
  }
  CHECK(status_in(client.receive_message()) == 200);
  CHECK(server.warnings().size() < 1000);
}
#endif

TEST_CASE("many slow connections do not keep others from being served", "[transport][server]") {
  ServerUnderTest server(echo);
  std::vector<RawSocket> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(server.connect());
    REQUIRE(slow.back().send("GET / HTTP/1.1\r\nX-Slow"));
  }
  RawSocket client = server.connect();
  REQUIRE(client.send(get));
  CHECK(status_in(client.receive_message()) == 200);
}
