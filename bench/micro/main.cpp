#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>

#include "bench/micro/cases.hpp"

namespace escrow::bench::micro {

std::span<const Case> cases() {
  static constexpr std::array all{
      Case{"decide_saga", decide_saga},   Case{"node_saga", node_saga},
      Case{"encode_saga", encode_saga},   Case{"decode_saga", decode_saga},
      Case{"store_batch", store_batch},   Case{"barrier_action", barrier_action},
      Case{"read_start", read_start},     Case{"show_transaction", show_transaction},
      Case{"http_request", http_request}, Case{"http_call", http_call},
  };
  return all;
}

}  // namespace escrow::bench::micro

int main(int argc, char** argv) {
  using namespace escrow::bench::micro;
  CLI::App app{"Performs one piece of the hot path, so that its instructions can be counted (bench/guard.py)."};
  std::string name;
  std::size_t times = 1;
  bool lists = false;
  app.add_flag("--list", lists, "print the names");
  app.add_option("case", name, "which piece");
  app.add_option("times", times, "how often");
  CLI11_PARSE(app, argc, argv);
  for (const Case& known : cases()) {
    if (lists) fmt::print("{}\n", known.name);
    if (lists || known.name != name) continue;
    known.run(times);
    return 0;
  }
  if (lists) return 0;
  fmt::print(stderr, "escrow-bench-micro: there is no case {}\n", name);
  return 2;
}
