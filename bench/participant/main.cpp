#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "bench/participant/server.hpp"

/// A participant for loads: prints its port on one line and serves until it is killed or its parent ends.
int main(int argc, char** argv) {
  CLI::App app{"A participant for loads: /ok, /refuse, /slow/MS, /hang"};
  std::uint16_t port = 0;
  app.add_option("--port", port, "Port on 127.0.0.1; 0 takes a free one");
  CLI11_PARSE(app, argc, argv);
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  escrow::bench::Poller poller;
  const escrow::bench::ParticipantServer server(poller, port);
  std::printf("%u\n", server.port());
  std::fflush(stdout);
  poller.run();
  return 0;
}
