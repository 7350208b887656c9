#include "tests/fault-injection/process/stops.hpp"

#include <csignal>

namespace escrow::processes {
namespace {

using namespace std::chrono_literals;

bool are_through(const std::future<void>& clients, std::chrono::milliseconds patience) {
  return clients.wait_for(patience) == std::future_status::ready;
}

}  // namespace

bool wait_for_stop(KeptProcess& process, const std::future<void>& clients) {
  // Clients have an end of their own.
  while (!process.is_stopped()) {
    if (are_through(clients, 5ms)) return process.is_stopped();
  }
  return true;
}

void go_on(KeptProcess& process, const std::future<void>& clients) {
  do {
    process.signal(SIGCONT);
  } while (!are_through(clients, 20ms) || process.is_stopped());
}

}  // namespace escrow::processes
