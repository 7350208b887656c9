#pragma once

#include <memory>
#include <string>

#include "bench/load/options.hpp"

namespace escrow::bench {

/// How one transaction ended, as its initiator saw it.
enum class Ending {
  committed,
  aborted,
  started,  ///< what was asked for was only its start
  refused,  ///< 429 or 503: the coordinator takes no more work
  wrong,    ///< anything else, a broken connection too
};

/// Writes a load's HTTP requests, each a whole message, in the words of one coordinator's protocol. Nothing is escaped: names are the
/// load's own.
class Requests {
 public:
  explicit Requests(const Options& options);
  virtual ~Requests() = default;
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  /// The start request of `scenario`; waited for where the scenario waits in its start.
  virtual std::string start(const std::string& gid, bool refused) const = 0;
  virtual std::string registration(const std::string& gid, int branch) const = 0;
  /// `commits`: or aborts; waited for.
  virtual std::string decide(const std::string& gid, bool commits) const = 0;
  /// How a waited transaction ended, by its last answer.
  virtual Ending ending(const Message& answer) const = 0;

  /// The initiator's own call of a try. Participants are the same for every coordinator.
  std::string try_call(const std::string& gid, int branch) const;

 protected:
  const Options& options() const { return options_; }
  const std::string& payload() const { return payload_; }
  std::string ask(const std::string& target, const std::string& body) const;
  std::string url(int branch, const char* operation, bool refused) const;

 private:
  std::string post(const Address& to, const std::string& target, const std::string& headers, const std::string& body) const;

  const Options& options_;
  std::string payload_;
};

/// In the words of `options.dialect`. Throws std::invalid_argument for a scenario that the dialect does not have.
std::unique_ptr<Requests> requests_for(const Options& options);

/// Participant of a branch.
const Address& participant_of(const Options& options, int branch);

}  // namespace escrow::bench
