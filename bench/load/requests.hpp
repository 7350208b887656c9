#pragma once

#include <string>

#include "bench/load/options.hpp"

namespace escrow::bench {

/// Writes a load's HTTP requests, each a whole message. Nothing is escaped: names are the load's own.
class Requests {
 public:
  explicit Requests(const Options& options);

  /// The start request of `scenario`; waited for where the scenario waits in its start.
  std::string start(const std::string& gid, bool refused) const;
  std::string registration(const std::string& gid, int branch) const;
  /// The initiator's own call of a try.
  std::string try_call(const std::string& gid, int branch) const;
  /// `decision`: commit or abort; waited for.
  std::string decide(const std::string& gid, const char* decision) const;

 private:
  std::string post(const Address& to, const std::string& target, const std::string& headers, const std::string& body) const;
  std::string ask(const std::string& target, const std::string& body) const;
  std::string url(int branch, const char* operation, bool refused) const;
  std::string branch(int branch, bool refused) const;

  const Options& options_;
  std::string payload_;
};

/// Participant of a branch.
const Address& participant_of(const Options& options, int branch);

}  // namespace escrow::bench
