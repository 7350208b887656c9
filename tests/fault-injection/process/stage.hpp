#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/fault-injection/process/initiator.hpp"
#include "tests/fault-injection/process/kept_process.hpp"
#include "tests/fault-injection/process/observed.hpp"
#include "tests/fault-injection/process/plan.hpp"
#include "tests/fault-injection/process/witness.hpp"
#include "tests/fault-injection/process/workplace.hpp"
#include "tests/fault-injection/proxy/proxy_process.hpp"

namespace escrow::processes {

/// Everything that a test with real processes needs: a coordinator on its file, two services on theirs, a witness. One after the other,
/// transactions of any family are played on it; at the end everything is judged at once.
class Stage {
 public:
  struct Wanted {
    Workplace::Where where = Workplace::Where::memory;
    /// Further flags and environment of the coordinator.
    std::vector<std::string> flags = {};
    std::vector<std::string> environment = {};
    /// What runs the coordinator, before its own command: `faketime`, a shell that sets limits.
    std::vector<std::string> wrapper = {};
    Timing timing = {};
    /// The coordinator's clock is that of everybody else.
    bool shares_clock = true;
    /// Each failpoint that the coordinator comes to is written down (`trace_path`).
    bool is_traced = false;
    /// Rules of a proxy that stands before the coordinator (link `api`) and, for calls of the coordinator, before the services (`service0`,
    /// `service1`); without one everybody is called directly.
    std::optional<std::string> proxy = {};
    /// The proxy's rules say nothing in the coordinator's place and garble nothing of what it says, so an answer that is none is a finding.
    bool is_api_clean = false;
    /// Further links of the proxy, `lane0.0`, `lane0.1`, ...: addresses of their own for the same services, as many each, so that what one
    /// transaction meets holds back no other one's calls.
    int lanes = 0;
  };
  Stage();
  explicit Stage(Wanted wanted);
  /// Keeps the files where an exception ends the test: a hang leaves something to look at.
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Plays a family's transactions to their ends.
  void play(Family family);
  /// Numbers and remembers them; whoever takes them plays them.
  [[nodiscard]] std::vector<Plan> take(Family family);
  [[nodiscard]] std::vector<Plan> take(const std::function<std::vector<Plan>(int first)>& make);
  /// Its start was refused: from now on it is no plan, and the log must not know it.
  void withdraw(int transaction);
  [[nodiscard]] Initiator initiator();
  [[nodiscard]] Urls urls();

  [[nodiscard]] KeptProcess& coordinator() { return *coordinator_; }
  [[nodiscard]] KeptProcess& service(int number) { return *services_.at(static_cast<std::size_t>(number)); }
  /// Only where one was wanted.
  [[nodiscard]] testing::ProxyProcess& proxy() { return *proxy_; }
  /// What the proxy has written down.
  [[nodiscard]] std::string wire_path() const { return workplace_.path("wire.jsonl"); }
  [[nodiscard]] Witness& witness() { return witness_; }
  [[nodiscard]] Workplace& workplace() { return workplace_; }
  [[nodiscard]] std::string log_path() const { return workplace_.path("escrow.db"); }
  [[nodiscard]] std::string trace_path() const { return workplace_.path("trace"); }
  /// How often rules of the coordinator have struck so far, by its trace.
  [[nodiscard]] std::size_t strikes() const;
  /// The last one, as the trace has it: point and context; empty: none.
  [[nodiscard]] std::string last_strike() const;
  /// Waits until they have struck so often; false after a minute.
  [[nodiscard]] bool wait_for_strikes(std::size_t count);
  [[nodiscard]] const std::vector<Plan>& plans() const { return plans_; }

  /// Ends everything, the coordinator by SIGTERM or, if it may be on its way out already, by SIGKILL, and lets the oracles judge what the
  /// files say. Keeps the files when they find something.
  [[nodiscard]] std::string verdict(bool by_sigkill = false);
  [[nodiscard]] const Observed& observed() const { return observed_; }
  /// What the coordinator ended with at the SIGTERM of `verdict`.
  [[nodiscard]] int last_status() const { return last_status_; }

 private:
  void make_log();
  /// Before everything that it stands before.
  void make_proxy();
  /// Leads a link to a new life; answers where others meet it.
  std::uint16_t lead(const std::string& link, std::uint16_t port);

  Wanted wanted_;
  const int exceptions_;
  Workplace workplace_;
  Witness witness_;
  std::vector<Plan> plans_;
  /// What was taken so far, withdrawn or not.
  int taken_ = 0;
  std::set<int> withdrawn_;
  std::vector<std::string> service_paths_;
  std::unique_ptr<testing::ProxyProcess> proxy_;
  std::vector<std::unique_ptr<KeptProcess>> services_;
  std::unique_ptr<KeptProcess> coordinator_;
  Observed observed_;
  int last_status_ = -1;
};

}  // namespace escrow::processes
