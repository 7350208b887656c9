#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>

#include "bench/net/http_server.hpp"

namespace {

using escrow::bench::HttpServer;
using escrow::bench::Poller;

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";
constexpr std::string_view refused = "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"ok\":false}";
constexpr std::string_view unknown = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// Requests answered with 200: what a run's transactions must add up to.
std::uint64_t served = 0;

void serve(Poller& poller, std::string_view target, const std::shared_ptr<HttpServer::Peer>& peer) {
  constexpr std::string_view slow = "/slow/";
  if (target.starts_with("/ok")) {
    ++served;
    return peer->answer(ok);
  }
  if (target.starts_with("/refuse")) return peer->answer(refused);
  if (target.starts_with("/hang")) return;
  if (target == "/served") {
    const std::string count = std::to_string(served);
    return peer->answer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(count.size()) + "\r\n\r\n" + count);
  }
  int delay_ms = 0;
  if (!target.starts_with(slow) ||
      std::from_chars(target.data() + slow.size(), target.data() + target.size(), delay_ms).ec != std::errc{}) {
    return peer->answer(unknown);
  }
  poller.at(escrow::bench::Clock::now() + std::chrono::milliseconds(delay_ms), [peer] {
    ++served;
    peer->answer(ok);
  });
}

}  // namespace

/// A participant for loads. The target decides: `/ok...` 200, `/refuse...` 409, `/slow/MS...` 200 after MS milliseconds, `/hang...` never,
/// `/served` how many it has answered with 200, anything else 404. It keeps no barrier and no database: the work measured is the
/// coordinator's. Prints its port on one line and serves until it is killed or its parent ends.
int main(int argc, char** argv) {
  CLI::App app{"A participant for loads: /ok, /refuse, /slow/MS, /hang"};
  std::uint16_t port = 0;
  app.add_option("--port", port, "Port on 127.0.0.1; 0 takes a free one");
  bool hangs = false;
  app.add_flag("--hangs", hangs, "answers nothing");
  CLI11_PARSE(app, argc, argv);
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  Poller poller;
  const HttpServer server(poller, port, [&poller, hangs](const auto& message, const auto& peer) {
    if (!hangs) serve(poller, message.target(), peer);
  });
  std::printf("%u\n", server.port());
  std::fflush(stdout);
  poller.run();
  return 0;
}
