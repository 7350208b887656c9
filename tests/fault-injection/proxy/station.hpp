#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "coordinator/async/task.hpp"
#include "protocol/result.hpp"
#include "tests/fault-injection/proxy/bell.hpp"
#include "tests/fault-injection/proxy/ledger.hpp"
#include "tests/fault-injection/proxy/link.hpp"
#include "tests/fault-injection/proxy/rule_file.hpp"
#include "tests/fault-injection/proxy/rulebook.hpp"

/// Everything that the connections of a proxy share. One thread.
namespace escrow::proxy {

struct Limits {
  /// Over all links, copies included; further ones wait to be accepted.
  std::size_t connections = 4096;
  std::size_t head_bytes = 65536;
  /// Longer requests pass untouched.
  std::size_t request_bytes = std::size_t{4} << 20U;
  /// How long a stalled, lost or clogged message keeps its connection.
  Duration patience{600'000};
};

class Station {
 public:
  Station(boost::asio::io_context& io, RulesFile file, Limits limits, std::size_t remembered);
  ~Station();
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  /// Opens every link. The error names the link.
  [[nodiscard]] Result<void> open();
  /// Closes everything, so that the io_context runs out of work.
  void stop();
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }

  // Rules.
  void add(RuleSet set);
  void replace(RuleSet set);
  bool remove(const std::string& name);
  /// No rule, no swarm, no clog: whatever is held goes on.
  void heal();
  void signal(const std::string& name);

  // What connections use.
  boost::asio::io_context& io() { return io_; }
  Rulebook& rules() { return rules_; }
  Ledger& ledger() { return ledger_; }
  Bell& bell() { return bell_; }
  [[nodiscard]] const Limits& limits() const { return limits_; }
  std::uint64_t next_exchange() { return ++exchanges_; }
  /// Writes down and wakes who waits.
  void record(std::string what, std::shared_ptr<const Call> call, std::string note = {}, int status = 0, std::size_t bytes = 0);

  [[nodiscard]] const std::map<std::string, std::unique_ptr<Link>>& links() const { return links_; }
  Link* link_named(const std::string& name);
  /// Takes a place for a connection; false: there is none.
  bool take_place();
  void give_place_back();
  [[nodiscard]] std::size_t places_taken() const { return places_; }

 private:
  void rules_changed();
  void run_swizzle();
  void step_swizzle(std::size_t step);

  boost::asio::io_context& io_;
  Limits limits_;
  Rulebook rules_;
  Ledger ledger_;
  Bell bell_;
  RuleSet first_;
  std::optional<Swizzle> swizzle_;
  boost::asio::steady_timer swizzle_timer_;
  std::map<std::string, std::unique_ptr<Link>> links_;
  std::uint64_t exchanges_ = 0;
  std::size_t places_ = 0;
  bool is_stopping_ = false;
};

/// `HOST:PORT`, looked up now. The error names it.
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> endpoint_of(boost::asio::io_context& io, const std::string& text);

}  // namespace escrow::proxy
