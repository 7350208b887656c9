#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <map>

#include "bench/load/load.hpp"

namespace {

using escrow::bench::Options;
using escrow::bench::Result;
using escrow::bench::Scenario;

const std::map<std::string, Scenario> scenarios{{"saga", Scenario::saga},
                                                {"saga-async", Scenario::saga_async},
                                                {"tcc", Scenario::tcc},
                                                {"tcc-together", Scenario::tcc_together},
                                                {"tcc-driven", Scenario::tcc_driven},
                                                {"message", Scenario::message},
                                                {"start", Scenario::start},
                                                {"start-tcc", Scenario::start_tcc}};

const std::map<std::string, escrow::bench::Dialect> dialects{{"escrow", escrow::bench::Dialect::native},
                                                             {"dtm", escrow::bench::Dialect::dtm}};

void print_json(const Result& result) {
  const auto& latency = result.latency;
  fmt::print(
      R"({{"per_second":{:.1f},"seconds":{},"committed":{},"aborted":{},"started":{},"refused":{},"wrong":{},"dropped":{},"begun":{},"unended":{},)",
      static_cast<double>(result.ended()) / result.seconds, result.seconds, result.committed, result.aborted, result.started,
      result.refused, result.wrong, result.dropped, result.begun, result.unended);
  const auto& served = result.served;
  fmt::print(R"("served_us":{{"p50":{},"p99":{},"max":{}}},)", served.quantile_us(0.5), served.quantile_us(0.99), served.max_us());
  fmt::print(R"("latency_us":{{"p50":{},"p90":{},"p99":{},"p999":{},"max":{},"mean":{:.0f}}},"cpu_s":{:.3f},"ended_per_100ms":[{}]}})"
             "\n",
             latency.quantile_us(0.5), latency.quantile_us(0.9), latency.quantile_us(0.99), latency.quantile_us(0.999), latency.max_us(),
             latency.mean_us(), result.cpu_s, fmt::join(result.ended_per_slot, ","));
}

}  // namespace

/// Drives one load against a coordinator on this machine and prints what it saw as one JSON object. Ends with 1 when any transaction
/// ended otherwise than it had to.
int main(int argc, char** argv) {
  CLI::App app{"Drives one load against a coordinator on this machine"};
  Options options;
  std::string coordinator;
  std::vector<std::string> participants;
  app.add_option("--scenario", options.scenario)->transform(CLI::CheckedTransformer(scenarios));
  app.add_option("--dialect", options.dialect, "whose protocol is spoken: escrow, dtm")->transform(CLI::CheckedTransformer(dialects));
  app.add_option("--coordinator", coordinator, "127.x.y.z:PORT")->required();
  app.add_option("--participant", participants, "127.x.y.z:PORT, once for each; branch i goes to participant i modulo their number")
      ->required();
  app.add_option("--branches", options.branches)->check(CLI::Range(1, 1000));
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 20000));
  app.add_option("--payload", options.payload_bytes, "bytes of a branch's payload")->check(CLI::Range(8, 900000));
  app.add_option("--aborts", options.abort_fraction, "fraction of transactions that end aborted")->check(CLI::Range(0.0, 1.0));
  app.add_option("--path", options.path, "what participants are asked: /ok, /slow/MS, /hang");
  app.add_option("--first-path", options.first_path, "the same for the first branch only");
  app.add_option("--warmup", options.warmup_s, "seconds")->check(CLI::Range(0.0, 600.0));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 3600.0));
  app.add_option("--drain", options.drain_s, "seconds for what was begun to end")->check(CLI::Range(0.0, 600.0));
  app.add_option("--timeout-ms", options.timeout_ms, "of each transaction")->check(CLI::PositiveNumber);
  app.add_option("--transactions", options.transactions, "no more than these are begun, and the run ends with the last of them");
  app.add_option("--rate", options.rate, "open loop: transactions a second")->check(CLI::Range(0.0, 1e6));
  app.add_option("--gid-prefix", options.gid_prefix)->required();
  app.add_option("--token", options.token, "bearer token");
  CLI11_PARSE(app, argc, argv);
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  options.coordinator = escrow::bench::loopback_address(coordinator);
  for (const auto& participant : participants) options.participants.push_back(escrow::bench::loopback_address(participant));
  escrow::bench::Load load(options);
  const Result result = load.run();
  print_json(result);
  return result.wrong == 0 ? 0 : 1;
}
