#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/child_process.hpp"
#include "tests/support/http_client.hpp"

namespace escrow::testing {

/// The real `escrow-fault-proxy`, with these rules; ended by its pid. Throws std::runtime_error, with what it wrote to its standard error,
/// when it does not become ready.
class ProxyProcess {
 public:
  ProxyProcess(const std::string& program, const std::string& directory, const std::string& rules,
               const std::vector<std::string>& more = {});

  /// Where the link listens.
  [[nodiscard]] std::uint16_t port(const std::string& link) const { return ports_.at(link); }
  [[nodiscard]] std::string url(const std::string& link, const std::string& path = "") const;

  /// Asks the control port.
  [[nodiscard]] HttpMessage control(const std::string& method, const std::string& target, const std::string& body = "") const;
  /// The same, and it must be granted; throws std::runtime_error with what was said otherwise.
  void command(const std::string& method, const std::string& target, const std::string& body = "") const;
  void add_rules(const std::string& yaml) const { command("POST", "/rules", yaml); }
  void heal() const { command("POST", "/heal"); }
  /// Everything that was on the wire, from entry `from` on.
  [[nodiscard]] std::vector<nlohmann::json> history(std::uint64_t from = 0) const;
  /// Asks until an entry has all the members of `wanted`; false after ten seconds.
  [[nodiscard]] bool wait_for(const nlohmann::json& wanted) const;

  int stop();
  ChildProcess& child() { return child_; }

 private:
  std::map<std::string, std::uint16_t> ports_;
  std::uint16_t control_ = 0;
  ChildProcess child_;
};

}  // namespace escrow::testing
