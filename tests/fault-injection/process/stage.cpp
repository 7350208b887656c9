#include "tests/fault-injection/process/stage.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "tests/support/escrowd_process.hpp"

namespace escrow::processes {
namespace {

constexpr int services = 2;
/// Calls go to loopback without TLS: reading the system's authorities would be most of what a start costs.
constexpr const char* no_authorities = "SSL_CERT_FILE=/dev/null";

}  // namespace

Stage::Stage() : Stage(Wanted{}) {}

Stage::Stage(Wanted wanted) : wanted_(std::move(wanted)), exceptions_(std::uncaught_exceptions()), workplace_(wanted_.where) {
  make_proxy();
  for (int i = 0; i < services; ++i) {
    const std::string name = "service" + std::to_string(i);
    service_paths_.push_back(workplace_.path(name + ".db"));
    KeptProcess::Program program;
    program.command = [path = service_paths_.back()](std::uint16_t port) {
      return std::vector<std::string>{ESCROW_FAULT_SERVICE, path, std::to_string(port)};
    };
    program.error_file = workplace_.path(name + ".log");
    program.rules_file = workplace_.path(name + ".rules");
    if (proxy_) {
      program.shown_as = [this, name, i](std::uint16_t port) {
        lead(name, port);
        for (int lane = 0; lane < wanted_.lanes; ++lane) lead("lane" + std::to_string(lane) + "." + std::to_string(i), port);
        // Initiators make their own calls directly.
        return port;
      };
    }
    services_.push_back(std::make_unique<KeptProcess>(std::move(program)));
  }
  make_log();
  KeptProcess::Program program;
  program.command = [this](std::uint16_t) {
    std::vector<std::string> command = wanted_.wrapper;
    for (const std::string& word :
         {std::string(ESCROWD), std::string("--listen"), std::string("127.0.0.1:0"), std::string("--store"), "sqlite:" + log_path()}) {
      command.push_back(word);
    }
    command.insert(command.end(), wanted_.flags.begin(), wanted_.flags.end());
    return command;
  };
  program.error_file = workplace_.path("escrowd.log");
  program.rules_file = workplace_.path("escrowd.rules");
  program.environment = wanted_.environment;
  const bool has_level =
      std::ranges::any_of(program.environment, [](const std::string& variable) { return variable.starts_with("ESCROW_LOG_LEVEL="); });
  if (!has_level) program.environment.emplace_back("ESCROW_LOG_LEVEL=warning");
  program.environment.emplace_back(no_authorities);
  if (wanted_.is_traced) program.environment.push_back("FAULT_POINTS_TRACE=" + trace_path());
  if (proxy_) program.shown_as = [this](std::uint16_t port) { return lead("api", port); };
  coordinator_ = std::make_unique<KeptProcess>(std::move(program));
}

Stage::~Stage() {
  if (std::uncaught_exceptions() > exceptions_) workplace_.keep();
}

std::size_t Stage::strikes() const {
  std::size_t count = 0;
  std::ifstream file(trace_path());
  for (std::string line; std::getline(file, line);) count += line.starts_with('!') ? 1U : 0U;
  return count;
}

std::string Stage::last_strike() const {
  std::string last;
  std::ifstream file(trace_path());
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("! ")) last = line.substr(2);
  }
  return last;
}

bool Stage::wait_for_strikes(std::size_t count) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (strikes() < count) {
    if (std::chrono::steady_clock::now() > until) return false;
    coordinator_->wait_for_end(coordinator_->life().number, std::chrono::milliseconds(10));
  }
  return true;
}

void Stage::make_proxy() {
  if (!wanted_.proxy) return;
  std::string links = "links: [{name: api, to: \"127.0.0.1:1\"}";
  const auto add = [&links](const std::string& name) { links += ", {name: \"" + name + "\", to: \"127.0.0.1:1\"}"; };
  for (int i = 0; i < services; ++i) {
    add("service" + std::to_string(i));
    for (int lane = 0; lane < wanted_.lanes; ++lane) add("lane" + std::to_string(lane) + "." + std::to_string(i));
  }
  proxy_ = std::make_unique<testing::ProxyProcess>(FAULT_PROXY, workplace_.path("."), links + "]\n" + *wanted_.proxy,
                                                   std::vector<std::string>{"--record", wire_path(), "--remember", "20000"});
}

std::uint16_t Stage::lead(const std::string& link, std::uint16_t port) {
  proxy_->command("PUT", "/links/" + link, "{\"to\": \"127.0.0.1:" + std::to_string(port) + "\"}");
  return proxy_->port(link);
}

/// A log with an audit table, as no coordinator has it open.
void Stage::make_log() {
  testing::ChildProcess first({ESCROWD, "--listen", "127.0.0.1:0", "--store", "sqlite:" + log_path(), "--log-level", "warning"},
                              workplace_.path("escrowd.log"), {no_authorities});
  if (!first.read_line(std::chrono::seconds(60))) throw std::runtime_error("the first escrowd did not become ready");
  first.kill();
  install_audit(log_path());
}

Urls Stage::urls() {
  Urls urls;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    // A link whose service is not there yet would only refuse, but tests want to begin with everybody there.
    const std::uint16_t port = services_[i]->life().port;
    urls.services.push_back(proxy_ ? proxy_->port("service" + std::to_string(i)) : port);
  }
  return urls;
}

std::vector<Plan> Stage::take(Family family) {
  const Urls all = urls();
  return take([&](int first) { return plans_of(family, first, all, wanted_.timing); });
}

std::vector<Plan> Stage::take(const std::function<std::vector<Plan>(int first)>& make) {
  auto taken = make(taken_);
  taken_ += static_cast<int>(taken.size());
  plans_.insert(plans_.end(), taken.begin(), taken.end());
  return taken;
}

void Stage::withdraw(int transaction) {
  std::erase_if(plans_, [transaction](const Plan& plan) { return plan.transaction == transaction; });
  withdrawn_.insert(transaction);
}

Initiator Stage::initiator() {
  std::vector<KeptProcess*> all;
  for (auto& one : services_) all.push_back(one.get());
  return Initiator({*coordinator_, std::move(all), witness_, proxy_ != nullptr && !wanted_.is_api_clean});
}

void Stage::play(Family family) {
  const auto plans = take(family);
  run_all(initiator(), plans);
}

std::string Stage::verdict(bool by_sigkill) {
  // A SIGTERM in the first moments of a start would find no handler yet.
  (void)coordinator_->life();
  if (by_sigkill) {
    coordinator_->end();
  } else {
    last_status_ = coordinator_->stop();
  }
  for (auto& one : services_) one->end();
  observed_ = observe(witness_, log_path(), service_paths_, plans_, wanted_.shares_clock);
  auto violations = judge(observed_, plans_);
  for (const auto& value : observed_.history.log) {
    const int transaction = sim::ordinal_of(value->gid().text());
    if (withdrawn_.contains(transaction)) violations.push_back({"outcome", transaction, "it was refused, and is in the log"});
  }
  if (!violations.empty()) workplace_.keep();
  return text_of(violations);
}

}  // namespace escrow::processes
