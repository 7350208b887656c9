#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "bench/floor/coordinator.hpp"

/// The floor: what this machine could carry if a coordinator had no features. Serves until it is killed or its parent ends.
int main(int argc, char** argv) {
  CLI::App app{"The least coordinator, to compare with"};
  std::string log;
  app.add_option("--log", log, "path of its SQLite file")->required();
  CLI11_PARSE(app, argc, argv);
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  escrow::bench::Poller poller;
  escrow::bench::FloorLog floor_log(poller, log);
  escrow::bench::FloorCoordinator coordinator(poller, floor_log);
  const escrow::bench::HttpServer server(poller, 0,
                                         [&coordinator](const auto& message, const auto& peer) { coordinator.serve(message, peer); });
  std::printf("floor listening on http://127.0.0.1:%u\n", server.port());
  std::fflush(stdout);
  poller.run();
  return 0;
}
