#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <CLI/CLI.hpp>

#include "tests/fault-injection/proxy/control.hpp"
#include "tests/fault-injection/proxy/station.hpp"

namespace {

using namespace escrow::proxy;
namespace asio = boost::asio;

constexpr int bad_rules = 2;
constexpr int cannot_serve = 1;

struct Options {
  std::string rules;
  std::string control = "127.0.0.1:0";
  std::string record;
  std::optional<std::uint64_t> seed;
  std::size_t connections = Limits().connections;
  std::size_t remembered = 100'000;
  bool allows_remote = false;
  bool checks_only = false;
};

int fail(int status, const std::string& why) {
  std::cerr << "escrow-fault-proxy: " << why << '\n';
  return status;
}

std::string url_of(const asio::ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return "http://" + (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

int serve(const Options& options, RulesFile file) {
  asio::io_context io(1);
  const auto at = endpoint_of(io, options.control);
  if (!at) return fail(bad_rules, "--control " + at.error().detail);
  // Whoever reaches the control port may break what is behind the links.
  if (!at->address().is_loopback()) return fail(bad_rules, "--control is for loopback only");
  Limits limits;
  limits.connections = options.connections;
  Station station(io, std::move(file), limits, options.remembered);
  for (const auto& [name, link] : station.links()) {
    if (options.allows_remote || (link->to().address().is_loopback() && link->address().address().is_loopback())) continue;
    return fail(bad_rules, "link " + name + " leaves loopback; --allow-remote if that is meant");
  }
  if (!options.record.empty() && !station.ledger().record_to(options.record)) return fail(cannot_serve, "cannot write " + options.record);
  Control control(station, *at);
  if (const auto opened = station.open(); !opened) return fail(cannot_serve, opened.error().detail);
  if (const auto opened = control.open(); !opened) return fail(cannot_serve, opened.error().detail);
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) {
    control.stop();
    station.stop();
    // Nothing that is still under way has to end in order: it is a proxy for faults.
    io.stop();
  });
  for (const auto& [name, link] : station.links()) std::cout << "link " << name << " on " << url_of(link->address()) << '\n';
  std::cout << "escrow-fault-proxy listening on " << url_of(control.address()) << std::endl;
  io.run();
  return 0;
}

}  // namespace

/// escrow-fault-proxy: breaks the lines between a coordinator and its participants as a rules file says (docs/fault-proxy.md).
int main(int count, char** arguments) {
  Options options;
  CLI::App app{
      "Stands between clients, a coordinator and participants, passes HTTP/1.1 on byte by byte, and breaks it as a rules file says.\n"
      "docs/fault-proxy.md lists the rules. Prints the address of each link and of the control port, then serves until SIGTERM.\n"
      "Exit status: 0 ended by SIGTERM or SIGINT; 1 cannot serve; 2 rules or flags that it cannot use."};
  app.add_option("rules", options.rules, "the rules file (YAML)")->required();
  app.add_option("--control", options.control, "HOST:PORT of the control port, on loopback; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--record", options.record, "append what is on the wire to this file, a JSON object a line");
  app.add_option("--seed", options.seed, "instead of the seed in the file");
  app.add_option("--connections", options.connections, "at most so many at once")->capture_default_str()->check(CLI::Range(1, 100000));
  app.add_option("--remember", options.remembered, "entries of the history kept for the control port")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000000));
  app.add_flag("--allow-remote", options.allows_remote, "links may leave loopback");
  app.add_flag("--check", options.checks_only, "read the rules and say what is wrong with them");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : bad_rules;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::ifstream stream(options.rules, std::ios::binary);
  if (!stream) return fail(bad_rules, "cannot read " + options.rules);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  auto file = read_rules_file(text, options.seed);
  if (!file) return fail(bad_rules, options.rules + ": " + file.error().detail);
  if (options.checks_only) return 0;
  if (file->links.empty()) return fail(bad_rules, options.rules + ": links: there is none");
  try {
    return serve(options, std::move(*file));
  } catch (const std::exception& fault) {
    return fail(cannot_serve, fault.what());
  }
}
